"""Amazon EC2's errors. Its model lists none: the codes are those of the API reference.

    ClientFault
    ├── InvalidParameterValue           InvalidParameterValue
    ├── InvalidParameterCombination     InvalidParameterCombination
    ├── MissingParameter                MissingParameter
    ├── DependencyViolation             DependencyViolation
    ├── OperationNotPermitted           OperationNotPermitted
    ├── CannotDelete                    CannotDelete
    ├── IdempotentParameterMismatch     IdempotentParameterMismatch
    ├── DefaultVpcAlreadyExists         DefaultVpcAlreadyExists
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
    ├── AddressNotFound                 InvalidAddress.NotFound
    ├── InsufficientAddresses           InsufficientFreeAddressesInSubnet
    ├── RouteNotFound                   InvalidRoute.NotFound
    ├── LimitExceeded                   …LimitExceeded: drawn in quotas
    └── NotFound                        drawn in not_found

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

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


class DefaultVpcAlreadyExists(ClientFault):
    """The account has a default VPC in the region."""

    code = "DefaultVpcAlreadyExists"


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


class AddressNotFound(ClientFault):
    """No such elastic address."""

    code = "InvalidAddress.NotFound"


class InsufficientAddresses(ClientFault):
    """The subnet, or this machine, has no address left."""

    code = "InsufficientFreeAddressesInSubnet"


class RouteNotFound(ClientFault):
    """The table has no route to that range."""

    code = "InvalidRoute.NotFound"


class DryRunOperation(ClientFault):
    """The answer to a dry run that would have succeeded."""

    code = "DryRunOperation"
    status = 412

    def __init__(self, message: str = "Request would have succeeded, but DryRun flag is set.") -> None:
        super().__init__(message)
