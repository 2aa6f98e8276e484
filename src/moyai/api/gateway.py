"""The API gateway without HTTP: authenticates a request, dispatches it to its AWS service and returns the response.

Promise: every response that is sent stays true after a power cut (``store.durable`` comes first), is in the protocol of
its request, and carries a request id. State belongs to an account and a region: the region is the credential scope's,
the account is the access key when that has twelve digits and the installation's own otherwise. Without issued keys
(development, on loopback) any credentials or none are accepted. While the store cannot be written, changes are answered
503 with the reason, and reads as usual.
A request to a service that moyai does not implement is forwarded to the server that answers it.
Refuses: an operation that is not implemented (the error names it), and a signature for another service; with issued
keys, every request that is not signed by one of them; without issued keys, changes by GET, because an image on any web
page could send one. An unforeseen error is logged with the request id and answered as InternalFailure, without details.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
from botocore.model import ServiceModel

from moyai.api.delegation import (
    actions_by_query,
    chunks_of,
    claimed_account,
    collect,
    delegated_request,
    payload,
    sandbox_response,
)
from moyai.api.dispatcher import ServiceDispatcher, unknown_operation
from moyai.api.operation import AnyService, ApiService, Context, StackCaller
from moyai.api.response_cache import RawRequest
from moyai.api.router import EC2, QUERY, S3, Authorization, RequestRoute, RoutedRequest, Router
from moyai.api.senders import Sender, SenderAuthenticator, known_sender
from moyai.api.sigv4 import Credential, KeyStore, credential
from moyai.api.tagging import tags_for_stack
from moyai.api.wire.codec import ErrorCodec
from moyai.api.wire.http import ClientDisconnected, HttpRequest, HttpResponse, check_media, decompress, with_plain_form
from moyai.api.wire.protocols import CODECS
from moyai.api.wire.s3 import S3Errors
from moyai.api.wire.unknown_members import IgnoredMembers, with_ignored_members
from moyai.domain.ecs.account_setting import root_of
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.errors import (
    AccessDenied,
    ApiError,
    RequestNotReceived,
    ServerFault,
    ServiceNotHere,
    ServiceUnavailable,
)
from moyai.kernel.ids import Ids
from moyai.kernel.metrics import Counter, DurationHistogram
from moyai.kernel.scope import Scope
from moyai.ports.delegate import Delegate, DelegatedResponse, DelegateFailed, DelegateReset, NotDelegated, NotReceived
from moyai.ports.store import StateUnwritable, Store

_READ_PREFIXES = ("Describe", "Get", "List")
"""Prefixes of the operations that change nothing."""
_OTHER = "other"
"""The label that stands, in the gateway's metrics, for all services that moyai does not implement."""
_Response = TypeVar("_Response", bound=HttpResponse | DelegatedResponse)
_log = logging.getLogger(__name__)


class GatewayDependencies(msgspec.Struct, frozen=True):
    """The installation that a gateway serves, and its settings."""

    store: Store
    clock: Clock
    ids: Ids
    keys: KeyStore | None = None
    """The issued keys; None accepts any credentials, for development on loopback."""
    sessions_only: bool = False
    """Accept only the credentials of a task's role: for the gateway that tasks reach."""
    max_body: int = 2 * 1024 * 1024
    """Bytes of a body after decompression."""
    delegate: Delegate | None = None
    """Answers requests to services that moyai does not implement; None = they are refused."""


