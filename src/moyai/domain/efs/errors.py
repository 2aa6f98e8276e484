"""Amazon EFS's errors. Each has the member ``ErrorCode``, which repeats its code.

Source: https://docs.aws.amazon.com/efs/latest/ug/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.kernel.errors import NO_DETAIL, ClientFault


class EfsFault(ClientFault, code_suffix=""):
    """The base of the errors of EFS."""

    def __init__(self, message: str | None = None, detail: Mapping[str, object] = NO_DETAIL) -> None:
        super().__init__(message, {"error_code": self.code, **detail})


class BadRequest(EfsFault):
    """A value is not valid, or asks for what moyai does not support."""


class FileSystemNotFound(EfsFault, status=404):
    """The account has no file system with this id in the region."""


class FileSystemAlreadyExists(EfsFault, status=409):
    """A file system was created with this creation token; the error names it."""


class FileSystemLimitExceeded(EfsFault, status=403):
    """The account has as many file systems as allowed."""


class FileSystemInUse(EfsFault, status=409):
    """The file system has mount targets."""


class IncorrectFileSystemLifeCycleState(EfsFault, status=409):
    """The file system is being deleted."""


class UnsupportedAvailabilityZone(EfsFault):
    """The region has no such Availability Zone."""


class MountTargetNotFound(EfsFault, status=404):
    """The account has no mount target with this id in the region."""


class MountTargetConflict(EfsFault, status=409):
    """The zone has a mount target of the file system, or the others are in another VPC."""


class AvailabilityZonesMismatch(EfsFault):
    """The subnet is in another zone than the file system, which is in one zone only."""


class SubnetNotFound(EfsFault):
    """The account has no such subnet."""


class NoFreeAddressesInSubnet(EfsFault, status=409):
    """The subnet is full."""


class IpAddressInUse(EfsFault, status=409):
    """Something in the subnet has the address."""


class SecurityGroupNotFound(EfsFault):
    """The VPC of the subnet has no such security group."""


class SecurityGroupLimitExceeded(EfsFault):
    """A mount target has at most five security groups."""


class AccessPointNotFound(EfsFault, status=404):
    """The account has no access point with this id in the region."""


class AccessPointAlreadyExists(EfsFault, status=409):
    """Another access point was created with this client token; the error names it."""


class AccessPointLimitExceeded(EfsFault, status=403):
    """The file system has as many access points as allowed."""


class PolicyNotFound(EfsFault, status=404):
    """The file system has no policy of its own."""


class InvalidPolicy(EfsFault, code="InvalidPolicyException"):
    """The policy is no JSON, or has no statement."""
