"""AWS's default quotas of VPCs, and the errors for exceeding them.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import ClassVar, Final

from moyai.domain.vpc.errors import Ec2Fault

VPCS: Final = 5  # in a region
SUBNETS: Final = 200  # in a VPC
SECURITY_GROUPS: Final = 2500  # in a region
GROUPS_OF_INTERFACE: Final = 5
RULES: Final = 60  # of a security group, in each direction
ROUTE_TABLES: Final = 200  # in a VPC
ROUTES: Final = 500  # in a route table
INTERNET_GATEWAYS: Final = 5  # in a region
NAT_GATEWAYS: Final = 5  # in an availability zone
ADDRESSES: Final = 5  # elastic addresses, in a region
PEERINGS: Final = 50  # active ones, of a VPC
OUTSTANDING_PEERINGS: Final = 25  # pending requests of one account
VPC_RANGES: Final = 5  # IPv4 ranges of a VPC, the primary one among them
NETWORK_ACLS: Final = 200  # in a VPC
ACL_ENTRIES: Final = 40  # of a network ACL, in each direction; AWS raises 20 to 40
EGRESS_ONLY_GATEWAYS: Final = 5  # in a region
ENDPOINTS: Final = 50  # interface endpoints of a VPC; gateway endpoints of a region are 20
DHCP_OPTIONS: Final = 50  # in a region; AWS publishes no quota
FLOW_LOGS: Final = 100  # in a region; AWS publishes no quota
NAT_ADDRESSES: Final = 8  # of a NAT gateway
LAUNCH_TEMPLATES: Final = 200  # in a region; 5000 at AWS
LAUNCH_TEMPLATE_VERSIONS: Final = 200  # of a launch template; 10,000 at AWS


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


class NetworkAclLimitExceeded(LimitExceeded, noun="network ACLs"):
    """The VPC has as many network ACLs as it may have."""


class NetworkAclEntryLimitExceeded(LimitExceeded, noun="entries of a network ACL"):
    """The network ACL has as many entries in one direction as it may have."""


class VpcCidrBlockLimitExceeded(LimitExceeded, noun="IPv4 ranges of a VPC"):
    """The VPC has as many ranges as it may have."""


class EgressOnlyInternetGatewayLimitExceeded(LimitExceeded, noun="egress-only internet gateways"):
    """Too many egress-only internet gateways."""


class VpcEndpointLimitExceeded(LimitExceeded, noun="VPC endpoints"):
    """The VPC has as many endpoints as it may have."""


class DhcpOptionsLimitExceeded(LimitExceeded, noun="sets of DHCP options"):
    """Too many sets of DHCP options."""


class LaunchTemplateLimitExceeded(LimitExceeded, noun="launch templates"):
    """Too many launch templates."""


class LaunchTemplateVersionLimitExceeded(LimitExceeded, noun="versions of a launch template"):
    """Too many versions of a launch template."""


class FlowLogLimitExceeded(LimitExceeded, noun="flow logs"):
    """Too many flow logs."""


class NatAddressLimitExceeded(LimitExceeded, noun="addresses of a NAT gateway"):
    """The NAT gateway has as many addresses as it may have."""


class TagLimitExceeded(LimitExceeded, noun="tags"):
    """The resource has as many tags as it may have."""
