"""Which of a subnet's routes work, and where they lead.

Promise: a route whose gateway is gone or detached, or whose peering is not active, has no target, and drops the traffic
to its destination. A NAT gateway works while its own subnet has a route to an internet gateway. A peering carries only
traffic to the VPC on its other side; no traffic passes through that VPC to a third. No route leads an address of one of
the VPC's own ranges elsewhere. A route to a range of IPv6 carries nothing: IPv6 stays within its VPC.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/route-tables.html,
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from ipaddress import IPv4Network
from typing import NamedTuple

from moyai.domain.queries.vpc import find_in_scope, ranges_of, route_table_of
from moyai.domain.sandbox import network_spec as spec
from moyai.domain.vpc.gateway import EgressOnlyGateway, InternetGateway
from moyai.domain.vpc.peering import PeeringStatus, VpcPeering
from moyai.domain.vpc.route_table import VpcRoute
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.ids import VpcId


class RouteTarget(Enum):
    """The kind of target to which a working route leads."""

    INTERNET = "internet"
    """Usable by interfaces with a public address."""
    EGRESS_ONLY = "egress-only"
    """For routes to IPv6 ranges only."""
    NAT = "nat"
    """Usable by all interfaces."""
    PEER = "peer"


class SubnetRoutes(NamedTuple):
    """The routes of one subnet, and whether one of them leads to the internet or to NAT."""

    routes: tuple[spec.NetworkRoute, ...] = ()
    internet: bool = False
    nat: bool = False


def subnet_routes(world: World, vpc: Vpc, subnet: Subnet, peerings: frozenset[str]) -> SubnetRoutes:
    """The subnet's routes. ``peerings``: those that both sides use."""
    table = route_table_of(world, vpc.scope, vpc.id, subnet.id)
    if table is None:
        return SubnetRoutes()
    routes: list[spec.NetworkRoute] = []
    targets: set[RouteTarget] = set()
    for route in table.ipv4_routes:
        target = route_target(world, vpc, route)
        if target is RouteTarget.PEER and route.target not in peerings:
            target = None
        if target is not None:
            targets.add(target)
        routes += [
            spec.NetworkRoute(subnet.cidr, *leg) for leg in _targets_by_destination(world, vpc.id, route, target)
        ]
    routes += [spec.NetworkRoute(subnet.cidr, secondary.cidr, spec.NOWHERE) for secondary in vpc.secondary]
    return SubnetRoutes(tuple(sorted(routes, key=_order)), RouteTarget.INTERNET in targets, RouteTarget.NAT in targets)


def route_target(world: World, vpc: Vpc, route: VpcRoute) -> RouteTarget | None:
    """The kind of target of a route of this VPC; None when the route is a black hole."""
    kind = route.target.partition("-")[0]
    if kind == "igw":
        gateway = find_in_scope(world, InternetGateway, vpc.scope, route.target)
        return RouteTarget.INTERNET if gateway is not None and gateway.vpc == vpc.id else None
    if kind == "eigw":
        egress_only = find_in_scope(world, EgressOnlyGateway, vpc.scope, route.target)
        return None if egress_only is None else RouteTarget.EGRESS_ONLY
    if kind == "nat":
        nat = world.nat_gateways.get(route.target)
        works = nat is not None and nat.deleted_at is None and _reaches_internet(world, vpc, nat.subnet)
        return RouteTarget.NAT if works else None
    peering = world.vpc_peerings.get(route.target)
    works = peering is not None and peering.status is PeeringStatus.ACTIVE
    return RouteTarget.PEER if works else None


def peerings_used_by(world: World, vpc: Vpc, subnets: Iterable[Subnet]) -> frozenset[str]:
    """The peerings into which the routes of these subnets send traffic."""
    tables = (route_table_of(world, vpc.scope, vpc.id, subnet.id) for subnet in subnets)
    routes = (route for table in tables if table is not None for route in table.ipv4_routes)
    return frozenset(route.target for route in routes if route_target(world, vpc, route) is RouteTarget.PEER)


def _reaches_internet(world: World, vpc: Vpc, subnet: str) -> bool:
    record = find_in_scope(world, Subnet, vpc.scope, subnet)
    table = None if record is None else route_table_of(world, vpc.scope, vpc.id, record.id)
    routes = () if table is None else table.ipv4_routes
    gateways = (route for route in routes if route.target.startswith("igw-"))
    return any(route_target(world, vpc, route) is RouteTarget.INTERNET for route in gateways)


def _targets_by_destination(
    world: World, vpc: VpcId, route: VpcRoute, target: RouteTarget | None
) -> Iterator[tuple[str, str]]:
    """The destinations of a route, each with its target: a peering leads to the ranges of the other VPC only."""
    if target is not RouteTarget.PEER:
        yield route.destination, spec.NOWHERE if target is None else spec.OUTSIDE
        return
    peering: VpcPeering = world.vpc_peerings[route.target]
    other_ranges = [IPv4Network(cidr) for cidr in ranges_of(world, peering.other(vpc)) or (route.destination,)]
    destination = IPv4Network(route.destination)
    for other_range in other_ranges:
        if destination.overlaps(other_range):
            yield str(max(destination, other_range, key=lambda network: network.prefixlen)), route.target
    if not any(destination.subnet_of(other_range) for other_range in other_ranges):
        yield route.destination, spec.NOWHERE


def _order(route: spec.NetworkRoute) -> tuple[str, str, str]:
    return (route.subnet, route.destination, route.target)
