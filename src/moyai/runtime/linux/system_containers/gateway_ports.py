"""The ports of this machine at which public ports of tasks answer, besides their own addresses: pure.

An address 127.83.x.y is on the loopback of the machine, so callers outside of a container that moyai runs in can't
reach it. The container publishes a range of ports instead, and each public port gets one of them. A TCP port and a UDP
port can have the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.sandbox.network_spec import TCP, UDP, PublishedPort


class GatewayEntrance(NamedTuple):
    """Where the gateway listens besides public addresses. ``address``: for all of these ports; ``ports``: each for one
    public port; ``http_port``: for HTTP requests to a service's name; ``https_port``: for TLS connections to a name of
    a load balancer's encrypted listener; None: for none.
    """

    address: str = "127.0.0.1"
    ports: range = range(0)
    http_port: int | None = None
    https_port: int | None = None


NO_GATEWAY_PORTS = GatewayEntrance()


def public_name(port: PublishedPort) -> str:
    """The public address and the port, in the form of a URL's authority, and the protocol where it is not TCP."""
    return f"{port.public_address}:{port.port}{'' if port.protocol == TCP else f'/{port.protocol}'}"


def assign_ports(
    ports: Iterable[PublishedPort], available: range, previous: Mapping[str, int]
) -> Mapping[PublishedPort, int]:
    """The gateway port of each public port, as far as there are enough. A public port keeps its gateway port.

    ``previous``: the earlier gateway ports by the names of public ports.
    """
    public_ports = tuple(ports)
    earlier = ((port, previous.get(public_name(port))) for port in public_ports)
    assigned = {port: number for port, number in earlier if number is not None and number in available}
    used = frozenset((port.protocol, number) for port, number in assigned.items())
    for protocol in (TCP, UDP):
        free = (number for number in available if (protocol, number) not in used)
        unassigned = (port for port in public_ports if port.protocol == protocol and port not in assigned)
        assigned |= dict(zip(unassigned, free, strict=False))
    return assigned
