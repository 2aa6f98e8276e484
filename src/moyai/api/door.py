"""The AWS door without HTTP: a request in, an answer out.

Promise: every answer that leaves is true after a power cut (``store.durable`` comes first), is in the
protocol that the request spoke, and carries a request id. State belongs to an account and a region: the
region is the credential scope's, the account is the access key when that is twelve digits and the
installation's own otherwise. Without keys (development, on loopback) any credentials or none are taken.
While nothing can be written, changes are answered 503 with the reason, and reads as ever.
Refuses: an operation that is not there yet (by name), a signature for another service; with keys,
whatever is not signed by one of them; without, a change by GET, which a picture in any web page could be. An
unforeseen error is logged with the request id and answered as InternalFailure, with nothing of it told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from botocore.model import ServiceModel

from moyai.api.desk import Desk, unknown_operation
from moyai.api.kept import Words
from moyai.api.operation import Context, Service
from moyai.api.route import EC2, JSON, QUERY, Heard, Router
from moyai.api.sessions import Session, session_of
from moyai.api.sigv4 import Credential, KeyStore, Verifier, credential
from moyai.api.wire.codec import Codec
from moyai.api.wire.http import HttpRequest, HttpResponse, unpacked
from moyai.api.wire.media import check_media
from moyai.api.wire.protocols import CODECS
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.errors import AccessDenied, ApiError, MissingToken, ServerFault, ServiceUnavailable
from moyai.kernel.ids import AccountId, Ids, Region
from moyai.kernel.metrics import Counter, DurationHistogram
from moyai.kernel.scope import DEFAULT_SCOPE, Scope, is_account
from moyai.ports.store import StateUnwritable, Store

_READING = ("Describe", "Get", "List")
"""How the names of operations begin that change nothing."""
_NOTHING = Heard(JSON, None, None, "nothing")
_log = logging.getLogger(__name__)


class House(msgspec.Struct, frozen=True):
    """What the door needs of the installation behind it."""

    store: Store
    clock: Clock
    ids: Ids
    keys: KeyStore | None = None
    """The issued keys; None takes any credentials, for development on loopback."""
    sessions_only: bool = False
    """Take no credentials but those of a task's role, as the door that tasks reach does."""
    default_scope: Scope = DEFAULT_SCOPE
    """The account of keys that are no account's number, and the region of unsigned requests."""
    max_body: int = 2 * 1024 * 1024
    """Bytes that a compressed body may unpack to."""


class _Sender(NamedTuple):
    """Whose request it is, after that was checked."""

    signed: Credential | None
    session: Session | None
    verified: bool
    """Whether that was more than said: by a signature, or by a login."""


