"""Gateways: create, update, delete, describe, list.

Promise: a gateway is ACTIVE at once, and has no load balancer before a service joins it. An update changes all of its
load balancers in one step, and is complete when the front proxy has acknowledged the change for each of them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateGateway.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateGateway.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.express.network import default_subnets, place_in
from moyai.api.ecs.express.settings import check_role
from moyai.api.ecs.gateways.lookup import gateway_arn, known_gateway
from moyai.api.ecs.gateways.settings import (
    AlbRequest,
    ConfigurationRequest,
    UpdateAlbRequest,
    UpdateConfigurationRequest,
    attributes_after,
    balancer_count,
    check_listener,
    ip_address_type,
    traffic_header,
)
from moyai.api.ecs.gateways.view import balancers_of, gateway_view, summary
from moyai.api.ecs.lookup import NAME, tag_rules
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.idempotency import fingerprint, token_of
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import GATEWAYS, LOAD_BALANCERS, GatewayStatus, ServiceGateway
from moyai.domain.ecs.ingress import AccessType
from moyai.domain.elb.load_balancer import Scheme
from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import find_in_scope, store_default_vpc
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import SecurityGroupId, SubnetId, VpcId
from moyai.plan.elb.new_records import Creation
from moyai.plan.ingress.gateway_changes import update_balancers

_MOST_NAMES: Final = 10
_LONGEST_TOKEN: Final = 36
_GATEWAY, _NONE = "GATEWAY", "NONE"


class CreateGatewayRequest(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    infrastructure_role_arn: str
    configuration: ConfigurationRequest
    client_token: str | None = None
    deletion_protection: bool | None = None
    propagate_tags: str = _GATEWAY
    tags: tuple[Tag, ...] = ()


class UpdateGatewayRequest(msgspec.Struct, frozen=True, kw_only=True):
    gateway: str
    infrastructure_role_arn: str | None = None
    deletion_protection: bool | None = None
    configuration: UpdateConfigurationRequest | None = None
    propagate_tags: str | None = None


class GatewayRequest(msgspec.Struct, frozen=True):
    """The gateway that an operation is about."""

    gateway: str


class ListGatewaysRequest(PageRequest, frozen=True):
    names: tuple[str, ...] = ()
    status: frozenset[str] = frozenset()


def create_gateway(ctx: Context, request: CreateGatewayRequest) -> dict[str, object]:
    """Create a gateway, or return the one of this name that a request with the same token created."""
    if not NAME.fullmatch(request.name):
        raise InvalidParameter("name must be 1-255 letters, digits, underscores and hyphens.")
    check_role("infrastructureRoleArn", request.infrastructure_role_arn)
    token = fingerprint(request.client_token, request, longest=_LONGEST_TOKEN, fault=InvalidParameter)
    key, table = gateway_arn(ctx, request.name), ctx.store.world.service_gateways
    existing = table.get(key)
    if existing is not None:
        if token is None or token_of(existing.client_token) != request.client_token:
            raise InvalidParameter(
                f"A gateway with the name {request.name} already exists, and this request does not repeat the one that"
                " created it."
            )
        return summary(existing)
    if table.count("scope", scope_key(ctx.scope)) >= GATEWAYS:
        raise InvalidParameter(f"There are {GATEWAYS} gateways in the region, which is the maximum.")
    alb = request.configuration.host_shared_alb
    if alb is None:
        raise InvalidParameter("configuration must have hostSharedAlb.")
    gateway = replace(_new_gateway(ctx, request, alb), client_token=token)
    ctx.store.apply([*store_default_vpc(ctx.store.world, ctx.scope), Put(gateway)])
    return summary(gateway)


def update_gateway(ctx: Context, request: UpdateGatewayRequest) -> dict[str, object]:
    """Change a gateway and its load balancers."""
    gateway = known_gateway(ctx, request.gateway)
    if request.infrastructure_role_arn is not None:
        check_role("infrastructureRoleArn", request.infrastructure_role_arn)
    configuration = request.configuration or UpdateConfigurationRequest()
    updated = _with_configuration(ctx, gateway, configuration.host_shared_alb or UpdateAlbRequest())
    protection, propagation = request.deletion_protection, request.propagate_tags
    updated = replace(
        updated,
        infrastructure_role=request.infrastructure_role_arn or gateway.infrastructure_role,
        deletion_protection=gateway.deletion_protection if protection is None else protection,
        propagates_tags=gateway.propagates_tags if propagation is None else propagation == _GATEWAY,
        updated_at=ctx.now,
    )
    changed, changes = update_balancers(ctx.store.world, Creation(ctx.scope, ctx.now, ctx.ids), gateway, updated)
    ctx.store.apply([*changes, Put(changed)])
    return {**summary(changed), "status": GatewayStatus.UPDATE_IN_PROGRESS}


def delete_gateway(ctx: Context, request: GatewayRequest) -> dict[str, object]:
    """Delete a gateway that is not protected and has no associations."""
    gateway = known_gateway(ctx, request.gateway)
    if gateway.deletion_protection:
        raise InvalidParameter(
            f"The gateway {gateway.name} can't be deleted because deletion protection is enabled. Disable it with"
            " UpdateGateway."
        )
    clusters = [a.cluster for a in ctx.store.world.gateway_associations.by("gateway", gateway.arn)]
    if clusters:
        raise InvalidParameter(
            f"The gateway {gateway.name} can't be deleted because clusters are associated with it:"
            f" {', '.join(clusters[:5])}. Use DisassociateGatewayFromCluster."
        )
    ctx.store.apply([Delete(ServiceGateway, gateway.key)])
    return {**summary(gateway), "status": GatewayStatus.DELETED}


def describe_gateway(ctx: Context, request: GatewayRequest) -> dict[str, object]:
    """A gateway with its settings."""
    return {"gateway": gateway_view(ctx.store.world, known_gateway(ctx, request.gateway))}


def list_gateways(ctx: Context, request: ListGatewaysRequest) -> dict[str, object]:
    """A page of the gateways with these names and statuses."""
    if len(request.names) > _MOST_NAMES:
        raise InvalidParameter(f"names can have at most {_MOST_NAMES} items.")
    gateways = {
        str(gateway.arn): gateway
        for gateway in ctx.store.world.service_gateways.each("scope", scope_key(ctx.scope))
        if (not request.names or gateway.name in request.names)
        and (not request.status or gateway.status in request.status)
    }
    listing = ("ListGateways", *sorted(request.names), "", *sorted(request.status))
    page = paginate(gateways, PageQuery(listing, request.next_token, request.max_results))
    listed = [{**summary(gateways[key]), "created_at": gateways[key].created_at} for key in page.keys]
    return {"gateways": listed, "next_token": page.next_token}


def _new_gateway(ctx: Context, request: CreateGatewayRequest, alb: AlbRequest) -> ServiceGateway:
    check_listener(alb)
    network = alb.network_configuration
    subnets = () if network is None else tuple(SubnetId(subnet) for subnet in dict.fromkeys(network.subnets))
    for identity in subnets:
        if find_in_scope(ctx.store.world, Subnet, ctx.scope, identity) is None:
            raise InvalidParameter(f"networkConfiguration.subnets: the subnet ID '{identity[:100]}' does not exist.")
    place = place_in(ctx, subnets or default_subnets(ctx))
    if len({subnet.vpc for subnet in place.subnets}) > 1:
        raise InvalidParameter("networkConfiguration.subnets must belong to the same VPC.")
    access = AccessType.PUBLIC if alb.scheme is Scheme.INTERNET_FACING else AccessType.PRIVATE
    if access is AccessType.PUBLIC and place.access is AccessType.PRIVATE:
        raise InvalidParameter(
            "networkConfiguration.subnets: internet-facing load balancers need subnets with a route to an internet"
            " gateway."
        )
    inbound = None if network is None else network.inbound_security_group
    return ServiceGateway(
        arn=gateway_arn(ctx, request.name),
        name=request.name,
        infrastructure_role=request.infrastructure_role_arn,
        vpc=place.vpc.id,
        subnets=tuple(subnet.id for subnet in place.subnets),
        access=access,
        created_at=ctx.now,
        updated_at=ctx.now,
        inbound_group=_inbound_group(ctx, inbound, place.vpc.id),
        ip_address_type=ip_address_type(network, place.subnets),
        max_balancers=balancer_count(alb.max_alb_count, LOAD_BALANCERS, 0),
        attributes=attributes_after(alb, {}),
        test_header=traffic_header(alb.test_traffic_rules, None),
        deletion_protection=request.deletion_protection is not False,
        propagates_tags=request.propagate_tags == _GATEWAY,
        tags=checked_tags(tag_rules("gateway"), request.tags),
    )


def _with_configuration(ctx: Context, gateway: ServiceGateway, alb: UpdateAlbRequest) -> ServiceGateway:
    network = alb.network_configuration
    inbound = gateway.inbound_group
    if network is not None and network.inbound_security_group is not None:
        inbound = _inbound_group(ctx, network.inbound_security_group, gateway.vpc)
    current = len(balancers_of(ctx.store.world, gateway))
    return replace(
        gateway,
        inbound_group=inbound,
        max_balancers=balancer_count(alb.max_alb_count, gateway.max_balancers, current),
        attributes=attributes_after(alb, gateway.attributes),
        test_header=traffic_header(alb.test_traffic_rules, gateway.test_header),
    )


def _inbound_group(ctx: Context, identity: str | None, vpc: VpcId) -> SecurityGroupId | None:
    if identity is None:
        return None
    group = find_in_scope(ctx.store.world, SecurityGroup, ctx.scope, identity)
    if group is None or group.vpc != vpc:
        raise InvalidParameter(f"inboundSecurityGroup: there is no security group '{identity[:100]}' in {vpc}.")
    return group.id
