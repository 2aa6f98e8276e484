"""Which handler answers which path below ``/_moyai/``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.api.asgi import Handler
from moyai.api.control.execute import Execute
from moyai.api.control.files import Files
from moyai.api.control.handlers import Doctor, Health, Logs, Plane, Reset
from moyai.api.control.hooks import Hooks


def own_handlers(plane: Plane, *, development: bool) -> Mapping[str, Handler]:
    """The paths below ``/_moyai/``."""
    handlers: dict[str, Handler] = {"health": Health(plane)}
    if development:
        handlers |= {"doctor": Doctor(plane), "hooks": Hooks(plane), "logs": Logs(plane), "reset": Reset(plane)}
        handlers["execute"] = Execute(plane.store, plane.tickets)
        handlers["files"] = Files(plane.store, plane.clock)
    return MappingProxyType(handlers)
