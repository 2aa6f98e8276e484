"""Authenticates the sender of a request, by its signature, or by what is known of it already.

Promise: with issued keys every request is signed with one of them, or with the keys of a role's session; a session's
signature is verified in any case. Where keys are issued, a session is void once its first caller's key is revoked.
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.api.operation import StackCaller
from moyai.api.role_sessions import INVALID_TOKEN, RoleSession, is_in_session, role_session_of
from moyai.api.sigv4 import Credential, KeyStore, Verifier
from moyai.api.wire.http import HttpRequest
from moyai.kernel.clock import Instant
from moyai.kernel.errors import ApiError, MissingToken, UnrecognizedClient
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope, is_account
from moyai.ports.store import Store


class Sender(NamedTuple):
    """The authenticated sender of a request."""

    credential: Credential | None
    session: RoleSession | None
    verified: bool
    """Whether a signature or a login proves the sender."""
    stack: StackCaller | None = None

    @property
    def scope(self) -> Scope:
        """The account and region that the request is for."""
        if self.credential is None:
            return DEFAULT_SCOPE
        access_key = self.credential.access_key
        account = AccountId(access_key) if is_account(access_key) else DEFAULT_SCOPE.account
        return Scope(account if self.session is None else self.session.account, Region(self.credential.region))


class SenderAuthenticator:
    """Authenticates the senders of one gateway. ``keys``: the issued ones; None accepts any credentials.
    ``sessions_only``: whether only the keys of tasks' sessions are accepted.
    """

    def __init__(self, store: Store, keys: KeyStore | None, *, sessions_only: bool) -> None:
        self._store, self._keys, self._sessions_only = store, keys, sessions_only
        self._verifier = None if keys is None else Verifier(keys)

    def verifies(self, request: HttpRequest) -> bool:
        """Whether ``sender`` verifies the request's signature."""
        return self._verifier is not None or self._sessions_only or is_in_session(request)

    def sender(
        self,
        request: HttpRequest,
        authorization: Credential | ApiError | None,
        now: Instant,
        payload_digest: str | None = None,
    ) -> Sender:
        """The sender of a request. Raises the fault of its signature.

        ``payload_digest``: the signed hash of a body that is not read yet.
        """
        if isinstance(authorization, ApiError):
            raise authorization
        session = role_session_of(self._store.world, request, now)
        if session is not None:
            if self._is_void(session):
                raise UnrecognizedClient(INVALID_TOKEN)
            Verifier(session).verify(request, authorization, now, payload_digest)
        elif self._sessions_only:
            raise MissingToken("Missing Authentication Token")
        elif self._verifier is not None:
            self._verifier.verify(request, authorization, now, payload_digest)
        return Sender(authorization, session, verified=session is not None or self._verifier is not None)

    def _is_void(self, session: RoleSession) -> bool:
        """Whether the keys of this session, which is genuine and has not expired, are not accepted."""
        if session.task is not None:
            return False
        return self._sessions_only or (self._keys is not None and self._keys.secret(session.claims.issuer) is None)


def known_sender(caller: str | StackCaller, authorization: Credential | ApiError | None) -> Sender:
    """A known sender, a stack or the owner of an access key, for the region and service of the signature. Raises
    MissingToken without one.
    """
    if authorization is None:
        raise MissingToken("Missing Authentication Token")
    if isinstance(authorization, ApiError):
        raise authorization
    if isinstance(caller, StackCaller):
        return Sender(authorization._replace(access_key=caller.account), None, verified=True, stack=caller)
    return Sender(authorization._replace(access_key=caller), None, verified=True)
