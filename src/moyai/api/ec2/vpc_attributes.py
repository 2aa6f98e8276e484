"""Attributes of VPCs, and their tenancy.

Promise: ``EnableDnsHostnames`` is stored and shown, and has no effect, because tasks have a resolver in any case.
Refuses: values of other attributes that would have an effect which moyai does not have.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html, API_ModifyVpcTenancy.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, commit, resource_of
from moyai.api.ec2.vpcs import VPC, check_tenancy
from moyai.api.operation import Context
from moyai.domain.vpc.errors import InvalidParameterCombination, InvalidParameterValue
from moyai.domain.vpc.not_found import VpcNotFound
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Put


class AttributeValue(msgspec.Struct, frozen=True):
    """The value of a boolean attribute."""

    value: bool = False


class ModifyVpcAttributeRequest(msgspec.Struct, frozen=True):
    """The new value of an attribute of a VPC."""

    vpc_id: str
    enable_dns_hostnames: AttributeValue | None = None
    enable_dns_support: AttributeValue | None = None
    enable_network_address_usage_metrics: AttributeValue | None = None


class DescribeVpcAttributeRequest(ChangeRequest, frozen=True):
    """The attribute of a VPC to describe."""

    attribute: str
    vpc_id: str


class ModifyVpcTenancyRequest(ChangeRequest, frozen=True):
    vpc_id: str
    instance_tenancy: str


def modify_vpc_attribute(ctx: Context, request: ModifyVpcAttributeRequest) -> None:
    """Set an attribute. Only EnableDnsHostnames can be changed, without an effect."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    attributes = [
        name
        for name, value in (
            ("EnableDnsHostnames", request.enable_dns_hostnames),
            ("EnableDnsSupport", request.enable_dns_support),
            ("EnableNetworkAddressUsageMetrics", request.enable_network_address_usage_metrics),
        )
        if value is not None
    ]
    if len(attributes) != 1:
        raise InvalidParameterCombination("Exactly one attribute of a VPC can be modified at a time.")
    if request.enable_dns_support is not None and not request.enable_dns_support.value:
        raise InvalidParameterValue("EnableDnsSupport: a VPC's resolver can't be turned off here; leave it true.")
    if request.enable_network_address_usage_metrics is not None and request.enable_network_address_usage_metrics.value:
        raise InvalidParameterValue("EnableNetworkAddressUsageMetrics: there are no such metrics; leave it false.")
    if request.enable_dns_hostnames is not None:
        changed = replace(vpc, dns_hostnames=request.enable_dns_hostnames.value)
        commit(ctx, ChangeRequest(), Put(changed))


def describe_vpc_attribute(ctx: Context, request: DescribeVpcAttributeRequest) -> dict[str, object]:
    """The value of an attribute of a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    values = {
        "enableDnsSupport": ("enable_dns_support", True),
        "enableDnsHostnames": ("enable_dns_hostnames", vpc.dns_hostnames),
        "enableNetworkAddressUsageMetrics": ("enable_network_address_usage_metrics", False),
    }
    if request.attribute not in values:
        raise InvalidParameterValue(f"Attribute is one of {', '.join(values)}, not '{request.attribute[:60]}'.")
    if request.dry_run:
        commit(ctx, request)
    member, value = values[request.attribute]
    return {"vpc_id": vpc.id, member: {"value": value}}


def modify_vpc_tenancy(ctx: Context, request: ModifyVpcTenancyRequest) -> dict[str, object]:
    """Set a VPC's tenancy, which can only be the default one."""
    resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    check_tenancy(request.instance_tenancy)
    commit(ctx, request)
    return {"return_value": True}
