"""EC2's errors for ids of resources that do not exist, or belong to another account or region.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from moyai.domain.vpc.errors import Ec2Fault


class NotFound(Ec2Fault):
    """No resource has these ids. ``noun`` is EC2's word for the kind of resource."""

    noun: ClassVar[str] = "resource"

    def __init_subclass__(cls, *, noun: str, code: str | None = None) -> None:
        super().__init_subclass__(code=code)
        cls.noun = noun

    def __init__(self, ids: Iterable[str]) -> None:
        unknown = list(ids)
        names = ", ".join(unknown)
        super().__init__(
            f"The {self.noun} ID '{names}' does not exist"
            if len(unknown) == 1
            else f"The {self.noun} IDs '{names}' do not exist"
        )


class VpcNotFound(NotFound, code="InvalidVpcID.NotFound", noun="vpc"):
    """No VPC of the account has this id."""


class VpcRangeNotFound(NotFound, code="InvalidVpcCidrBlockAssociationID.NotFound", noun="vpc CIDR block association"):
    """No such association of a range with a VPC."""


class SubnetNotFound(NotFound, code="InvalidSubnetID.NotFound", noun="subnet"):
    """No subnet of the account has this id."""


class SubnetRangeNotFound(
    NotFound, code="InvalidSubnetCidrBlockAssociationID.NotFound", noun="subnet CIDR block association"
):
    """No such association of a range with a subnet."""


class GroupNotFound(NotFound, code="InvalidGroup.NotFound", noun="security group"):
    """No such security group."""


class GroupRuleNotFound(NotFound, code="InvalidSecurityGroupRuleId.NotFound", noun="security group rule"):
    """No such rule of a security group."""


class RouteTableNotFound(NotFound, code="InvalidRouteTableID.NotFound", noun="routeTable"):
    """No such route table."""


class AssociationNotFound(NotFound, code="InvalidAssociationID.NotFound", noun="association"):
    """No such association of a route table."""


class InternetGatewayNotFound(NotFound, code="InvalidInternetGatewayID.NotFound", noun="internetGateway"):
    """No such internet gateway."""


class GatewayNotFound(NotFound, code="InvalidGatewayID.NotFound", noun="gateway"):
    """No such gateway that a route could lead to, or propagate routes from."""


class EgressOnlyGatewayNotFound(NotFound, code="InvalidGatewayID.NotFound", noun="egressOnlyInternetGateway"):
    """No such egress-only internet gateway."""


class NatGatewayNotFound(NotFound, noun="NAT gateway"):
    """No such NAT gateway."""


class AllocationNotFound(NotFound, code="InvalidAllocationID.NotFound", noun="allocation"):
    """No such elastic address."""


class PeeringNotFound(NotFound, code="InvalidVpcPeeringConnectionID.NotFound", noun="vpcPeeringConnection"):
    """No such peering connection."""


class ResourceNotFound(NotFound, code="InvalidID", noun="resource"):
    """No such resource that has tags."""


class NetworkAclNotFound(NotFound, code="InvalidNetworkAclID.NotFound", noun="networkAcl"):
    """No such network ACL."""


class NetworkInterfaceNotFound(NotFound, code="InvalidNetworkInterfaceID.NotFound", noun="networkInterface"):
    """No such network interface, or its task has stopped."""


class NetworkAclEntryNotFound(NotFound, code="InvalidNetworkAclEntry.NotFound", noun="network ACL entry"):
    """The network ACL has no entry of this number and direction."""


class AttachmentNotFound(NotFound, code="InvalidAttachmentID.NotFound", noun="attachment"):
    """No such attachment of a network interface."""


class VpcEndpointNotFound(NotFound, code="InvalidVpcEndpointId.NotFound", noun="Vpc Endpoint"):
    """No such VPC endpoint."""


class DhcpOptionsNotFound(NotFound, code="InvalidDhcpOptionsID.NotFound", noun="dhcpOptions"):
    """No such set of DHCP options."""


class LaunchTemplateNotFound(NotFound, code="InvalidLaunchTemplateId.NotFound", noun="launch template"):
    """No such launch template."""

    def __init__(self, ids: Iterable[str]) -> None:
        names = ", ".join(ids)
        Ec2Fault.__init__(self, f"The specified launch template, with template ID {names}, does not exist.")


class FlowLogNotFound(NotFound, code="InvalidFlowLogId.NotFound", noun="flow log"):
    """No such flow log."""


class PrefixListNotFound(NotFound, code="InvalidPrefixListID.NotFound", noun="prefix list"):
    """No such prefix list."""


class InstanceNotFound(NotFound, code="InvalidInstanceID.NotFound", noun="instance"):
    """No such instance: moyai runs none."""


class ImageNotFound(NotFound, code="InvalidAMIID.NotFound", noun="image"):
    """No such machine image."""


class VpnGatewayNotFound(NotFound, code="InvalidVpnGatewayID.NotFound", noun="vpnGateway"):
    """No such VPN gateway: moyai has none."""
