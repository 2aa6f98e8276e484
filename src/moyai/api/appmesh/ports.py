"""Which of several listeners a route or a target means.

Promise: with one listener, or none, nothing need be said; with several it must. What is said is the port of one there.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/routes.html
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.api.appmesh.rules.listeners import AnyListener
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.protocol import PortProtocol


def meant(listeners: Sequence[AnyListener], port: int | None) -> AnyListener | None:
    """The listener of this port; the only one where none is said; None where there is none such."""
    if port is None:
        return listeners[0] if len(listeners) == 1 else None
    return next((one for one in listeners if one.port_mapping.port == port), None)


def check_port(where: str, whose: str, listeners: Sequence[AnyListener], port: int | None) -> None:
    """Raise BadRequest where the port is none that can be meant; ``whose`` the listeners are, in a word or two."""
    if port is None and len(listeners) > 1:
        raise BadRequest(f"{where}: it must be set, since {whose} has multiple listeners.")
    if port is not None and meant(listeners, port) is None:
        ports = ", ".join(str(one.port_mapping.port) for one in listeners)
        raise BadRequest(f"{where}: {port} is no port of a listener of {whose}, which has {ports or 'none'}.")


def check_protocol(
    where: str, whose: str, listeners: Sequence[AnyListener], port: int | None, protocol: PortProtocol
) -> None:
    """Raise BadRequest where the listener that is meant speaks another protocol than the route."""
    listener = meant(listeners, port)
    spoken = protocol if listener is None else listener.port_mapping.protocol
    if spoken is not protocol:
        raise BadRequest(f"{where}: a route of {protocol} can't be on a listener of {whose} that speaks {spoken}.")
