"""Amazon EC2's errors. Its model lists none: the codes are those of the API reference.

    ClientFault
    ├── InvalidParameterValue           InvalidParameterValue
    ├── InvalidParameterCombination     InvalidParameterCombination
    ├── MissingParameter                MissingParameter
    ├── DependencyViolation             DependencyViolation
    ├── OperationNotPermitted           OperationNotPermitted
    ├── CannotDelete                    CannotDelete
    ├── IdempotentParameterMismatch     IdempotentParameterMismatch
    ├── InvalidVpcRange                 InvalidVpc.Range
    ├── InvalidSubnetRange              InvalidSubnet.Range
    ├── InvalidSubnetConflict           InvalidSubnet.Conflict
    ├── InvalidGroupDuplicate           InvalidGroup.Duplicate
    ├── InvalidGroupReserved            InvalidGroup.Reserved
    ├── InvalidPermissionDuplicate      InvalidPermission.Duplicate
    ├── InvalidPermissionNotFound       InvalidPermission.NotFound
    ├── InvalidPermissionMalformed      InvalidPermission.Malformed
    ├── RouteAlreadyExists              RouteAlreadyExists
    ├── ResourceAlreadyAssociated       Resource.AlreadyAssociated
    ├── GatewayNotAttached              Gateway.NotAttached
    ├── InvalidStateTransition          InvalidStateTransition
    ├── PeeringAlreadyExists            VpcPeeringConnectionAlreadyExists
    ├── AddressInUse                    InvalidIPAddress.InUse
    ├── DryRunOperation                 DryRunOperation (412): the request would have succeeded
    ├── RouteNotFound                   InvalidRoute.NotFound
    ├── LimitExceeded                   …LimitExceeded: drawn in quotas
    └── NotFound
        ├── VpcNotFound                 InvalidVpcID.NotFound
        ├── SubnetNotFound              InvalidSubnetID.NotFound
        ├── GroupNotFound               InvalidGroup.NotFound
        ├── GroupRuleNotFound           InvalidSecurityGroupRuleId.NotFound
        ├── RouteTableNotFound          InvalidRouteTableID.NotFound
        ├── AssociationNotFound         InvalidAssociationID.NotFound
        ├── InternetGatewayNotFound     InvalidInternetGatewayID.NotFound
        ├── NatGatewayNotFound          NatGatewayNotFound
        ├── AllocationNotFound          InvalidAllocationID.NotFound
        ├── PeeringNotFound             InvalidVpcPeeringConnectionID.NotFound
        ├── ResourceNotFound            InvalidID
        └── NetworkInterfaceNotFound    InvalidNetworkInterfaceID.NotFound

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from moyai.kernel.errors import ClientFault


class InvalidParameterValue(ClientFault):
    """A value, or a filter's name, that EC2 does not have; or one that moyai does not do."""

    code = "InvalidParameterValue"


class InvalidParameterCombination(ClientFault):
    """Parameters that can't be used together."""

    code = "InvalidParameterCombination"


class MissingParameter(ClientFault):
    """A parameter that must be there is not."""

    code = "MissingParameter"


class DependencyViolation(ClientFault):
    """Something else needs what was to be deleted."""

    code = "DependencyViolation"


class OperationNotPermitted(ClientFault):
    """Not for this caller, or not for this resource."""

    code = "OperationNotPermitted"


class CannotDelete(ClientFault):
    """A VPC's default group, which goes with its VPC."""

    code = "CannotDelete"


class IdempotentParameterMismatch(ClientFault):
    """A client token that came with another request before."""

    code = "IdempotentParameterMismatch"


class InvalidVpcRange(ClientFault):
    """A VPC's range that is none, or not between /16 and /28."""

    code = "InvalidVpc.Range"


class InvalidSubnetRange(ClientFault):
    """A subnet's range that isn't part of its VPC's, or not between /16 and /28."""

    code = "InvalidSubnet.Range"


class InvalidSubnetConflict(ClientFault):
    """A subnet's range that overlaps another one's."""

    code = "InvalidSubnet.Conflict"


class InvalidGroupDuplicate(ClientFault):
    """A group of that name is in the VPC."""

    code = "InvalidGroup.Duplicate"


class InvalidGroupReserved(ClientFault):
    """The name is that of the default group."""

    code = "InvalidGroup.Reserved"


class InvalidPermissionDuplicate(ClientFault):
    """The group has such a rule."""

    code = "InvalidPermission.Duplicate"


class InvalidPermissionNotFound(ClientFault):
    """The group has no such rule."""

    code = "InvalidPermission.NotFound"


class InvalidPermissionMalformed(ClientFault):
    """A rule without another side, or with ports that are none."""

    code = "InvalidPermission.Malformed"


class RouteAlreadyExists(ClientFault):
    """The table has a route to that range."""

    code = "RouteAlreadyExists"


class ResourceAlreadyAssociated(ClientFault):
    """What was to be attached is attached, or the VPC or subnet has one."""

    code = "Resource.AlreadyAssociated"


class GatewayNotAttached(ClientFault):
    """The gateway isn't attached to that VPC, or to none."""

    code = "Gateway.NotAttached"


class InvalidStateTransition(ClientFault):
    """The peering connection is not in a state for this."""

    code = "InvalidStateTransition"


class PeeringAlreadyExists(ClientFault):
    """The two VPCs are connected, or about to be."""

    code = "VpcPeeringConnectionAlreadyExists"


class AddressInUse(ClientFault):
    """The elastic address is a NAT gateway's."""

    code = "InvalidIPAddress.InUse"


class RouteNotFound(ClientFault):
    """The table has no route to that range."""

    code = "InvalidRoute.NotFound"


class DryRunOperation(ClientFault):
    """The answer to a dry run that would have succeeded."""

    code = "DryRunOperation"
    status = 412

    def __init__(self, message: str = "Request would have succeeded, but DryRun flag is set.") -> None:
        super().__init__(message)


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


class SubnetNotFound(NotFound):
    """No such subnet."""

    code = "InvalidSubnetID.NotFound"
    noun = "subnet"


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


class NetworkInterfaceNotFound(NotFound):
    """No such network interface, or its task has stopped."""

    code = "InvalidNetworkInterfaceID.NotFound"
    noun = "networkInterface"