class Door:
    """Answers requests to all services."""

    def __init__(self, services: Iterable[Service], models: Mapping[str, ServiceModel], house: House) -> None:
        given = {service.name: service for service in services}
        self._models = models
        self._desks = {name: Desk(given.pop(name, Service(name)), model) for name, model in models.items()}
        if given:
            raise ValueError(f"no model for {', '.join(given)}")
        self._router = Router(models)
        self._house = house
        self._verifier = Verifier(house.keys) if house.keys is not None else None
        self.answered = Counter()
        """Answers by service, operation and status; empty where a request spoke of none."""
        self.times: dict[str, DurationHistogram] = {}
        """How long answers took, by service."""
        nobody = ServiceModel({"metadata": {"protocol": "json", "jsonVersion": "1.1"}, "shapes": {}}, "unknown")
        self._fallback: Mapping[str, Codec] = {protocol: make(nobody) for protocol, make in CODECS.items()}

    async def answer(self, request: HttpRequest, sender: str | None = None) -> HttpResponse:
        """The answer to one request. Never raises but for cancellation.

        ``sender`` is the access key of whoever is known to have sent it by other means than a signature; that then
        says for which region and service the request is, and nothing else.
        """
        began = self._house.clock.now()
        heard, answer = await self._answer(request, sender)
        service = heard.service or ""
        self.answered.add(service, heard.operation or "", str(answer.status))
        self.times.setdefault(service, DurationHistogram()).add(max(self._house.clock.now() - began, 0.0))
        return answer

    async def _answer(self, request: HttpRequest, sender: str | None) -> tuple[Heard, HttpResponse]:
        request_id = self._house.ids.uuid()
        heard = _NOTHING
        try:
            signed = _signed(request)
            heard = self._router.hear(request, signed.service if isinstance(signed, Credential) else None)
            now = self._house.clock.now()
            by = self._sent(request, signed, now) if sender is None else _known(sender, signed)
            return heard, await self._served(request, heard, by, now, request_id)
        except ApiError as error:
            return heard, self._codec(heard).serialise_error(error, request_id)
        except StateUnwritable as error:
            return heard, self._codec(heard).serialise_error(ServiceUnavailable(str(error)), request_id)
        except Exception:  # noqa: BLE001  the top: whatever it is, the client gets an answer
            _log.exception("request %s (%r) failed", request_id, heard.tried)
            fault = ServerFault(f"moyai failed to answer; its log has the details under request id {request_id}.")
            return heard, self._codec(heard).serialise_error(fault, request_id)

    def refusal(self, request: HttpRequest, error: ApiError) -> HttpResponse:
        """The answer to a request that is not to be served: ``error`` in the protocol that the request speaks.

        The request may be without its body, when that is what is wrong with it.
        """
        signed = _signed(request)
        heard = self._router.hear(request, signed.service if isinstance(signed, Credential) else None)
        return self._codec(heard).serialise_error(error, self._house.ids.uuid())

    def _sent(self, request: HttpRequest, signed: Credential | ApiError | None, now: Instant) -> _Sender:
        """Who sent it, by its signature. Raises what is wrong with that."""
        if isinstance(signed, ApiError):
            raise signed
        session = session_of(self._house.store.world, request, now)
        if session is not None:
            Verifier(session).verify(request, signed, now)
        elif self._house.sessions_only:
            raise MissingToken("Missing Authentication Token")
        elif self._verifier is not None:
            self._verifier.verify(request, signed, now)
        return _Sender(signed, session, verified=session is not None or self._verifier is not None)

    async def _served(
        self, request: HttpRequest, heard: Heard, by: _Sender, now: Instant, request_id: str
    ) -> HttpResponse:
        signed, session, verified = by
        if heard.service is None or heard.operation is None:
            raise unknown_operation(heard.tried, self._models)
        if request.method != "POST" and heard.protocol in {QUERY, EC2} and not verified:
            _check_changes_nothing(heard.operation)
        check_media(heard.protocol, request)
        desk = self._desks[heard.service]
        if signed is not None and signed.service != desk.model.signing_name:
            raise unknown_operation(f"{heard.tried}, signed for the service '{signed.service[:40]}'", self._models)
        operation = desk.operation(heard.operation)
        if session is not None:
            session.check(desk.model.signing_name, operation.name)
        plain = unpacked(request, self._house.max_body)
        words = Words(heard.protocol, operation.name, plain.body)
        typed = desk.typed(operation, words, plain)
        rollbacks = self._house.store.rollbacks
        context = self._context(signed, session, now, request_id, request.headers.get("host", ""))
        try:
            return await desk.answer(operation, typed, words, context)
        finally:  # what an error tells (a name is taken) must be as durable as what a success tells
            await self._house.store.durable(rollbacks)

    def _context(
        self, signed: Credential | None, session: Session | None, now: Instant, request_id: str, host: str
    ) -> Context:
        scope, access_key = self._house.default_scope, ""
        if signed is not None:
            access_key = signed.access_key
            account = AccountId(access_key) if is_account(access_key) else scope.account
            account = account if session is None else session.account
            scope = Scope(account, Region(signed.region))
        return Context(
            scope=scope,
            now=now,
            ids=self._house.ids,
            store=self._house.store,
            principal=f"arn:aws:iam::{scope.account}:root" if session is None else session.arn,
            access_key=access_key,
            user_id=(access_key or scope.account) if session is None else session.user_id,
            request_id=request_id,
            host=host,
        )

    def _codec(self, heard: Heard) -> Codec:
        if heard.service is None:
            return self._fallback[heard.protocol]
        return self._desks[heard.service].codecs[heard.protocol]


def _known(sender: str, signed: Credential | ApiError | None) -> _Sender:
    """Whoever has this access key, asking as the signature says. Raises MissingToken where there is none."""
    if signed is None:
        raise MissingToken("Missing Authentication Token")
    if isinstance(signed, ApiError):
        raise signed
    return _Sender(signed._replace(access_key=sender), None, verified=True)


def _check_changes_nothing(operation: str) -> None:
    """Raise AccessDenied for what more than looks."""
    if not operation.startswith(_READING):
        raise AccessDenied(f"{operation} is answered by POST alone: a picture in any web page could send this GET.")


def _signed(request: HttpRequest) -> Credential | ApiError | None:
    """The credential, or what is wrong with it: that is answered in the request's protocol, which comes next."""
    try:
        return credential(request)
    except ApiError as error:
        return error
