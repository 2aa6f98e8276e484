"""Checks of the route tables, subnets, security groups and the policy in requests for VPC endpoints.

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
    """The ids of a gateway endpoint's route tables, or of an interface endpoint's subnets and security groups."""

    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


def checked_parts(ctx: Context, vpc: Vpc, kind: EndpointType, ids: PartIds) -> PartIds:
    """The ids, each once. Raises EC2's errors for resources of another VPC, or of a kind that the type can't have."""
    if kind is EndpointType.GATEWAY and (ids.subnets or ids.security_groups):
        raise InvalidParameterCombination("A gateway endpoint has route tables, no subnets and no security groups.")
    if kind is EndpointType.INTERFACE and ids.route_tables:
        raise InvalidParameterCombination("An interface endpoint has no route tables.")
    if max(map(len, ids)) > ROUTE_TABLES:
        raise InvalidParameterValue(
            f"An endpoint can have {ROUTE_TABLES} route tables, and as many subnets and security groups."
        )
    tables = [resource_of(ctx, RouteTable, each, RouteTableNotFound, "RouteTableId") for each in ids.route_tables]
    subnets = [resource_of(ctx, Subnet, each, SubnetNotFound, "SubnetId") for each in ids.subnets]
    groups = [resource_of(ctx, SecurityGroup, each, GroupNotFound, "SecurityGroupId") for each in ids.security_groups]
    parts: tuple[RouteTable | Subnet | SecurityGroup, ...] = (*tables, *subnets, *groups)
    foreign = [part.id for part in parts if part.vpc != vpc.id]
    if foreign:
        raise InvalidParameterValue(f"{foreign[0]} is not in {vpc.id}.")
    return PartIds(*(tuple(dict.fromkeys(each)) for each in ids))


def checked_policy(text: str | None) -> str | None:
    """The policy, which is not evaluated. Raises InvalidParameterValue for one that is too long."""
    if text is not None and len(text) > _LONGEST_POLICY:
        raise InvalidParameterValue(f"PolicyDocument has more than {_LONGEST_POLICY} characters.")
    return text or None
