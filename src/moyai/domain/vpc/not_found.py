"""EC2's errors for ids that nothing has. What belongs to another account or region is not there, either.

    NotFound
    ├── VpcNotFound                 InvalidVpcID.NotFound
    ├── VpcRangeNotFound            InvalidVpcCidrBlockAssociationID.NotFound
    ├── SubnetNotFound              InvalidSubnetID.NotFound
    ├── SubnetRangeNotFound         InvalidSubnetCidrBlockAssociationID.NotFound
    ├── GroupNotFound               InvalidGroup.NotFound
    ├── GroupRuleNotFound           InvalidSecurityGroupRuleId.NotFound
    ├── RouteTableNotFound          InvalidRouteTableID.NotFound
    ├── AssociationNotFound         InvalidAssociationID.NotFound
    ├── InternetGatewayNotFound     InvalidInternetGatewayID.NotFound
    ├── NatGatewayNotFound          NatGatewayNotFound
    ├── AllocationNotFound          InvalidAllocationID.NotFound
    ├── PeeringNotFound             InvalidVpcPeeringConnectionID.NotFound
    ├── ResourceNotFound            InvalidID
    ├── NetworkAclNotFound          InvalidNetworkAclID.NotFound
    └── NetworkInterfaceNotFound    InvalidNetworkInterfaceID.NotFound

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from moyai.kernel.errors import ClientFault


class NotFound(ClientFault):
    """Ids that nothing has. ``noun`` is EC2's word for what they should name."""

    noun: ClassVar[str] = "resource"

    def __init__(self, ids: Iterable[str]) -> None:
        given = list(ids)
        named = ", ".join(given)
        super().__init__(
            f"The {self.noun} ID '{named}' does not exist"
            if len(given) == 1
            else f"The {self.noun} IDs '{named}' do not exist"
        )


class VpcNotFound(NotFound):
    """No such VPC."""

    code = "InvalidVpcID.NotFound"
    noun = "vpc"


class VpcRangeNotFound(NotFound):
    """No such association of a range with a VPC."""

    code = "InvalidVpcCidrBlockAssociationID.NotFound"
    noun = "vpc CIDR block association"


class SubnetNotFound(NotFound):
    """No such subnet."""

    code = "InvalidSubnetID.NotFound"
    noun = "subnet"


class SubnetRangeNotFound(NotFound):
    """No such association of a range with a subnet."""

    code = "InvalidSubnetCidrBlockAssociationID.NotFound"
    noun = "subnet CIDR block association"


class GroupNotFound(NotFound):
    """No such security group."""

    code = "InvalidGroup.NotFound"
    noun = "security group"


class GroupRuleNotFound(NotFound):
    """No such rule of a security group."""

    code = "InvalidSecurityGroupRuleId.NotFound"
    noun = "security group rule"


class RouteTableNotFound(NotFound):
    """No such route table."""

    code = "InvalidRouteTableID.NotFound"
    noun = "routeTable"


class AssociationNotFound(NotFound):
    """No such association of a route table."""

    code = "InvalidAssociationID.NotFound"
    noun = "association"


class InternetGatewayNotFound(NotFound):
    """No such internet gateway."""

    code = "InvalidInternetGatewayID.NotFound"
    noun = "internetGateway"


class NatGatewayNotFound(NotFound):
    """No such NAT gateway."""

    code = "NatGatewayNotFound"
    noun = "NAT gateway"


class AllocationNotFound(NotFound):
    """No such elastic address."""

    code = "InvalidAllocationID.NotFound"
    noun = "allocation"


class PeeringNotFound(NotFound):
    """No such peering connection."""

    code = "InvalidVpcPeeringConnectionID.NotFound"
    noun = "vpcPeeringConnection"


class ResourceNotFound(NotFound):
    """No such resource that has tags."""

    code = "InvalidID"
    noun = "resource"


class NetworkAclNotFound(NotFound):
    """No such network ACL."""

    code = "InvalidNetworkAclID.NotFound"
    noun = "networkAcl"


class NetworkInterfaceNotFound(NotFound):
    """No such network interface, or its task has stopped."""

    code = "InvalidNetworkInterfaceID.NotFound"
    noun = "networkInterface"
