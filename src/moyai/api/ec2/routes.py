"""The routes of a route table.

Promise: a route's target is one gateway or peering connection, which exists when the route is created. When the target
is deleted later, the route stays and is shown as a blackhole, as on AWS. A route for an IPv6 range is only recorded.
Refuses: routes to a part of the VPC's own range, every other kind of target, and IPv6 through NAT and peerings.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from msgspec.structs import replace

from moyai.api.ec2.change import SUCCESS, ChangeRequest, commit, resource_of
from moyai.api.ec2.ranges import network, network_of_ipv6
from moyai.api.ec2.route_tables import TABLE
from moyai.api.operation import Context
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.errors import (
    GatewayNotAttached,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidStateTransition,
    MissingParameter,
    RouteAlreadyExists,
    RouteNotFound,
)
from moyai.domain.vpc.gateway import EgressOnlyGateway, InternetGateway, NatGateway
from moyai.domain.vpc.not_found import (
    EgressOnlyGatewayNotFound,
    GatewayNotFound,
    NatGatewayNotFound,
    PeeringNotFound,
    RouteTableNotFound,
)
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.vpc.quotas import ROUTES, RouteLimitExceeded
from moyai.domain.vpc.route_table import RouteTable, RouteTarget, VpcRoute
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Put


class DeleteRouteRequest(ChangeRequest, frozen=True):
    """The route to delete, by its destination."""

    route_table_id: str
    destination_cidr_block: str | None = None
    destination_ipv6_cidr_block: str | None = None


class RouteRequest(DeleteRouteRequest, frozen=True):
    """The route to create, or to replace the one with its destination."""

    gateway_id: str | None = None
    egress_only_internet_gateway_id: str | None = None
    nat_gateway_id: str | None = None
    vpc_peering_connection_id: str | None = None


def create_route(ctx: Context, request: RouteRequest) -> dict[str, object]:
    """Add a route. A request for an existing route changes nothing."""
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    route = _route(ctx, table, request)
    existing = table.route(route.destination)
    if existing is not None and existing != route:
        raise RouteAlreadyExists(f"The route identified by {route.destination} already exists; replace or delete it.")
    if existing is None and len(table.routes) >= ROUTES:
        raise RouteLimitExceeded(ROUTES)
    commit(ctx, request, *([] if existing else [Put(replace(table, routes=(*table.routes, route)))]))
    return dict(SUCCESS)


def replace_route(ctx: Context, request: RouteRequest) -> None:
    """Replace the target of a route."""
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    route = _route(ctx, table, request)
    _existing(table, route.destination)
    routes = tuple(route if former.destination == route.destination else former for former in table.routes)
    commit(ctx, request, Put(replace(table, routes=routes)))


def delete_route(ctx: Context, request: DeleteRouteRequest) -> None:
    """Delete the route for a destination."""
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    deleted = _existing(table, str(_destination(request)))
    commit(ctx, request, Put(replace(table, routes=tuple(route for route in table.routes if route != deleted))))


def _existing(table: RouteTable, destination: str) -> VpcRoute:
    route = table.route(destination)
    if route is None:
        member = "destination-ipv6-cidr-block" if ":" in destination else "destination-cidr-block"
        raise RouteNotFound(f"no route with {member} {destination} in route table {table.id}")
    return route


def _destination(request: DeleteRouteRequest) -> IPv4Network | IPv6Network:
    text, ipv6_text = request.destination_cidr_block, request.destination_ipv6_cidr_block
    if text and ipv6_text:
        raise InvalidParameterCombination("A route has one destination.")
    if ipv6_text:
        return network_of_ipv6(ipv6_text, "destinationIpv6CidrBlock")
    if not text:
        raise MissingParameter(
            "The request must contain the parameter DestinationCidrBlock or DestinationIpv6CidrBlock."
        )
    return network(text, "destinationCidrBlock")


def _route(ctx: Context, table: RouteTable, request: RouteRequest) -> VpcRoute:
    """The requested route. Raises EC2's errors."""
    destination = _destination(request)
    local = _local_range(find_in_scope(ctx.store.world, Vpc, ctx.scope, table.vpc), destination)
    if local is not None:
        raise InvalidParameterValue(
            f"The destination CIDR block {destination} is equal to or more specific than this VPC's CIDR block "
            f"{local}, which is always local here."
        )
    targets = (
        request.gateway_id,
        request.egress_only_internet_gateway_id,
        request.nat_gateway_id,
        request.vpc_peering_connection_id,
    )
    if sum(target is not None for target in targets) != 1:
        raise InvalidParameterCombination(
            "A route has one target: GatewayId, EgressOnlyInternetGatewayId, NatGatewayId or VpcPeeringConnectionId."
        )
    _check_family(request, is_ipv6=isinstance(destination, IPv6Network))
    return VpcRoute(str(destination), _target(ctx, table, request))


