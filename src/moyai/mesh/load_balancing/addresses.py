"""The addresses and ports at which the listeners of a load balancer listen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from moyai.domain.elb.front import proxied_address
from moyai.domain.elb.load_balancer import DUAL_STACK, LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.log_attributes import has_logs
from moyai.domain.elb.rule import Listener
from moyai.domain.sandbox.open_files import OpenLimits, equal_part
from moyai.domain.world import World
from moyai.mesh.ir import FrontAddress

_LARGEST_PART: Final = 4
"""The addresses of a load balancer share a quarter of the connections that the front proxy accepts."""
_SMALLEST_PART: Final = 50
"""Each address may have at least a fiftieth of them, however many addresses its load balancer has."""


def connection_limit(world: World, balancer: LoadBalancer, limits: OpenLimits) -> int:
    """The connections that each address of a load balancer's listeners may have: an equal part, whatever other load
    balancers the front proxy serves. A changed limit drains the connections of an address.
    """
    listeners = len(world.listeners.by("load_balancer", balancer.arn))
    ways = 1 + (balancer.scheme is Scheme.INTERNET_FACING) + (balancer.ip_address_type == DUAL_STACK)
    part = equal_part(limits.connections // _LARGEST_PART, listeners * len(balancer.nodes) * ways)
    return max(part, limits.connections // _SMALLEST_PART)


def front_addresses(
    balancer: LoadBalancer, listener: Listener, nodes: Iterable[LoadBalancerNode]
) -> Iterator[FrontAddress]:
    """The addresses of a listener: each node's own, and the one at which PROXY headers name clients outside of the VPC.
    Statistics are named ``<app or net>/<name>/<id>@<zone>``. Logs of application load balancers show public addresses.
    """
    shows_public = balancer.type is LoadBalancerType.APPLICATION
    for node in nodes:
        address, name = node.interface.address, f"{balancer.dimension}@{node.zone}"
        shown = (node.interface.public_address if shows_public else None) or address
        log_node = shown if has_logs(balancer) else ""
        yield FrontAddress(address, listener.port, name, node=log_node)
        if node.interface.ipv6_address is not None:
            yield FrontAddress(node.interface.ipv6_address, listener.port, name, node=log_node)
        if balancer.scheme is Scheme.INTERNET_FACING:
            yield FrontAddress(proxied_address(address), listener.port, name, proxied=True, node=log_node)
