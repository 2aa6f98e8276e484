"""The listener that a route or a target refers to, by its port.

Promise: the port may be absent when there is at most one listener, and must be set when there are several. It is the
port of an existing listener.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/routes.html
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.api.appmesh.rules.listeners import AnyListener
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.listener import PortProtocol


def listener_at(listeners: Sequence[AnyListener], port: int | None) -> AnyListener | None:
    """The listener of this port, or without a port the only listener; None when there is no such listener."""
    if port is None:
        return listeners[0] if len(listeners) == 1 else None
    return next((listener for listener in listeners if listener.port_mapping.port == port), None)


def check_port(where: str, owner: str, listeners: Sequence[AnyListener], port: int | None) -> None:
    """Raises BadRequest for a missing or unknown port. ``owner``: the owner of the listeners, for the message."""
    if port is None and len(listeners) > 1:
        raise BadRequest(f"{where}: it must be set, since {owner} has multiple listeners.")
    if port is not None and listener_at(listeners, port) is None:
        ports = ", ".join(str(listener.port_mapping.port) for listener in listeners)
        raise BadRequest(f"{where}: {port} is not the port of a listener of {owner}, which has {ports or 'none'}.")


def check_protocol(
    where: str, owner: str, listeners: Sequence[AnyListener], port: int | None, protocol: PortProtocol
) -> None:
    """Raises BadRequest for a route on a listener with another protocol."""
    listener = listener_at(listeners, port)
    actual = protocol if listener is None else listener.port_mapping.protocol
    if actual is not protocol:
        raise BadRequest(f"{where}: a route of {protocol} can't be on a listener of {owner} that speaks {actual}.")
