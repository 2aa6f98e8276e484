"""Internet gateways.

Promise: a VPC has at most one internet gateway. Through it, tasks with a public address reach everything that this
machine reaches.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.api.ec2.change import SUCCESS, ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.elb.load_balancer import Scheme
from moyai.domain.queries.vpc import all_in_scope, attached_internet_gateway
from moyai.domain.vpc.errors import DependencyViolation, GatewayNotAttached, ResourceAlreadyAssociated
from moyai.domain.vpc.gateway import InternetGateway
from moyai.domain.vpc.not_found import InternetGatewayNotFound, VpcNotFound
from moyai.domain.vpc.quotas import INTERNET_GATEWAYS, InternetGatewayLimitExceeded
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import InternetGatewayId

GATEWAY: Final = "InternetGatewayId"


class CreateInternetGatewayRequest(ChangeRequest, frozen=True):
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeInternetGatewaysRequest(PagedRequest, frozen=True):
    internet_gateway_ids: tuple[str, ...] = ()


class InternetGatewayRequest(ChangeRequest, frozen=True):
    """The internet gateway to delete."""

    internet_gateway_id: str


class AttachmentRequest(ChangeRequest, frozen=True):
    """An internet gateway, and the VPC to attach it to, or to detach it from."""

    internet_gateway_id: str
    vpc_id: str


def create_internet_gateway(ctx: Context, request: CreateInternetGatewayRequest) -> dict[str, object]:
    """Create a gateway, which is not attached to a VPC yet."""
    tags = new_tags(request.tag_specifications, "internet-gateway")
    if len(all_in_scope(ctx.store.world, InternetGateway, ctx.scope)) >= INTERNET_GATEWAYS:
        raise InternetGatewayLimitExceeded(INTERNET_GATEWAYS)
    gateway = InternetGateway(InternetGatewayId(new_id(ctx, "igw")), ctx.scope, tags=tags)
    commit(ctx, request, Put(gateway))
    return {"internet_gateway": _gateway(gateway)}


def describe_internet_gateways(ctx: Context, request: DescribeInternetGatewaysRequest) -> dict[str, object]:
    """The gateways of the scope."""
    candidates = all_in_scope(ctx.store.world, InternetGateway, ctx.scope)
    page = select(_KIND, candidates, request.internet_gateway_ids, request)
    return {"internet_gateways": [_gateway(item) for item in page.items], "next_token": page.next_token}


def attach_internet_gateway(ctx: Context, request: AttachmentRequest) -> dict[str, object]:
    """Attach a gateway to a VPC."""
    gateway = _gateway_of(ctx, request.internet_gateway_id)
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    if gateway.vpc is not None:
        raise ResourceAlreadyAssociated(f"resource {gateway.id} is already attached to network {gateway.vpc}")
    other = attached_internet_gateway(ctx.store.world, ctx.scope, vpc.id)
    if other is not None:
        raise ResourceAlreadyAssociated(f"Network {vpc.id} already has an internet gateway attached: {other.id}")
    commit(ctx, request, Put(replace(gateway, vpc=vpc.id)))
    return dict(SUCCESS)


def detach_internet_gateway(ctx: Context, request: AttachmentRequest) -> dict[str, object]:
    """Detach a gateway from a VPC in which nothing has a public address."""
    gateway = _gateway_of(ctx, request.internet_gateway_id)
    if gateway.vpc != request.vpc_id:
        raise GatewayNotAttached(f"resource {gateway.id} is not attached to network {request.vpc_id}")
    world = ctx.store.world
    mapped_addresses = [
        *(task.interface.id for task in world.tasks.each("vpc", gateway.vpc) if task.interface.public_address),
        *(nat.id for nat in world.nat_gateways.by("vpc", gateway.vpc)),
        *(b.arn for b in world.load_balancers.each("vpc", gateway.vpc) if b.scheme is Scheme.INTERNET_FACING),
    ]
    if mapped_addresses:
        raise DependencyViolation(
            f"Network {gateway.vpc} has some mapped public address(es): {', '.join(mapped_addresses[:5])}. Stop or "
            "delete the resources that have them before detaching the gateway."
        )
    commit(ctx, request, Put(replace(gateway, vpc=None)))
    return dict(SUCCESS)


def delete_internet_gateway(ctx: Context, request: InternetGatewayRequest) -> dict[str, object]:
    """Delete a gateway that is not attached to a VPC."""
    gateway = _gateway_of(ctx, request.internet_gateway_id)
    if gateway.vpc is not None:
        raise DependencyViolation(
            f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted: it is attached to "
            f"{gateway.vpc}."
        )
    commit(ctx, request, Delete(InternetGateway, gateway.id))
    return dict(SUCCESS)


def _gateway_of(ctx: Context, identity: str) -> InternetGateway:
    return resource_of(ctx, InternetGateway, identity, InternetGatewayNotFound, GATEWAY)


def _gateway(gateway: InternetGateway) -> dict[str, object]:
    return {
        "internet_gateway_id": gateway.id,
        "owner_id": gateway.scope.account,
        "attachments": [] if gateway.vpc is None else [{"vpc_id": gateway.vpc, "state": "available"}],
        "tags": tag_list(gateway.tags),
    }


_KIND = DescribedKind[InternetGateway](
    "internet gateways",
    lambda gateway: gateway.id,
    MappingProxyType(
        {
            "internet-gateway-id": lambda g: (g.id,),
            "attachment.vpc-id": lambda g: () if g.vpc is None else (g.vpc,),
            "attachment.state": lambda g: () if g.vpc is None else ("available",),
            "owner-id": lambda g: (g.scope.account,),
        }
    ),
    InternetGatewayNotFound,
    lambda gateway: gateway.tags,
)
