"""The addresses and ports at which the listeners of a load balancer listen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from moyai.domain.elb.front import proxied_address
from moyai.domain.elb.load_balancer import DUAL_STACK, LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.log_attributes import has_logs
from moyai.domain.elb.rule import Listener
from moyai.domain.world import World
from moyai.mesh.ir import FrontAddress

_MOST_OF_BALANCER: Final = 12_500
"""Connections of all addresses of a load balancer: a quarter of what a front proxy accepts."""
_LEAST_OF_ADDRESS: Final = 1_000
"""What each address may have, however many addresses its load balancer has."""


def connection_limit(world: World, balancer: LoadBalancer) -> int:
    """The connections that each address of a load balancer's listeners may have: an equal part, whatever other load
    balancers the front proxy serves.

    The number of addresses is rounded up to a power of two: a changed limit drains the connections of an address, and
    not every new listener should do that to the others.
    """
    listeners = len(world.listeners.by("load_balancer", balancer.arn))
    ways = 1 + (balancer.scheme is Scheme.INTERNET_FACING) + (balancer.ip_address_type == DUAL_STACK)
    addresses = max(listeners * len(balancer.nodes) * ways, 1)
    return max(_MOST_OF_BALANCER >> (addresses - 1).bit_length(), _LEAST_OF_ADDRESS)


def front_addresses(
    balancer: LoadBalancer, listener: Listener, nodes: Iterable[LoadBalancerNode]
) -> Iterator[FrontAddress]:
    """The addresses of a listener: of each node, and where the VPC's router tells of clients from outside. Statistics
    are named ``<app or net>/<name>/<id>@<zone>``. In logs of application load balancers a node has its public address.
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
