"""``/console/data/gateway``: the ports of this machine at which public addresses answer to callers elsewhere, and the
names of load balancers' encrypted listeners there.

A page shows them where it shows public addresses, which are on the loopback of the machine, or of the container, that
moyai runs in. AWS has no API for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.server_names import routed_server_names
from moyai.domain.world import World
from moyai.kernel.ids import AccountId
from moyai.plan.network.published_ports import published_ports_of
from moyai.ports.store import Store


class _PortView(msgspec.Struct, frozen=True, rename="camel"):
    address: str
    port: int
    gateway_port: int


class _NamesView(msgspec.Struct, frozen=True, rename="camel"):
    """The names that lead to a listener. ``load_balancer``: its DNS name."""

    load_balancer: str
    port: int
    names: tuple[str, ...]


class _GatewayView(msgspec.Struct, frozen=True, rename="camel"):
    http_port: int | None
    https_port: int | None
    ports: tuple[_PortView, ...]
    server_names: tuple[_NamesView, ...]


class GatewayPorts(msgspec.Struct, frozen=True):
    """Answers requests for the gateway ports. ``http_port`` and ``https_port``: those that choose by the name in a
    request; None = there is none.
    """

    store: Store
    assigned: Callable[[], Mapping[PublishedPort, int]] = dict
    """The gateway port of each public port that has one."""
    http_port: int | None = None
    https_port: int | None = None

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with all ports, and the names of the account's listeners, or 405."""
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        ports = (_PortView(port.public_address, port.port, number) for port, number in self.assigned().items())
        names = _server_names(self.store.world, account)
        return json_response(200, _GatewayView(self.http_port, self.https_port, tuple(ports), tuple(names)))


def _server_names(world: World, account: AccountId | None) -> Iterator[_NamesView]:
    """The names that lead to each encrypted listener. Another account's load balancer may have a certificate's name."""
    balancers = tuple(world.load_balancers.by("public", "yes"))
    accounts = {balancer.dns_name: scope_of(balancer.arn).account for balancer in balancers}
    ports = chain.from_iterable(published_ports_of(world, balancer.arn) for balancer in balancers)
    for port, names in routed_server_names(ports):
        if port.service is not None and account in {None, accounts[port.service]}:
            yield _NamesView(port.service, port.port, tuple(names))
