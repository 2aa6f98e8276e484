"""CloudFormation's errors.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html and the operations there
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class CloudFormationFault(ClientFault, code_suffix=""):
    """A client fault."""


class StackFault(CloudFormationFault, code="ValidationError"):
    """The request is not valid, or the stack does not exist or is in another state than the operation needs."""


class TemplateFault(StackFault, code="ValidationError"):
    """The template, or a parameter of it, is not valid."""


class InsufficientCapabilities(CloudFormationFault, code="InsufficientCapabilitiesException"):
    """The template makes resources that need capabilities which the request does not have."""


class StackAlreadyExists(CloudFormationFault, code="AlreadyExistsException"):
    """A stack, or a change set of the stack, has this name."""


class TokenAlreadyUsed(CloudFormationFault, code="TokenAlreadyExistsException"):
    """Another request had this token."""


class ResourceTypeNotFound(CloudFormationFault, code="TypeNotFoundException", status=404):
    """There is no such resource type."""


class ChangeSetNotFound(CloudFormationFault, code="ChangeSetNotFound", status=404):
    """There is no such change set."""


class InvalidChangeSetStatus(CloudFormationFault, code="InvalidChangeSetStatus"):
    """The change set can't be executed."""


class StackLimitExceeded(CloudFormationFault, code="LimitExceededException"):
    """The account has as many stacks as allowed."""
