"""``/console/data/gateway``: the ports of this machine at which public addresses answer to callers elsewhere.

A page shows them where it shows public addresses, which are on the loopback of the machine, or of the container, that
moyai runs in. AWS has no API for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.kernel.ids import AccountId


class _PortView(msgspec.Struct, frozen=True, rename="camel"):
    address: str
    port: int
    gateway_port: int


class _GatewayView(msgspec.Struct, frozen=True, rename="camel"):
    http_port: int | None
    https_port: int | None
    ports: tuple[_PortView, ...]


class GatewayPorts(msgspec.Struct, frozen=True):
    """Answers requests for the gateway ports. ``http_port`` and ``https_port``: those that choose by the name in a
    request; None = there is none.
    """

    assigned: Callable[[], Mapping[PublishedPort, int]] = dict
    """The gateway port of each public port that has one."""
    http_port: int | None = None
    https_port: int | None = None

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with all ports, or 405."""
        del account
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        ports = (_PortView(port.public_address, port.port, number) for port, number in self.assigned().items())
        return json_response(200, _GatewayView(self.http_port, self.https_port, tuple(ports)))
