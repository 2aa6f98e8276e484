"""NAT gateways.

Promise: a public NAT gateway works at once, with an address of its subnet and an elastic address. Tasks in a subnet
with a route to it reach everything that this machine reaches, if the gateway's own subnet has a route to an internet
gateway.
Refuses: private NAT gateways, which could reach nothing here.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from types import MappingProxyType

from msgspec.structs import replace

from moyai.api.ec2.change import (
    DIGITS,
    ChangeRequest,
    TagSpecification,
    commit,
    created_before,
    new_id,
    new_tags,
    resource_of,
)
from moyai.api.ec2.select import DescribedKind, DescribePageRequest, Filter, filter_page
from moyai.api.ec2.subnets import SUBNET
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import address_user, all_in_scope, attached_internet_gateway, find_in_scope
from moyai.domain.vpc.errors import (
    GatewayNotAttached,
    InsufficientAddresses,
    InvalidParameterValue,
    ResourceAlreadyAssociated,
)
from moyai.domain.vpc.gateway import ElasticAddress, NatAddress, NatGateway
from moyai.domain.vpc.not_found import AllocationNotFound, NatGatewayNotFound, SubnetNotFound
from moyai.domain.vpc.quotas import NAT_GATEWAYS, NatGatewayLimitExceeded
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import NatGatewayId, NetworkInterfaceId
from moyai.plan.network.interfaces import is_address_free, private_address


class CreateNatGatewayRequest(ChangeRequest, frozen=True):
    subnet_id: str | None = None
    allocation_id: str | None = None
    connectivity_type: str = "public"
    private_ip_address: str | None = None
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeNatGatewaysRequest(DescribePageRequest, frozen=True):
    """The gateways to describe. AWS calls the member with the filters ``Filter`` in this operation."""

    filter: tuple[Filter, ...] = ()
    nat_gateway_ids: tuple[str, ...] = ()


class NatGatewayRequest(ChangeRequest, frozen=True):
    """The NAT gateway to delete."""

    nat_gateway_id: str


def create_nat_gateway(ctx: Context, request: CreateNatGatewayRequest) -> dict[str, object]:
    """Create a gateway in a subnet."""
    if request.connectivity_type != "public":
        raise InvalidParameterValue("ConnectivityType is public here: a private NAT gateway would reach nothing.")
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    tags = new_tags(request.tag_specifications, "natgateway")
    gateway = created_before(
        ctx,
        ctx.store.world.nat_gateways,
        request.client_token,
        "other parameters",
        subnet=request.subnet_id,
        allocation=request.allocation_id,
    )
    if gateway is None:
        gateway = _new_gateway(ctx, request, subnet)
        expired_gateways = [
            Delete(NatGateway, nat_gateway.id)
            for nat_gateway in all_in_scope(ctx.store.world, NatGateway, ctx.scope)
            if not nat_gateway.visible(ctx.now)
        ]
        gateway = replace(gateway, tags=tags)
        commit(ctx, request, Put(gateway), *expired_gateways)
    return {"nat_gateway": _gateway(gateway), "client_token": request.client_token}


def describe_nat_gateways(ctx: Context, request: DescribeNatGatewaysRequest) -> dict[str, object]:
    """The gateways of the scope, including those that were deleted in the last hour."""
    nat_gateways = [
        gateway for gateway in all_in_scope(ctx.store.world, NatGateway, ctx.scope) if gateway.visible(ctx.now)
    ]
    page = filter_page(_KIND, nat_gateways, request.nat_gateway_ids, request, request.filter)
    return {"nat_gateways": [_gateway(gateway) for gateway in page.items], "next_token": page.next_token}


def delete_nat_gateway(ctx: Context, request: NatGatewayRequest) -> dict[str, object]:
    """Delete a gateway. Its elastic address still belongs to the account, and routes to it become blackholes."""
    gateway = open_gateway(ctx, request.nat_gateway_id)
    commit(ctx, request, Put(replace(gateway, deleted_at=ctx.now)))
    return {"nat_gateway_id": gateway.id}


def _new_gateway(ctx: Context, request: CreateNatGatewayRequest, subnet: Subnet) -> NatGateway:
    world = ctx.store.world
    elastic = unused_address(ctx, request.allocation_id)
    if attached_internet_gateway(world, ctx.scope, subnet.vpc) is None:
        raise GatewayNotAttached(f"Network {subnet.vpc} has no Internet gateway attached")
    zone = [
        g for g in all_in_scope(world, NatGateway, ctx.scope) if g.deleted_at is None and _zone(ctx, g) == subnet.zone
    ]
    if len(zone) >= NAT_GATEWAYS:
        raise NatGatewayLimitExceeded(NAT_GATEWAYS)
    return NatGateway(
        id=NatGatewayId(new_id(ctx, "nat")),
        scope=ctx.scope,
        vpc=subnet.vpc,
        subnet=subnet.id,
        allocation=elastic.id,
        interface=NetworkInterfaceId(f"eni-{ctx.ids.hex(DIGITS)}"),
        address=nat_private_address(ctx, subnet, request.private_ip_address),
        public_address=elastic.public_address,
        created_at=ctx.now,
        client_token=request.client_token,
    )


def nat_private_address(
    ctx: Context, subnet: Subnet, requested_address: str | None, reserved_addresses: Iterable[str] = ()
) -> str:
    """The requested address of the subnet, or a free one; none of ``reserved_addresses``.

    Raises InsufficientAddresses, InvalidParameterValue.
    """
    if requested_address is None:
        free = private_address(ctx.store.world, subnet, (), reserved_addresses)
        if free is None:
            raise InsufficientAddresses(f"The subnet {subnet.id} has no free address.")
        return free
    try:
        inside = IPv4Address(requested_address) in IPv4Network(subnet.cidr)
    except AddressValueError:
        inside = False
    is_promised = requested_address in reserved_addresses
    if not inside or is_promised or not is_address_free(ctx.store.world, subnet, requested_address):
        raise InvalidParameterValue(
            f"PrivateIpAddress {requested_address[:60]} is no free address of {subnet.id}, {subnet.cidr}."
        )
    return requested_address


def _zone(ctx: Context, gateway: NatGateway) -> str | None:
    subnet = find_in_scope(ctx.store.world, Subnet, ctx.scope, gateway.subnet)
    return None if subnet is None else subnet.zone


def _gateway(gateway: NatGateway) -> dict[str, object]:
    return {
        "nat_gateway_id": gateway.id,
        "vpc_id": gateway.vpc,
        "subnet_id": gateway.subnet,
        "connectivity_type": "public",
        "state": _state(gateway),
        "create_time": gateway.created_at,
        "delete_time": gateway.deleted_at,
        "nat_gateway_addresses": [
            nat_address(gateway, address, "succeeded" if gateway.deleted_at is None else "unassigning")
            for address in gateway.addresses
        ],
        "tags": tag_list(gateway.tags),
    }


def nat_address(gateway: NatGateway, address: NatAddress, status: str) -> dict[str, object]:
    """An address of a NAT gateway as responses have it."""
    return {
        "allocation_id": address.allocation,
        "association_id": address.association,
        "network_interface_id": gateway.interface,
        "private_ip": address.address,
        "public_ip": address.public_address,
        "is_primary": address.allocation == gateway.allocation,
        "status": status,
    }


def open_gateway(ctx: Context, identity: str) -> NatGateway:
    """The NAT gateway with this id. Raises NatGatewayNotFound, also for a deleted one."""
    gateway = resource_of(ctx, NatGateway, identity, NatGatewayNotFound, "NatGatewayId")
    if gateway.deleted_at is not None:
        raise NatGatewayNotFound([gateway.id])
    return gateway


def unused_address(ctx: Context, allocation: str | None) -> ElasticAddress:
    """The elastic address with this allocation id. Raises AllocationNotFound, and ResourceAlreadyAssociated for an
    address in use.
    """
    elastic = resource_of(ctx, ElasticAddress, allocation, AllocationNotFound, "AllocationId")
    user = address_user(ctx.store.world, elastic)
    if user is not None:
        raise ResourceAlreadyAssociated(f"elastic address {elastic.id} is already associated with {user.owner}")
    return elastic


def _state(gateway: NatGateway) -> str:
    return "available" if gateway.deleted_at is None else "deleted"


_KIND = DescribedKind[NatGateway](
    "NAT gateways",
    lambda gateway: gateway.id,
    MappingProxyType(
        {
            "nat-gateway-id": lambda g: (g.id,),
            "state": lambda g: (_state(g),),
            "subnet-id": lambda g: (g.subnet,),
            "vpc-id": lambda g: (g.vpc,),
        }
    ),
    NatGatewayNotFound,
    lambda gateway: gateway.tags,
)
