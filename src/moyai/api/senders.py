"""Authenticates the sender of a request: by its signature, or as a caller that is authenticated already.

Promise: with issued keys every request is signed with one of them, or with the keys of a role's session; a session's
signature is verified in any case, on loopback too. Where keys are issued, a session is void once its first caller's key
is revoked. The keys of a role's session are valid until they expire or their task has stopped. There are no IAM
policies here: a task may read, write logs and metrics, and assume roles of its account, whose keys allow no more
(docs/decisions/task-roles-read.md). With the keys of an assumed role, any other caller may do the same as without them.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qs

from moyai.api.operation import StackCaller
from moyai.api.sigv4 import Credential, KeyStore, Verifier
from moyai.api.wire.http import HttpRequest
from moyai.domain.keys import scope_of
from moyai.domain.sts.session import TOKEN_PREFIX, Claims, SessionKeys, assumed_role_arn, claims_in, issue, role_id
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.errors import AccessDenied, ApiError, ExpiredToken, MissingToken, UnrecognizedClient
from moyai.kernel.ids import AccountId, Region, TaskArn
from moyai.kernel.scope import DEFAULT_SCOPE, Scope, is_account
from moyai.ports.store import Store

INVALID_TOKEN: Final = "The security token included in the request is invalid."  # noqa: S105 (a message)
_TASK_READS: Final = ("BatchGet", "Describe", "Discover", "Filter", "Get", "List")
_TASK_WRITES: Final = frozenset({"AssumeRole", "CreateLogStream", "PutLogEvents", "PutMetricData"})


class RoleSession(NamedTuple):
    """The session of a role. As a ``KeyStore`` it knows one key, its own."""

    arn: str
    account: AccountId
    user_id: str
    keys: SessionKeys
    claims: Claims
    task: TaskArn | None
    """The task whose credentials these are; None for a session that STS issued."""

    def secret(self, access_key: str) -> str | None:
        """The session's secret key; None for another access key."""
        return self.keys.secret.reveal() if access_key == self.keys.access_key else None

    def check(self, service: str, operation: str) -> None:
        """Raises AccessDenied for a task's session, unless the operation reads, writes logs or metrics, or assumes a
        role.
        """
        if self.task is not None and not operation.startswith(_TASK_READS) and operation not in _TASK_WRITES:
            raise AccessDenied(
                f"User: {self.arn} is not authorized to perform: {service}:{operation} on resource: * because no "
                f"identity-based policy allows the {service}:{operation} action. Here a task's role may "
                "read, write logs and metrics, and assume roles of its account."
            )


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
    """The sender for a caller who is authenticated already, a stack or the owner of an access key. Of the signature
    only region and service count; raises MissingToken without one.
    """
    if authorization is None:
        raise MissingToken("Missing Authentication Token")
    if isinstance(authorization, ApiError):
        raise authorization
    if isinstance(caller, StackCaller):
        return Sender(authorization._replace(access_key=caller.account), None, verified=True, stack=caller)
    return Sender(authorization._replace(access_key=caller), None, verified=True)


def is_in_session(request: HttpRequest) -> bool:
    """Whether the request has a token that claims to come from this installation."""
    return _token(request).startswith(TOKEN_PREFIX)


def role_session_of(world: World, request: HttpRequest, now: Instant) -> RoleSession | None:
    """The session of the request's token; None without a token of ours. Raises ExpiredToken, UnrecognizedClient."""
    if not is_in_session(request):
        return None
    root = world.session_root
    claims = None if root is None else claims_in(root, _token(request))
    if root is None or claims is None:
        raise UnrecognizedClient(INVALID_TOKEN)
    if now >= claims.expires:
        raise ExpiredToken("The security token included in the request is expired")
    task = world.tasks.get(claims.task) if claims.task else None
    if claims.task and (task is None or task.stopped):
        raise UnrecognizedClient(INVALID_TOKEN)
    keys = issue(root, claims)
    account = AccountId(claims.account) if claims.account or task is None else scope_of(task.arn).account
    task_arn = None if task is None else task.arn
    if not claims.role:
        return RoleSession(f"arn:aws:iam::{account}:root", account, account, keys, claims, task_arn)
    name = claims.session if claims.session or task is None else task.id
    arn, user_id = assumed_role_arn(account, claims.role, name), f"{role_id(claims.role)}:{name}"
    return RoleSession(arn, account, user_id, keys, claims, task_arn)


def _token(request: HttpRequest) -> str:
    header = request.headers.get("x-amz-security-token", "")
    if header or "X-Amz-Security-Token=" not in request.query:
        return header
    return parse_qs(request.query).get("X-Amz-Security-Token", [""])[-1]
