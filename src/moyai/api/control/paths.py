"""The handlers of the paths below ``/_moyai/``, and the signature that they require, made as for an AWS service named
``moyai``.

Promise: a request that is not signed by a key issued here is answered 403 and changes nothing. The keys of task roles
are not accepted. ``doctor``, ``logs``, ``reset`` and ``execute`` exist in development mode only (on loopback, without
keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.api.asgi import Handler, StreamedResponse
from moyai.api.control.configuration import ProxyConfigurationHandler
from moyai.api.control.execute import ExecuteHandler
from moyai.api.control.explain import ExplainHandler
from moyai.api.control.files import EnvFilesHandler
from moyai.api.control.handlers import (
    ControlDependencies,
    DoctorHandler,
    HealthHandler,
    PublicGatewayHandler,
    ResetHandler,
    ServicesHandler,
    message_response,
)
from moyai.api.control.hooks import HookFunctionsHandler
from moyai.api.control.logs import LogsHandler
from moyai.api.control.proxy import ProxyHandler
from moyai.api.control.spans import SpansHandler
from moyai.api.control.stack_signals import CustomResponseHandler, SignalHandler
from moyai.api.sigv4 import KeyStore, Verifier, credential
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Clock
from moyai.kernel.errors import ApiError

SERVICE: Final = "moyai"
"""The service in the signature's credential scope."""


def control_handlers(dependencies: ControlDependencies, keys: KeyStore | None) -> Mapping[str, Handler]:
    """The handlers by path. With keys, ``protected`` ones need a signature and ``development`` ones are absent."""
    store, clock = dependencies.store, dependencies.clock
    always: dict[str, Handler] = {
        "health": HealthHandler(dependencies),
        "response": CustomResponseHandler(store),
        "signal": SignalHandler(store),
    }
    protected: dict[str, Handler] = {
        "configuration": ProxyConfigurationHandler(dependencies),
        "explain": ExplainHandler(dependencies),
        "files": EnvFilesHandler(store, clock),
        "gateway": PublicGatewayHandler(dependencies),
        "hooks": HookFunctionsHandler(dependencies),
        "proxy": ProxyHandler(dependencies),
        "services": ServicesHandler(dependencies),
        "spans": SpansHandler(dependencies.spans, dependencies.clock),
    }
    if keys is not None:
        signed = {name: SignedHandler(handler, keys, clock) for name, handler in protected.items()}
        return MappingProxyType(always | signed)
    development: dict[str, Handler] = {
        "doctor": DoctorHandler(dependencies),
        "execute": ExecuteHandler(store, dependencies.exec_sessions),
        "logs": LogsHandler(dependencies),
        "reset": ResetHandler(dependencies),
    }
    return MappingProxyType(always | protected | development)


class SignedHandler:
    """A handler that requires a signature."""

    def __init__(self, handler: Handler, keys: KeyStore, clock: Clock) -> None:
        self._handler = handler
        self._verifier = Verifier(keys)
        self._clock = clock

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """The handler's response; 403 with the reason for a request without a valid signature."""
        try:
            credentials = credential(request)
            self._verifier.verify(request, credentials, self._clock.now())
        except ApiError as error:
            return message_response(403, f"{error.code}: {error.message}")
        if credentials is None or credentials.service != SERVICE:
            return message_response(403, f"The request is not signed for {SERVICE}.")
        return await self._handler(request)
