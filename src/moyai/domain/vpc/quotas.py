"""AWS's default quotas of VPCs, and the errors for exceeding them.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import ClassVar, Final

from moyai.domain.vpc.errors import Ec2Fault

VPCS: Final = 5  # in a region
SUBNETS: Final = 200  # in a VPC
SECURITY_GROUPS: Final = 2500  # in a region
RULES: Final = 60  # of a security group, in each direction
ROUTE_TABLES: Final = 200  # in a VPC
ROUTES: Final = 500  # in a route table
INTERNET_GATEWAYS: Final = 5  # in a region
NAT_GATEWAYS: Final = 5  # in an availability zone
ADDRESSES: Final = 5  # elastic addresses, in a region
PEERINGS: Final = 50  # active ones, of a VPC
OUTSTANDING_PEERINGS: Final = 25  # pending requests of one account


class LimitExceeded(Ec2Fault):
    """An account has used up AWS's default quota. ``noun`` names what is limited."""

    noun: ClassVar[str] = "resources"

    def __init_subclass__(cls, *, noun: str) -> None:
        super().__init_subclass__()
        cls.noun = noun

    def __init__(self, quota: int) -> None:
        super().__init__(f"The maximum number of {self.noun} has been reached: there may be {quota}.")


class VpcLimitExceeded(LimitExceeded, noun="VPCs"):
    """The account has as many VPCs as it may have."""


class SubnetLimitExceeded(LimitExceeded, noun="subnets"):
    """The VPC has as many subnets as it may have."""


class SecurityGroupLimitExceeded(LimitExceeded, noun="security groups"):
    """Too many security groups."""


class RulesPerSecurityGroupLimitExceeded(LimitExceeded, noun="rules of a security group"):
    """Too many rules of a security group."""


class RouteTableLimitExceeded(LimitExceeded, noun="route tables"):
    """Too many route tables."""


class RouteLimitExceeded(LimitExceeded, noun="routes"):
    """The route table has as many routes as it may have."""


class InternetGatewayLimitExceeded(LimitExceeded, noun="internet gateways"):
    """Too many internet gateways."""


class NatGatewayLimitExceeded(LimitExceeded, noun="NAT gateways"):
    """Too many NAT gateways."""


class AddressLimitExceeded(LimitExceeded, noun="elastic addresses"):
    """Too many elastic addresses."""


class VpcPeeringConnectionLimitExceeded(LimitExceeded, noun="peering connections"):
    """Too many peering connections."""


class TagLimitExceeded(LimitExceeded, noun="tags"):
    """The resource has as many tags as it may have."""
