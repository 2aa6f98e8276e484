"""``/console/data/gateway``: the ports of this machine at which public addresses answer to callers elsewhere, and the
URLs of load balancers by name.

A page shows them where it shows public addresses, which are on the loopback of the machine, or of the container, that
moyai runs in. AWS has no API for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.network_spec import TCP, PublishedPort
from moyai.kernel.ids import AccountId
from moyai.plan.network.balancer_urls import urls_by_name
from moyai.ports.store import Store


class _PortView(msgspec.Struct, frozen=True, rename="camel"):
    address: str
    port: int
    gateway_port: int


class _ListenerView(msgspec.Struct, frozen=True, rename="camel"):
    """The URL of a load balancer's listener by name. ``load_balancer``: its ARN; ``port``: the listener's."""

    load_balancer: str
    port: int
    url: str


class _GatewayView(msgspec.Struct, frozen=True, rename="camel"):
    http_port: int | None
    https_port: int | None
    ports: tuple[_PortView, ...]
    listeners: tuple[_ListenerView, ...]


class GatewayPorts(msgspec.Struct, frozen=True):
    """Answers requests for the gateway ports."""

    store: Store
    assigned: Callable[[], Mapping[PublishedPort, int]] = dict
    """The gateway port of each public port that has one."""

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with all TCP ports, and the URLs of the account's load balancers by name, or 405."""
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        assigned = ((port, number) for port, number in self.assigned().items() if port.protocol == TCP)
        ports = (_PortView(port.public_address, port.port, number) for port, number in assigned)
        world = self.store.world
        listeners = (
            _ListenerView(at.load_balancer, at.port, at.url)
            for at in urls_by_name(world)
            if account in {None, scope_of(at.load_balancer).account}
        )
        defaults = world.defaults
        view = _GatewayView(defaults.gateway_http_port, defaults.gateway_https_port, tuple(ports), tuple(listeners))
        return json_response(200, view)
