"""VPC endpoints: create, describe, modify, delete. They are only recorded.

Promise: an endpoint is available at once. It has no network interface and no domain names, and changes no traffic,
because tasks reach moyai's API with or without it.
Refuses: endpoints for load balancers, resources and service networks, and services that do not exist.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import (
    SUCCESS,
    ChangeRequest,
    TagSpecification,
    commit,
    created_before,
    new_id,
    new_tags,
    resource_of,
)
from moyai.api.ec2.endpoint_parts import PartIds, checked_parts, checked_policy
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope, default_security_group, find_in_scope
from moyai.domain.vpc.endpoint import DEFAULT_POLICY, EndpointType, VpcEndpoint, endpoint_services
from moyai.domain.vpc.errors import InvalidParameterValue, InvalidServiceName
from moyai.domain.vpc.not_found import VpcEndpointNotFound, VpcNotFound
from moyai.domain.vpc.quotas import ENDPOINTS, VpcEndpointLimitExceeded
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.ids import RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId

_IPV4 = "ipv4"


class DnsOptions(msgspec.Struct, frozen=True):
    """The type of the DNS records for an endpoint's names."""

    dns_record_ip_type: str = _IPV4


class CreateVpcEndpointRequest(ChangeRequest, frozen=True):
    vpc_id: str
    vpc_endpoint_type: str = EndpointType.GATEWAY
    service_name: str = ""
    policy_document: str | None = None
    route_table_ids: tuple[str, ...] = ()
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    ip_address_type: str = _IPV4
    dns_options: DnsOptions = DnsOptions()
    private_dns_enabled: bool | None = None
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeVpcEndpointsRequest(PagedRequest, frozen=True):
    vpc_endpoint_ids: tuple[str, ...] = ()


