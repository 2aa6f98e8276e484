"""The handlers of the paths below ``/_moyai/``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.api.asgi import Handler
from moyai.api.control.configuration import ProxyConfigurationHandler
from moyai.api.control.custom_response import CustomResponseHandler
from moyai.api.control.execute import ExecuteHandler
from moyai.api.control.explain import ExplainHandler
from moyai.api.control.files import EnvFilesHandler
from moyai.api.control.gateway import PublicGatewayHandler
from moyai.api.control.handlers import ControlDependencies, DoctorHandler, HealthHandler, ResetHandler
from moyai.api.control.hooks import HookFunctionsHandler
from moyai.api.control.logs import LogsHandler
from moyai.api.control.proxy import ProxyHandler
from moyai.api.control.services import ServicesHandler
from moyai.api.control.signal import SignalHandler
from moyai.api.control.signed import SignedHandler
from moyai.api.control.spans import SpansHandler
from moyai.api.sigv4 import KeyStore


def control_handlers(dependencies: ControlDependencies, keys: KeyStore | None) -> Mapping[str, Handler]:
    """The handlers by path. With keys, those for which AWS has no API need a signature, and the others are absent."""
    handlers: dict[str, Handler] = {
        "health": HealthHandler(dependencies),
        "response": CustomResponseHandler(dependencies.store),
        "signal": SignalHandler(dependencies.store),
    }
    public: dict[str, Handler] = {
        "hooks": HookFunctionsHandler(dependencies),
        "files": EnvFilesHandler(dependencies.store, dependencies.clock),
    }
    public["configuration"] = ProxyConfigurationHandler(dependencies)
    public["gateway"] = PublicGatewayHandler(dependencies)
    public["services"] = ServicesHandler(dependencies)
    public |= {
        "spans": SpansHandler(dependencies),
        "proxy": ProxyHandler(dependencies),
        "explain": ExplainHandler(dependencies),
    }
    if keys is not None:
        signed = {name: SignedHandler(handler, keys, dependencies.clock) for name, handler in public.items()}
        return MappingProxyType(handlers | signed)
    handlers |= {
        "doctor": DoctorHandler(dependencies),
        "logs": LogsHandler(dependencies),
        "reset": ResetHandler(dependencies),
    }
    handlers["execute"] = ExecuteHandler(dependencies.store, dependencies.exec_sessions)
    return MappingProxyType(handlers | public)
