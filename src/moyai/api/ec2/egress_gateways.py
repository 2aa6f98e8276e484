"""Egress-only internet gateways. They are only recorded: IPv6 stays within its VPC, so that no traffic leaves by them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateEgressOnlyInternetGateway.html
"""

from __future__ import annotations

from types import MappingProxyType

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, created_before, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.gateway import EgressOnlyGateway
from moyai.domain.vpc.not_found import EgressOnlyGatewayNotFound, VpcNotFound
from moyai.domain.vpc.quotas import EGRESS_ONLY_GATEWAYS, EgressOnlyInternetGatewayLimitExceeded
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import EgressOnlyGatewayId


class CreateEgressOnlyInternetGatewayRequest(ChangeRequest, frozen=True):
    vpc_id: str
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeEgressOnlyInternetGatewaysRequest(PagedRequest, frozen=True):
    egress_only_internet_gateway_ids: tuple[str, ...] = ()


class DeleteEgressOnlyInternetGatewayRequest(ChangeRequest, frozen=True):
    """The gateway to delete."""

    egress_only_internet_gateway_id: str


def create_egress_only_internet_gateway(
    ctx: Context, request: CreateEgressOnlyInternetGatewayRequest
) -> dict[str, object]:
    """Create a gateway in a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    tags = new_tags(request.tag_specifications, "egress-only-internet-gateway")
    gateway = created_before(
        ctx, ctx.store.world.egress_only_gateways, request.client_token, "another VPC", vpc=request.vpc_id
    )
    if gateway is None:
        if len(all_in_scope(ctx.store.world, EgressOnlyGateway, ctx.scope)) >= EGRESS_ONLY_GATEWAYS:
            raise EgressOnlyInternetGatewayLimitExceeded(EGRESS_ONLY_GATEWAYS)
        identity = EgressOnlyGatewayId(new_id(ctx, "eigw"))
        gateway = EgressOnlyGateway(identity, ctx.scope, vpc.id, request.client_token, tags)
        commit(ctx, request, Put(gateway))
    return {"egress_only_internet_gateway": _view(gateway), "client_token": request.client_token}


def describe_egress_only_internet_gateways(
    ctx: Context, request: DescribeEgressOnlyInternetGatewaysRequest
) -> dict[str, object]:
    """The gateways of the scope."""
    candidates = all_in_scope(ctx.store.world, EgressOnlyGateway, ctx.scope)
    page = select(_KIND, candidates, request.egress_only_internet_gateway_ids, request)
    return {"egress_only_internet_gateways": [_view(item) for item in page.items], "next_token": page.next_token}


def delete_egress_only_internet_gateway(
    ctx: Context, request: DeleteEgressOnlyInternetGatewayRequest
) -> dict[str, object]:
    """Delete a gateway. Routes to it become black holes."""
    identity = request.egress_only_internet_gateway_id
    gateway = resource_of(ctx, EgressOnlyGateway, identity, EgressOnlyGatewayNotFound, "EgressOnlyInternetGatewayId")
    commit(ctx, request, Delete(EgressOnlyGateway, gateway.id))
    return {"return_code": True}


def _view(gateway: EgressOnlyGateway) -> dict[str, object]:
    return {
        "egress_only_internet_gateway_id": gateway.id,
        "attachments": [{"vpc_id": gateway.vpc, "state": "attached"}],
        "tags": tag_list(gateway.tags),
    }


_KIND = DescribedKind[EgressOnlyGateway](
    "egress-only internet gateways",
    lambda gateway: gateway.id,
    MappingProxyType({"egress-only-internet-gateway-id": lambda g: (g.id,)}),
    EgressOnlyGatewayNotFound,
    lambda gateway: gateway.tags,
)