class ModifyVpcEndpointRequest(ChangeRequest, frozen=True):
    vpc_endpoint_id: str
    reset_policy: bool = False
    policy_document: str | None = None
    add_route_table_ids: tuple[str, ...] = ()
    remove_route_table_ids: tuple[str, ...] = ()
    add_subnet_ids: tuple[str, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    add_security_group_ids: tuple[str, ...] = ()
    remove_security_group_ids: tuple[str, ...] = ()
    ip_address_type: str = _IPV4
    dns_options: DnsOptions = DnsOptions()
    private_dns_enabled: bool | None = None


class DeleteVpcEndpointsRequest(ChangeRequest, frozen=True):
    """The endpoints to delete."""

    vpc_endpoint_ids: tuple[str, ...]


def create_vpc_endpoint(ctx: Context, request: CreateVpcEndpointRequest) -> dict[str, object]:
    """Create an endpoint in a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    tags = new_tags(request.tag_specifications, "vpc-endpoint")
    kind = _type(ctx, request)
    _check_addresses(request.ip_address_type, request.dns_options)
    parts = checked_parts(
        ctx, vpc, kind, PartIds(request.route_table_ids, request.subnet_ids, request.security_group_ids)
    )
    policy = checked_policy(request.policy_document)
    endpoint = created_before(
        ctx,
        ctx.store.world.vpc_endpoints,
        request.client_token,
        "other parameters",
        vpc=request.vpc_id,
        service=request.service_name,
    )
    if endpoint is None:
        if ctx.store.world.vpc_endpoints.count("vpc", vpc.id) >= ENDPOINTS:
            raise VpcEndpointLimitExceeded(ENDPOINTS)
        is_interface = kind is EndpointType.INTERFACE
        endpoint = VpcEndpoint(
            id=VpcEndpointId(new_id(ctx, "vpce")),
            scope=ctx.scope,
            vpc=vpc.id,
            type=kind,
            service=request.service_name,
            created_at=ctx.now,
            policy=policy or DEFAULT_POLICY,
            route_tables=tuple(map(RouteTableId, parts.route_tables)),
            subnets=tuple(map(SubnetId, parts.subnets)),
            security_groups=_groups(ctx, vpc, parts, is_interface=is_interface),
            private_dns=is_interface if request.private_dns_enabled is None else request.private_dns_enabled,
            client_token=request.client_token,
            tags=tags,
        )
        commit(ctx, request, Put(endpoint))
    return {"vpc_endpoint": _view(ctx.store.world, endpoint), "client_token": request.client_token}


def describe_vpc_endpoints(ctx: Context, request: DescribeVpcEndpointsRequest) -> dict[str, object]:
    """The endpoints of the scope."""
    candidates = all_in_scope(ctx.store.world, VpcEndpoint, ctx.scope)
    page = select(_KIND, candidates, request.vpc_endpoint_ids, request)
    return {"vpc_endpoints": [_view(ctx.store.world, item) for item in page.items], "next_token": page.next_token}


def modify_vpc_endpoint(ctx: Context, request: ModifyVpcEndpointRequest) -> dict[str, object]:
    """Change an endpoint's policy, its private DNS, or its route tables, subnets and security groups."""
    endpoint = resource_of(ctx, VpcEndpoint, request.vpc_endpoint_id, VpcEndpointNotFound, "VpcEndpointId")
    vpc = resource_of(ctx, Vpc, endpoint.vpc, VpcNotFound, VPC)
    _check_addresses(request.ip_address_type, request.dns_options)
    part_ids = PartIds(
        _with_changes(endpoint.route_tables, request.add_route_table_ids, request.remove_route_table_ids),
        _with_changes(endpoint.subnets, request.add_subnet_ids, request.remove_subnet_ids),
        _with_changes(endpoint.security_groups, request.add_security_group_ids, request.remove_security_group_ids),
    )
    parts = checked_parts(ctx, vpc, endpoint.type, part_ids)
    policy = DEFAULT_POLICY if request.reset_policy else checked_policy(request.policy_document)
    private_dns = endpoint.private_dns if request.private_dns_enabled is None else request.private_dns_enabled
    changed_endpoint = replace(
        endpoint,
        policy=policy or endpoint.policy,
        route_tables=parts.route_tables,
        subnets=parts.subnets,
        security_groups=parts.security_groups,
        private_dns=private_dns,
    )
    commit(ctx, request, Put(changed_endpoint))
    return dict(SUCCESS)


def delete_vpc_endpoints(ctx: Context, request: DeleteVpcEndpointsRequest) -> dict[str, object]:
    """Delete endpoints. The response has an error for each id that does not exist."""
    endpoints = {
        each: find_in_scope(ctx.store.world, VpcEndpoint, ctx.scope, each) for each in request.vpc_endpoint_ids
    }
    commit(ctx, request, *(Delete(VpcEndpoint, each.id) for each in endpoints.values() if each is not None))
    unknown = ((each, VpcEndpointNotFound([each])) for each, endpoint in endpoints.items() if endpoint is None)
    return {
        "unsuccessful": [
            {"resource_id": identity, "error": {"code": error.code, "message": str(error)}}
            for identity, error in unknown
        ]
    }


def _type(ctx: Context, request: CreateVpcEndpointRequest) -> EndpointType:
    if request.vpc_endpoint_type not in set(EndpointType):
        raise InvalidParameterValue(f"VpcEndpointType is Interface or Gateway here, not {request.vpc_endpoint_type}.")
    kind = EndpointType(request.vpc_endpoint_type)
    services = endpoint_services(ctx.scope.region)
    if not any(service.name == request.service_name and kind in service.types for service in services):
        raise InvalidServiceName(f"The Vpc Endpoint Service '{request.service_name[:200]}' does not exist")
    return kind


def _check_addresses(address_type: str, options: DnsOptions) -> None:
    if address_type != _IPV4 or options.dns_record_ip_type not in {_IPV4, "service-defined"}:
        raise InvalidParameterValue(f"IpAddressType and DnsRecordIpType are {_IPV4} here.")


def _groups(ctx: Context, vpc: Vpc, parts: PartIds, *, is_interface: bool) -> tuple[SecurityGroupId, ...]:
    """The security groups of a new endpoint. An interface endpoint without any gets the VPC's default group."""
    if parts.security_groups or not is_interface:
        return tuple(map(SecurityGroupId, parts.security_groups))
    default = default_security_group(ctx.store.world, ctx.scope, vpc.id)
    return () if default is None else (default.id,)


def _with_changes(present: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(identity for identity in dict.fromkeys((*present, *added)) if identity not in removed)


def _view(world: World, endpoint: VpcEndpoint) -> dict[str, object]:
    groups = (find_in_scope(world, SecurityGroup, endpoint.scope, group) for group in endpoint.security_groups)
    return {
        "vpc_endpoint_id": endpoint.id,
        "vpc_endpoint_type": endpoint.type,
        "vpc_id": endpoint.vpc,
        "service_name": endpoint.service,
        "service_region": endpoint.scope.region,
        "state": "available",
        "policy_document": endpoint.policy,
        "route_table_ids": endpoint.route_tables,
        "subnet_ids": endpoint.subnets,
        "groups": [{"group_id": group.id, "group_name": group.name} for group in groups if group is not None],
        "ip_address_type": _IPV4,
        "dns_options": {"dns_record_ip_type": _IPV4} if endpoint.type is EndpointType.INTERFACE else {},
        "private_dns_enabled": endpoint.private_dns,
        "requester_managed": False,
        "network_interface_ids": [],
        "dns_entries": [],
        "creation_timestamp": endpoint.created_at,
        "owner_id": endpoint.scope.account,
        "tags": tag_list(endpoint.tags),
    }


_KIND = DescribedKind[VpcEndpoint](
    "VPC endpoints",
    lambda endpoint: endpoint.id,
    MappingProxyType(
        {
            "vpc-endpoint-id": lambda e: (e.id,),
            "vpc-endpoint-type": lambda e: (e.type,),
            "vpc-endpoint-state": lambda _: ("available",),
            "vpc-id": lambda e: (e.vpc,),
            "service-name": lambda e: (e.service,),
            "ip-address-type": lambda _: (_IPV4,),
        }
    ),
    VpcEndpointNotFound,
    lambda endpoint: endpoint.tags,
)
