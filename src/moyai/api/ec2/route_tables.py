"""Route tables and the subnets that are associated with them.

Promise: a subnet uses one table: that with which it is associated, or its VPC's main one. Another table can be made the
main one; the main table can't be deleted.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, created_before, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.ec2.subnets import SUBNET
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context, operation
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc, find_in_scope
from moyai.domain.vpc.errors import DependencyViolation, InvalidParameterValue, ResourceAlreadyAssociated
from moyai.domain.vpc.not_found import (
    AssociationNotFound,
    RouteTableNotFound,
    SubnetNotFound,
    VpcNotFound,
    VpnGatewayNotFound,
)
from moyai.domain.vpc.quotas import ROUTE_TABLES, RouteTableLimitExceeded
from moyai.domain.vpc.route_table import RouteTable, RouteTableAssociation, VpcRoute
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.ids import RouteTableId
from moyai.plan.network.routing import route_target

TABLE: Final = "RouteTableId"
_NO_GATEWAYS: Final = "no virtual private gateways"
_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "igw": "gateway_id",
        "eigw": "egress_only_internet_gateway_id",
        "nat": "nat_gateway_id",
        "pcx": "vpc_peering_connection_id",
    }
)
"""The member of a route in responses for its target, by the prefix of the target's id."""
_ASSOCIATED: Mapping[str, str] = MappingProxyType({"state": "associated"})


class CreateRouteTableRequest(ChangeRequest, frozen=True):
    vpc_id: str
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeRouteTablesRequest(PagedRequest, frozen=True):
    route_table_ids: tuple[str, ...] = ()


class RouteTableRequest(ChangeRequest, frozen=True):
    """The route table to delete."""

    route_table_id: str


class AssociateRouteTableRequest(ChangeRequest, frozen=True):
    """The table, and the subnet that gets it."""

    route_table_id: str
    subnet_id: str | None = None


class DisassociateRouteTableRequest(ChangeRequest, frozen=True):
    """The association to remove."""

    association_id: str


class ReplaceRouteTableAssociationRequest(ChangeRequest, frozen=True):
    """The association to replace, and the table that it gets."""

    association_id: str
    route_table_id: str


class VgwRoutePropagationRequest(ChangeRequest, frozen=True):
    """A virtual private gateway, and the table to which its routes are propagated."""

    gateway_id: str
    route_table_id: str


def create_route_table(ctx: Context, request: CreateRouteTableRequest) -> dict[str, object]:
    """Create a route table with the VPC's local route."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    tags = new_tags(request.tag_specifications, "route-table")
    table = created_before(ctx, ctx.store.world.route_tables, request.client_token, "another VPC", vpc=request.vpc_id)
    if table is None:
        if len(all_in_vpc(ctx.store.world, RouteTable, ctx.scope, vpc.id)) >= ROUTE_TABLES:
            raise RouteTableLimitExceeded(ROUTE_TABLES)
        identity = RouteTableId(new_id(ctx, "rtb"))
        table = RouteTable(identity, vpc.id, ctx.scope, client_token=request.client_token, tags=tags)
        commit(ctx, request, Put(table))
    return {"route_table": _table(ctx.store.world, table), "client_token": request.client_token}


@operation(always_refused=_NO_GATEWAYS)
def enable_vgw_route_propagation(ctx: Context, request: VgwRoutePropagationRequest) -> None:
    """Refuse to propagate routes from a virtual private gateway, because there is none."""
    _refuse_propagation(ctx, request)


@operation(always_refused=_NO_GATEWAYS)
def disable_vgw_route_propagation(ctx: Context, request: VgwRoutePropagationRequest) -> None:
    """Refuse to end the propagation of routes from a virtual private gateway, because there is none."""
    _refuse_propagation(ctx, request)


def describe_route_tables(ctx: Context, request: DescribeRouteTablesRequest) -> dict[str, object]:
    """The tables of the scope with their routes."""
    tables = all_in_scope(ctx.store.world, RouteTable, ctx.scope)
    page = select(_KIND, tables, request.route_table_ids, request)
    return {
        "route_tables": [_table(ctx.store.world, item) for item in page.items],
        "next_token": page.next_token,
    }


def delete_route_table(ctx: Context, request: RouteTableRequest) -> None:
    """Delete a table that has no associations."""
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    if table.associations:
        reason = "is its VPC's main route table" if table.is_main else f"has subnet {table.associations[0].subnet}"
        raise DependencyViolation(f"The routeTable '{table.id}' has dependencies and cannot be deleted: it {reason}.")
    commit(ctx, request, Delete(RouteTable, table.id))


def associate_route_table(ctx: Context, request: AssociateRouteTableRequest) -> dict[str, object]:
    """Associate a subnet with a route table."""
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    if subnet.vpc != table.vpc:
        raise InvalidParameterValue(f"{table.id} is in {table.vpc} and {subnet.id} in {subnet.vpc}.")
    subnet_associations = [
        (route_table, a)
        for route_table in ctx.store.world.route_tables.by("subnet", subnet.id)
        for a in route_table.associations
    ]
    for other_table, association in subnet_associations:
        if association.subnet == subnet.id and other_table.id == table.id:
            return {"association_id": association.id, "association_state": _ASSOCIATED}
        if association.subnet == subnet.id:
            raise ResourceAlreadyAssociated(
                f"the specified association for route table {table.id} conflicts with an existing association: "
                f"{subnet.id} is associated with {other_table.id} ({association.id}). Replace that association."
            )
    new_association = RouteTableAssociation(new_id(ctx, "rtbassoc"), subnet.id)
    commit(ctx, request, Put(replace(table, associations=(*table.associations, new_association))))
    return {"association_id": new_association.id, "association_state": _ASSOCIATED}


def disassociate_route_table(ctx: Context, request: DisassociateRouteTableRequest) -> None:
    """Remove the association of a subnet, which then uses the main route table."""
    table, association = _association(ctx, request.association_id)
    if association.subnet is None:
        raise InvalidParameterValue(
            f"cannot disassociate the main route table association {association.id}; replace it instead."
        )
    commit(ctx, request, Put(_without(table, association)))


def replace_route_table_association(ctx: Context, request: ReplaceRouteTableAssociationRequest) -> dict[str, object]:
    """Associate a subnet with another table, or, by the main table's association, make another table the main one."""
    former_table, association = _association(ctx, request.association_id)
    table = resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    if table.vpc != former_table.vpc:
        raise InvalidParameterValue(f"{table.id} is in {table.vpc} and {former_table.id} in {former_table.vpc}.")
    new_association = replace(association, id=new_id(ctx, "rtbassoc"))
    new_table = _without(former_table, association) if table.id == former_table.id else table
    changed = replace(new_table, associations=(*new_table.associations, new_association))
    others = [] if table.id == former_table.id else [Put(_without(former_table, association))]
    commit(ctx, request, *others, Put(changed))
    return {"new_association_id": new_association.id, "association_state": _ASSOCIATED}


