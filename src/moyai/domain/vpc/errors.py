"""Amazon EC2's errors. Its model lists none: the codes are those of the API reference.

    ClientFault
    ├── InvalidParameterValue               InvalidParameterValue
    ├── InvalidParameterCombination         InvalidParameterCombination
    ├── MissingParameter                    MissingParameter
    ├── DryRunOperation             412     DryRunOperation: the request would have succeeded
    └── NotFound
        ├── VpcNotFound                     InvalidVpcID.NotFound
        ├── SubnetNotFound                  InvalidSubnetID.NotFound
        ├── GroupNotFound                   InvalidGroup.NotFound
        └── NetworkInterfaceNotFound        InvalidNetworkInterfaceID.NotFound

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

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


class DryRunOperation(ClientFault):
    """The answer to a dry run that would have succeeded."""

    code = "DryRunOperation"
    status = 412

    def __init__(self, message: str = "Request would have succeeded, but DryRun flag is set.") -> None:
        super().__init__(message)


class NotFound(ClientFault):
    """Ids that nothing has. ``noun`` is EC2's word for what they should name."""

    noun: ClassVar[str] = "resource"

    def __init__(self, ids: list[str]) -> None:
        named = ", ".join(ids)
        super().__init__(
            f"The {self.noun} ID '{named}' does not exist"
            if len(ids) == 1
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


class NetworkInterfaceNotFound(NotFound):
    """No such network interface, or its task has stopped."""

    code = "InvalidNetworkInterfaceID.NotFound"
    noun = "networkInterface"
