"""CloudWatch Logs' errors.

    ClientFault
    ├── InvalidParameter            InvalidParameterException
    ├── LogsValidation              ValidationException
    ├── ResourceNotFound            ResourceNotFoundException
    ├── ResourceAlreadyExists       ResourceAlreadyExistsException
    └── TooManyTags                 TooManyTagsException
    ServerFault
    └── ServiceUnavailable          ServiceUnavailableException

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from moyai.kernel.errors import ClientFault, ServerFault

NO_GROUP: Final = "The specified log group does not exist."
NO_STREAM: Final = "The specified log stream does not exist."


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not do."""

    code = "InvalidParameterException"


class LogsValidation(ClientFault):
    """The log group is protected from deletion."""

    code = "ValidationException"


class ResourceNotFound(ClientFault):
    """There is no such log group or stream."""

    code = "ResourceNotFoundException"


class ResourceAlreadyExists(ClientFault):
    """There is a log group or stream of that name."""

    code = "ResourceAlreadyExistsException"


class TooManyTags(ClientFault):
    """A log group can't have so many tags; ``detail`` has its ARN."""

    code = "TooManyTagsException"


class ServiceUnavailable(ServerFault):
    """Events can't be written or read at the moment (the disk is full); nothing of the request was kept."""

    code = "ServiceUnavailableException"
    status = 503