def _refuse_propagation(ctx: Context, request: VgwRoutePropagationRequest) -> None:
    """Raise VpnGatewayNotFound, also for a dry run, because the request itself could not succeed."""
    resource_of(ctx, RouteTable, request.route_table_id, RouteTableNotFound, TABLE)
    raise VpnGatewayNotFound([request.gateway_id])


def _association(ctx: Context, identity: str) -> tuple[RouteTable, RouteTableAssociation]:
    tables = all_in_scope(ctx.store.world, RouteTable, ctx.scope)
    associations = (
        (table, association) for table in tables for association in table.associations if association.id == identity
    )
    table_and_association = next(associations, None)
    if table_and_association is None:
        raise AssociationNotFound([identity])
    return table_and_association


def _without(table: RouteTable, association: RouteTableAssociation) -> RouteTable:
    return replace(table, associations=tuple(each for each in table.associations if each.id != association.id))


def _table(world: World, table: RouteTable) -> dict[str, object]:
    vpc = find_in_scope(world, Vpc, table.scope, table.vpc)
    local = [] if vpc is None else list(_local(vpc))
    return {
        "route_table_id": table.id,
        "vpc_id": table.vpc,
        "owner_id": table.scope.account,
        "routes": [*local, *(_route(world, vpc, route) for route in table.routes)],
        "associations": [
            {
                "route_table_association_id": association.id,
                "route_table_id": table.id,
                "subnet_id": association.subnet,
                "main": association.subnet is None,
                "association_state": _ASSOCIATED,
            }
            for association in table.associations
        ],
        "propagating_vgws": [],
        "tags": tag_list(table.tags),
    }


def _local(vpc: Vpc) -> Iterator[dict[str, object]]:
    members = {"gateway_id": "local", "origin": "CreateRouteTable", "state": "active"}
    for cidr in vpc.cidrs:
        yield {"destination_cidr_block": cidr, **members}
    if vpc.ipv6 is not None:
        yield {"destination_ipv6_cidr_block": vpc.ipv6.cidr, **members}


def _route(world: World, vpc: Vpc | None, route: VpcRoute) -> dict[str, object]:
    works = vpc is not None and route_target(world, vpc, route) is not None
    return {
        "destination_ipv6_cidr_block" if route.is_ipv6 else "destination_cidr_block": route.destination,
        _MEMBERS[route.target.partition("-")[0]]: route.target,
        "origin": "CreateRoute",
        "state": "active" if works else "blackhole",
    }


def _targets(kind: str, table: RouteTable) -> list[str]:
    return [route.target for route in table.routes if route.target.startswith(kind)]


_KIND = DescribedKind[RouteTable](
    "route tables",
    lambda table: table.id,
    MappingProxyType(
        {
            "route-table-id": lambda t: (t.id,),
            "vpc-id": lambda t: (t.vpc,),
            "owner-id": lambda t: (t.scope.account,),
            "association.main": lambda t: [*flag(t.is_main), *(("false",) if len(t.associations) > 1 else ())],
            "association.subnet-id": lambda t: [each.subnet for each in t.associations if each.subnet is not None],
            "association.route-table-association-id": lambda t: [each.id for each in t.associations],
            "association.route-table-id": lambda t: (t.id,) if t.associations else (),
            "route.destination-cidr-block": lambda t: [route.destination for route in t.ipv4_routes],
            "route.destination-ipv6-cidr-block": lambda t: [each.destination for each in t.routes if each.is_ipv6],
            "route.egress-only-internet-gateway-id": lambda t: _targets("eigw-", t),
            "route.gateway-id": lambda t: ["local", *_targets("igw-", t)],
            "route.nat-gateway-id": lambda t: _targets("nat-", t),
            "route.vpc-peering-connection-id": lambda t: _targets("pcx-", t),
        }
    ),
    RouteTableNotFound,
    lambda table: table.tags,
)
