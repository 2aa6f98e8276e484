"""The parts of a VPC that a VPC endpoint is for, and its policy, as requests give them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moyai.api.ec2.change import resource_of
from moyai.api.operation import Context
from moyai.domain.vpc.endpoint import EndpointType
from moyai.domain.vpc.errors import InvalidParameterCombination, InvalidParameterValue
from moyai.domain.vpc.not_found import GroupNotFound, RouteTableNotFound, SubnetNotFound
from moyai.domain.vpc.quotas import ROUTE_TABLES
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc

_LONGEST_POLICY: Final = 20_480


class PartIds(NamedTuple):
    """The ids of route tables (of a gateway endpoint), subnets and security groups (of an interface endpoint)."""

    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


def checked_parts(ctx: Context, vpc: Vpc, kind: EndpointType, ids: PartIds) -> PartIds:
    """The ids, each once. Raises EC2's errors for parts of another VPC, and for those that the type does not have."""
    if kind is EndpointType.GATEWAY and (ids.subnets or ids.security_groups):
        raise InvalidParameterCombination("A gateway endpoint has route tables, no subnets and no security groups.")
    if kind is EndpointType.INTERFACE and ids.route_tables:
        raise InvalidParameterCombination("An interface endpoint has no route tables.")
    if max(map(len, ids)) > ROUTE_TABLES:
        raise InvalidParameterValue(f"An endpoint can have {ROUTE_TABLES} of each.")
    tables = [resource_of(ctx, RouteTable, one, RouteTableNotFound, "RouteTableId") for one in ids.route_tables]
    subnets = [resource_of(ctx, Subnet, one, SubnetNotFound, "SubnetId") for one in ids.subnets]
    groups = [resource_of(ctx, SecurityGroup, one, GroupNotFound, "SecurityGroupId") for one in ids.security_groups]
    parts: tuple[RouteTable | Subnet | SecurityGroup, ...] = (*tables, *subnets, *groups)
    foreign = [part.id for part in parts if part.vpc != vpc.id]
    if foreign:
        raise InvalidParameterValue(f"{foreign[0]} is not in {vpc.id}.")
    return PartIds(*(tuple(dict.fromkeys(each)) for each in ids))


def checked_policy(text: str | None) -> str | None:
    """The policy, which nothing evaluates. Raises InvalidParameterValue."""
    if text is not None and len(text) > _LONGEST_POLICY:
        raise InvalidParameterValue(f"PolicyDocument has more than {_LONGEST_POLICY} characters.")
    return text or None
