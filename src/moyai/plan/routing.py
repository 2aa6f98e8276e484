"""Where a subnet's traffic may go: which of its routes work, and what they lead to.

Promise: a route whose gateway is gone or detached, or whose peering isn't active, leads nowhere, and
takes what is meant for its destination with it. A NAT gateway
works while its own subnet leads to an internet gateway. A peering carries only what is meant for the VPC on its
other side: nothing passes through that VPC to a third.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/route-tables.html,
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from ipaddress import IPv4Network
from typing import NamedTuple

from moyai.domain.queries.vpc import find_in_scope, route_table_of
from moyai.domain.sandbox import fabric
from moyai.domain.vpc.gateway import InternetGateway
from moyai.domain.vpc.peering import PeeringStatus, VpcPeering
from moyai.domain.vpc.route_table import Route
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import World
from moyai.kernel.ids import VpcId


class Way(Enum):
    """What a route that works leads to."""

    INTERNET = "internet"
    """Open to interfaces with a public address."""
    NAT = "nat"
    """Open to all."""
    PEER = "peer"


class Ways(NamedTuple):
    """The ways out of one subnet."""

    routes: tuple[fabric.Route, ...] = ()
    internet: bool = False
    nat: bool = False


def ways(world: World, vpc: Vpc, subnet: Subnet, peers: frozenset[str]) -> Ways:
    """The subnet's ways. ``peers``: the peerings that may be taken."""
    table = route_table_of(world, vpc.scope, vpc.id, subnet.id)
    if table is None:
        return Ways()
    routes: list[fabric.Route] = []
    taken: set[Way] = set()
    for route in table.routes:
        way = leads_to(world, vpc, route)
        if way is Way.PEER and route.target not in peers:
            way = None
        if way is not None:
            taken.add(way)
        routes += [fabric.Route(subnet.cidr, *leg) for leg in _legs(world, vpc.id, route, way)]
    return Ways(tuple(sorted(routes, key=_order)), Way.INTERNET in taken, Way.NAT in taken)


def leads_to(world: World, vpc: Vpc, route: Route) -> Way | None:
    """What a route of this VPC leads to; None when it is a black hole."""
    kind = route.target.partition("-")[0]
    if kind == "igw":
        gateway = find_in_scope(world, InternetGateway, vpc.scope, route.target)
        return Way.INTERNET if gateway is not None and gateway.vpc == vpc.id else None
    if kind == "nat":
        nat = world.nat_gateways.get(route.target)
        there = nat is not None and nat.deleted_at is None and _on_the_internet(world, vpc, nat.subnet)
        return Way.NAT if there else None
    peering = world.vpc_peerings.get(route.target)
    there = peering is not None and peering.status is PeeringStatus.ACTIVE
    return Way.PEER if there else None


def entered(world: World, vpc: Vpc, subnets: Iterable[Subnet]) -> frozenset[str]:
    """The peerings that the routes of these subnets send traffic into."""
    tables = (route_table_of(world, vpc.scope, vpc.id, subnet.id) for subnet in subnets)
    routes = (route for table in tables if table is not None for route in table.routes)
    return frozenset(route.target for route in routes if leads_to(world, vpc, route) is Way.PEER)


def _on_the_internet(world: World, vpc: Vpc, subnet: str) -> bool:
    found = find_in_scope(world, Subnet, vpc.scope, subnet)
    table = None if found is None else route_table_of(world, vpc.scope, vpc.id, found.id)
    routes = () if table is None else table.routes
    return any(route.target.startswith("igw-") and leads_to(world, vpc, route) is Way.INTERNET for route in routes)


def _legs(world: World, vpc: VpcId, route: Route, way: Way | None) -> Iterator[tuple[str, str]]:
    """Destinations and targets that a route comes to: what isn't there on the other side of a peering is nowhere."""
    if way is not Way.PEER:
        yield route.destination, fabric.NOWHERE if way is None else fabric.OUTSIDE
        return
    peering: VpcPeering = world.vpc_peerings[route.target]
    there = IPv4Network(peering.other(vpc).cidr or route.destination)
    wanted = IPv4Network(route.destination)
    if wanted.overlaps(there):
        yield str(max(wanted, there, key=lambda network: network.prefixlen)), route.target
    if not wanted.subnet_of(there):
        yield route.destination, fabric.NOWHERE


def _order(route: fabric.Route) -> tuple[str, str, str]:
    return (route.subnet, route.destination, route.target)