def _check_family(request: RouteRequest, *, is_ipv6: bool) -> None:
    """Raise InvalidParameterValue for a target that does not support the destination's address family."""
    if is_ipv6 and (request.nat_gateway_id is not None or request.vpc_peering_connection_id is not None):
        raise InvalidParameterValue(
            "moyai has no IPv6 through NAT gateways and peering connections: IPv6 stays within its VPC. A route to "
            "DestinationIpv6CidrBlock has a GatewayId or an EgressOnlyInternetGatewayId."
        )
    if not is_ipv6 and request.egress_only_internet_gateway_id is not None:
        raise InvalidParameterValue("A route to EgressOnlyInternetGatewayId has a DestinationIpv6CidrBlock.")


def _local_range(vpc: Vpc | None, destination: IPv4Network | IPv6Network) -> str | None:
    """The range of the VPC that contains the destination; None when no range does."""
    if vpc is None:
        return None
    if isinstance(destination, IPv4Network):
        return next((cidr for cidr in vpc.cidrs if destination.subnet_of(IPv4Network(cidr))), None)
    own = None if vpc.ipv6 is None else vpc.ipv6.cidr
    return own if own is not None and destination.subnet_of(IPv6Network(own)) else None


def _target(ctx: Context, table: RouteTable, request: RouteRequest) -> RouteTarget:
    if request.gateway_id is not None:
        return _gateway(ctx, table, request.gateway_id)
    if request.egress_only_internet_gateway_id is not None:
        return _egress_only_gateway(ctx, table, request.egress_only_internet_gateway_id)
    if request.nat_gateway_id is not None:
        nat = find_in_scope(ctx.store.world, NatGateway, ctx.scope, request.nat_gateway_id)
        if nat is None or nat.deleted_at is not None:
            raise NatGatewayNotFound([request.nat_gateway_id])
        if nat.vpc != table.vpc:
            raise InvalidParameterValue(f"{nat.id} is in {nat.vpc} and {table.id} in {table.vpc}.")
        return nat.id
    identity = request.vpc_peering_connection_id or ""
    peering = ctx.store.world.vpc_peerings.get(identity)
    if peering is None or table.vpc not in {side.vpc for side in peering.sides}:
        raise PeeringNotFound([identity])
    if peering.status is not PeeringStatus.ACTIVE:
        raise InvalidStateTransition(f"{identity} is {peering.status}; a route's peering connection must be active.")
    return peering.id


def _egress_only_gateway(ctx: Context, table: RouteTable, identity: str) -> RouteTarget:
    gateway = find_in_scope(ctx.store.world, EgressOnlyGateway, ctx.scope, identity)
    if gateway is None:
        raise EgressOnlyGatewayNotFound([identity])
    if gateway.vpc != table.vpc:
        raise InvalidParameterValue(f"{gateway.id} is in {gateway.vpc} and {table.id} in {table.vpc}.")
    return gateway.id


def _gateway(ctx: Context, table: RouteTable, identity: str) -> RouteTarget:
    gateway = find_in_scope(ctx.store.world, InternetGateway, ctx.scope, identity)
    if gateway is None:
        raise GatewayNotFound([identity])
    if gateway.vpc != table.vpc:
        raise GatewayNotAttached(f"resource {identity} is not attached to network {table.vpc}")
    return gateway.id