class ApiGateway:
    """Answers requests to all services."""

    def __init__(
        self, services: Iterable[AnyService], models: Mapping[str, ServiceModel], dependencies: GatewayDependencies
    ) -> None:
        by_name = {service.name: service for service in services}
        self._models = models
        self._dispatchers = {
            name: ServiceDispatcher(by_name.pop(name, ApiService(name)), model) for name, model in models.items()
        }
        if by_name:
            raise ValueError(f"no model for {', '.join(by_name)}")
        self._router = Router(models, lambda service, operation: self._dispatchers[service].implements(operation))
        self._dependencies = dependencies
        self._authenticator = SenderAuthenticator(
            dependencies.store, dependencies.keys, sessions_only=dependencies.sessions_only
        )
        self.responses = Counter()
        """Responses by service, operation and status; the first two are empty for a request that was not routed."""
        self.durations: defaultdict[str, DurationHistogram] = defaultdict(DurationHistogram)
        """The time from a request to its response, by service."""
        self.ignored_members = IgnoredMembers()
        no_service = ServiceModel({"metadata": {"protocol": "json", "jsonVersion": "1.1"}, "shapes": {}}, "unknown")
        self._fallback: Mapping[str, ErrorCodec] = {
            S3: S3Errors(),
            **{protocol: make(no_service) for protocol, make in CODECS.items()},
        }

    def route(self, request: HttpRequest) -> RequestRoute:
        """The route of a request, of whose body only a form matters: it names its operation."""
        authorization = _credential_or_fault(request)
        scope_service = authorization.service if isinstance(authorization, Credential) else None
        plain_request = with_plain_form(request, self._dependencies.max_body)
        return RequestRoute(authorization, self._router.route(plain_request, scope_service))

    async def answer(
        self, request: HttpRequest, caller: str | StackCaller | None = None, route: RequestRoute | None = None
    ) -> HttpResponse:
        """The response to one request. Raises nothing but cancellation.

        ``caller``: a caller who is already authenticated, a stack or the access key of a console session; of the
        signature only the region and the service are used. ``route``: the request's, where it is known.
        """
        authorization, routed = route or self.route(request)

        async def respond(request_id: str) -> HttpResponse:
            if service := routed.delegated_service:
                body = chunks_of(request.body)
                return await collect(await self._forward(request, service, authorization, body, caller))
            now = self._dependencies.clock.now()
            if caller is None:
                sender = self._authenticator.sender(request, authorization, now)
            else:
                sender = known_sender(caller, authorization)
            context = self._context(sender, now, request_id, request.headers.get("host", ""))
            return await self._respond(request, routed, sender, context)

        return await self._respond_or_explain(routed, respond)

    async def forward(
        self, request: HttpRequest, route: RequestRoute, body: AsyncIterator[bytes]
    ) -> HttpResponse | DelegatedResponse:
        """The response to a request whose route ``is_delegated``. Raises ClientDisconnected."""

        async def respond(_request_id: str) -> HttpResponse | DelegatedResponse:
            service = route.routed_request.delegated_service or ""
            return await self._forward(request, service, route.authorization, body)

        return await self._respond_or_explain(route.routed_request, respond)

    async def _respond_or_explain(
        self, routed_request: RoutedRequest, respond: Callable[[str], Awaitable[_Response]]
    ) -> _Response | HttpResponse:
        """The response, or the error in the request's protocol; both are counted. ``respond`` gets the request id."""
        began, request_id = self._dependencies.clock.now(), self._dependencies.ids.uuid()
        response: _Response | HttpResponse
        try:
            response = await respond(request_id)
        except ApiError as error:
            response = self._codec(routed_request).serialise_error(error, request_id)
        except (StateUnwritable, DelegateReset) as error:
            response = self._codec(routed_request).serialise_error(ServiceUnavailable(str(error)), request_id)
        except NotReceived as error:
            response = self._codec(routed_request).serialise_error(RequestNotReceived(str(error)), request_id)
        except NotDelegated as error:
            response = self._codec(routed_request).serialise_error(ServiceNotHere(str(error)), request_id)
        except ClientDisconnected:
            raise
        except DelegateFailed as error:
            _log.error("request %s (%r) failed: %s", request_id, routed_request.description, error)
            response = self._codec(routed_request).serialise_error(_fault(request_id), request_id)
        except Exception:  # noqa: BLE001  the top of a request: whatever fails below, the client gets an answer
            _log.exception("request %s (%r) failed", request_id, routed_request.description)
            response = self._codec(routed_request).serialise_error(_fault(request_id), request_id)
        service = _OTHER if routed_request.delegated_service else routed_request.service or ""
        self.responses.add(service, routed_request.operation or "", str(response.status))
        self.durations[service].add(max(self._dependencies.clock.now() - began, 0.0))
        return response

    async def _forward(
        self,
        request: HttpRequest,
        service: str,
        authorization: Authorization,
        body: AsyncIterator[bytes],
        caller: str | StackCaller | None = None,
    ) -> DelegatedResponse:
        """The response of the server that answers the service. Raises ServiceNotHere, AccessDenied, and faults of the
        signature.
        """
        delegate, now = self._dependencies.delegate, self._dependencies.clock.now()
        refusal = f"{service} is not part of moyai." if delegate is None else delegate.refusal(service)
        if delegate is None or refusal is not None:
            raise ServiceNotHere(refusal)
        if caller is not None:
            sender = known_sender(caller, authorization)
        elif isinstance(authorization, ApiError):
            raise authorization
        else:
            verified = self._authenticator.verifies(request)
            signed_body = await payload(request, authorization, body, verified=verified)
            sender = self._authenticator.sender(request, authorization, now, signed_body.digest)
            body = signed_body.chunks
        if request.method != "POST" and not sender.verified:
            for action in actions_by_query(request):
                _check_reads_only(action)
        scope, account = sender.scope, claimed_account(request)
        if sender.credential is None and account is not None:
            scope = Scope(account, scope.region)
        return sandbox_response(await delegate.forward(delegated_request(request, service, scope, body)))

    def error_response(self, request: HttpRequest, error: ApiError) -> HttpResponse:
        """The response to a request that fails before it is served: ``error`` in the request's protocol.

        ``request`` has no body when it was the reading of the body that failed.
        """
        return self._codec(self.route(request).routed_request).serialise_error(error, self._dependencies.ids.uuid())

    async def _respond(
        self, request: HttpRequest, routed_request: RoutedRequest, sender: Sender, context: Context
    ) -> HttpResponse:
        plain = decompress(request, self._dependencies.max_body)
        if routed_request.service is None or routed_request.operation is None:
            raise unknown_operation(routed_request.description, self._models)
        if request.method != "POST" and routed_request.protocol in {QUERY, EC2} and not sender.verified:
            _check_reads_only(routed_request.operation)
        check_media(routed_request.protocol, request)
        dispatcher = self._dispatchers[routed_request.service]
        signing_name = dispatcher.model.signing_name
        if sender.credential is not None and sender.credential.service != signing_name:
            signed_for = f"signed for the service '{sender.credential.service[:40]}'"
            raise unknown_operation(f"{routed_request.description}, {signed_for}", self._models)
        operation = dispatcher.operation(routed_request.operation)
        if sender.session is not None:
            sender.session.check(signing_name, operation.name)
        raw = RawRequest(routed_request.protocol, operation.name, plain.body, plain.query)
        typed_request, ignored_members = dispatcher.parse(operation, raw, plain)
        self.ignored_members.report(f"{routed_request.service} {operation.name}", ignored_members)
        rollbacks = self._dependencies.store.rollbacks
        try:
            with tags_for_stack(is_for_stack=context.stack is not None):
                response = await dispatcher.respond(operation, typed_request, raw, context)
            return with_ignored_members(response, ignored_members)
        finally:  # what an error says (a name is taken) must be as durable as what a success says
            await self._dependencies.store.durable(rollbacks)

    def _context(self, sender: Sender, now: Instant, request_id: str, host: str) -> Context:
        ids = None if sender.stack is None else sender.stack.ids
        scope, session = sender.scope, sender.session
        access_key = "" if sender.credential is None else sender.credential.access_key
        return Context(
            scope=scope,
            now=now,
            ids=ids or self._dependencies.ids,
            store=self._dependencies.store,
            principal=root_of(scope) if session is None else session.arn,
            access_key=access_key,
            user_id=(access_key or scope.account) if session is None else session.user_id,
            request_id=request_id,
            host=host,
            session_task=None if session is None else session.task,
            session=None if session is None else session.claims,
            stack=None if sender.stack is None else sender.stack.stack,
        )

    def _codec(self, routed_request: RoutedRequest) -> ErrorCodec:
        if routed_request.service is None:
            return self._fallback[routed_request.protocol]
        return self._dispatchers[routed_request.service].codecs[routed_request.protocol]


def _fault(request_id: str) -> ServerFault:
    return ServerFault(f"moyai failed to answer; its log has the details under request id {request_id}.")


def _check_reads_only(operation: str) -> None:
    """Raise AccessDenied for an operation that may change something."""
    if not operation.startswith(_READ_PREFIXES):
        raise AccessDenied(f"{operation} is answered by POST alone: an image in any web page could send this GET.")


def _credential_or_fault(request: HttpRequest) -> Authorization:
    """The credential, or the error in it, which is raised later: routing finds the protocol of the response first."""
    try:
        return credential(request)
    except ApiError as error:
        return error
