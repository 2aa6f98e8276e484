"""How much of everything there may be, AWS's defaults, and the errors of who asks for more.

    LimitExceeded
    ├── VpcLimitExceeded, SubnetLimitExceeded, SecurityGroupLimitExceeded, RouteTableLimitExceeded, RouteLimitExceeded,
    │   InternetGatewayLimitExceeded, NatGatewayLimitExceeded, AddressLimitExceeded, TagLimitExceeded
    ├── RulesPerSecurityGroupLimitExceeded
    └── VpcPeeringConnectionLimitExceeded

Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import ClassVar, Final

from moyai.kernel.errors import ClientFault

VPCS: Final = 5
"""In a region."""
SUBNETS: Final = 200
"""In a VPC."""
SECURITY_GROUPS: Final = 2500
"""In a region."""
RULES: Final = 60
"""Of one group, each way."""
ROUTE_TABLES: Final = 200
"""In a VPC."""
ROUTES: Final = 500
"""In a table."""
INTERNET_GATEWAYS: Final = 5
"""In a region."""
NAT_GATEWAYS: Final = 5
"""In an availability zone."""
ADDRESSES: Final = 5
"""Elastic ones, in a region."""
PEERINGS: Final = 50
"""Active ones of a VPC."""
OUTSTANDING_PEERINGS: Final = 25
"""Requests of one account that nobody has accepted."""
TAGS: Final = 50
"""Of one resource."""


class LimitExceeded(ClientFault):
    """More than AWS's default quota. ``noun`` is what there is too much of."""

    noun: ClassVar[str] = "resources"

    def __init__(self, quota: int) -> None:
        super().__init__(f"The maximum number of {self.noun} has been reached: there may be {quota}.")


class VpcLimitExceeded(LimitExceeded):
    """Too many VPCs."""

    code = "VpcLimitExceeded"
    noun = "VPCs"


class SubnetLimitExceeded(LimitExceeded):
    """Too many subnets."""

    code = "SubnetLimitExceeded"
    noun = "subnets"


class SecurityGroupLimitExceeded(LimitExceeded):
    """Too many security groups."""

    code = "SecurityGroupLimitExceeded"
    noun = "security groups"


class RulesPerSecurityGroupLimitExceeded(LimitExceeded):
    """Too many rules of a security group."""

    code = "RulesPerSecurityGroupLimitExceeded"
    noun = "rules of a security group"


class RouteTableLimitExceeded(LimitExceeded):
    """Too many route tables."""

    code = "RouteTableLimitExceeded"
    noun = "route tables"


class RouteLimitExceeded(LimitExceeded):
    """Too many routes."""

    code = "RouteLimitExceeded"
    noun = "routes"


class InternetGatewayLimitExceeded(LimitExceeded):
    """Too many internet gateways."""

    code = "InternetGatewayLimitExceeded"
    noun = "internet gateways"


class NatGatewayLimitExceeded(LimitExceeded):
    """Too many NAT gateways."""

    code = "NatGatewayLimitExceeded"
    noun = "NAT gateways"


class AddressLimitExceeded(LimitExceeded):
    """Too many elastic addresses."""

    code = "AddressLimitExceeded"
    noun = "elastic addresses"


class VpcPeeringConnectionLimitExceeded(LimitExceeded):
    """Too many peering connections."""

    code = "VpcPeeringConnectionLimitExceeded"
    noun = "peering connections"


class TagLimitExceeded(LimitExceeded):
    """Too many tags."""

    code = "TagLimitExceeded"
    noun = "tags"
