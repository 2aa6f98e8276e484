"""Amazon EC2's errors. Its model lists none: the codes are those of the API reference.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class Ec2Fault(ClientFault, code_suffix=""):
    """A client fault, whose code is the name of its class."""


class InvalidParameterValue(Ec2Fault):
    """EC2 does not have this value or filter, or moyai does not support it."""


class InvalidParameterCombination(Ec2Fault):
    """The parameters can't be used together."""


class MissingParameter(Ec2Fault):
    """A required parameter is missing."""


class DependencyViolation(Ec2Fault):
    """The resource can't be deleted, because another one depends on it."""


class OperationNotPermitted(Ec2Fault):
    """The operation is not allowed for this caller, or not for this resource."""


class CannotDelete(Ec2Fault):
    """A VPC's default security group is deleted only with its VPC."""


class IdempotentParameterMismatch(Ec2Fault):
    """The client token was used before with another request."""


class DefaultVpcAlreadyExists(Ec2Fault):
    """The account has a default VPC in the region."""


class InvalidVpcRange(Ec2Fault, code="InvalidVpc.Range"):
    """The VPC's range is malformed, or not between /16 and /28."""


class InvalidSubnetRange(Ec2Fault, code="InvalidSubnet.Range"):
    """The subnet's range is not within its VPC's, or not between /16 and /28."""


class InvalidSubnetConflict(Ec2Fault, code="InvalidSubnet.Conflict"):
    """The subnet's range overlaps that of another subnet."""


class InvalidGroupDuplicate(Ec2Fault, code="InvalidGroup.Duplicate"):
    """The VPC has a security group of this name."""


class InvalidGroupReserved(Ec2Fault, code="InvalidGroup.Reserved"):
    """The name is reserved for the default group."""


class InvalidPermissionDuplicate(Ec2Fault, code="InvalidPermission.Duplicate"):
    """The group has such a rule."""


class InvalidPermissionNotFound(Ec2Fault, code="InvalidPermission.NotFound"):
    """The group has no such rule."""


class InvalidPermissionMalformed(Ec2Fault, code="InvalidPermission.Malformed"):
    """The rule has no source or destination, or its ports are malformed."""


class RouteAlreadyExists(Ec2Fault):
    """The table has a route to that range."""


class ResourceAlreadyAssociated(Ec2Fault, code="Resource.AlreadyAssociated"):
    """The resource is attached already, or the VPC or subnet has another one."""


class GatewayNotAttached(Ec2Fault, code="Gateway.NotAttached"):
    """The gateway is not attached to this VPC."""


class InvalidStateTransition(Ec2Fault):
    """The peering connection is not in a state for this."""


class PeeringAlreadyExists(Ec2Fault, code="VpcPeeringConnectionAlreadyExists"):
    """The two VPCs have a peering connection, or one is pending."""


class AddressInUse(Ec2Fault, code="InvalidIPAddress.InUse"):
    """A NAT gateway uses the elastic address."""


class AddressNotFound(Ec2Fault, code="InvalidAddress.NotFound"):
    """No such elastic address."""


class InsufficientAddresses(Ec2Fault, code="InsufficientFreeAddressesInSubnet"):
    """The subnet, or this machine, has no address left."""


class RouteNotFound(Ec2Fault, code="InvalidRoute.NotFound"):
    """The table has no route to that range."""


class InvalidInstanceType(Ec2Fault):
    """EC2, as moyai has it, has no such instance type."""


class InvalidNetworkInterfaceInUse(Ec2Fault, code="InvalidNetworkInterface.InUse"):
    """The interface is attached to a task, a container instance or a load balancer."""


class AuthFailure(Ec2Fault, status=403):
    """The resource belongs to a service of AWS, which alone may change it."""


class NetworkAclEntryAlreadyExists(Ec2Fault):
    """The network ACL has an entry of this number and direction."""


class InvalidServiceName(Ec2Fault):
    """No service of this name can have an endpoint."""


class DryRunOperation(Ec2Fault, status=412, message="Request would have succeeded, but DryRun flag is set."):
    """The request is a dry run, and would have succeeded."""


class LaunchTemplateNameTaken(Ec2Fault, code="InvalidLaunchTemplateName.AlreadyExistsException"):
    """The account has a launch template of this name."""


class LaunchTemplateNameMalformed(Ec2Fault, code="InvalidLaunchTemplateName.MalformedException"):
    """The name of a launch template is too short or too long, or has other characters than AWS allows."""


class LaunchTemplateIdMalformed(Ec2Fault, code="InvalidLaunchTemplateId.Malformed"):
    """The text is not an ID of a launch template."""


class LaunchTemplateNameNotFound(Ec2Fault, code="InvalidLaunchTemplateName.NotFoundException"):
    """No launch template has this name."""


class LaunchTemplateVersionNotFound(Ec2Fault, code="InvalidLaunchTemplateId.VersionNotFound"):
    """The launch template has no such version."""
