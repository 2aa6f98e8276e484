"""Which handler answers which path below ``/_moyai/``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.api.asgi import Handler
from moyai.api.control.configuration import Configuration
from moyai.api.control.execute import Execute
from moyai.api.control.files import Files
from moyai.api.control.handlers import Doctor, Health, Logs, Plane, Reset
from moyai.api.control.hooks import Hooks
from moyai.api.control.signed import Signed
from moyai.api.sigv4 import KeyStore


def own_handlers(plane: Plane, keys: KeyStore | None) -> Mapping[str, Handler]:
    """The paths below ``/_moyai/``. Where there are keys, what has no API of AWS's needs a signature, and what has is
    not there.
    """
    handlers: dict[str, Handler] = {"health": Health(plane)}
    kept: dict[str, Handler] = {"hooks": Hooks(plane), "files": Files(plane.store, plane.clock)}
    kept["configuration"] = Configuration(plane)
    if keys is not None:
        signed = {name: Signed(handler, keys, plane.clock) for name, handler in kept.items()}
        return MappingProxyType(handlers | signed)
    handlers |= {"doctor": Doctor(plane), "logs": Logs(plane), "reset": Reset(plane)}
    handlers["execute"] = Execute(plane.store, plane.tickets)
    return MappingProxyType(handlers | kept)
