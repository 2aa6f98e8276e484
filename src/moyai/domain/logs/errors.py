"""CloudWatch Logs' errors.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from moyai.kernel.errors import ClientFault, ServerFault

NO_GROUP: Final = "The specified log group does not exist."
NO_STREAM: Final = "The specified log stream does not exist."


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not support."""


class LogsValidation(ClientFault, code="ValidationException"):
    """The log group is protected from deletion."""


class ResourceNotFound(ClientFault):
    """There is no such log group or stream."""


class ResourceAlreadyExists(ClientFault):
    """A log group or stream of that name exists."""


class LimitExceeded(ClientFault):
    """The account or the log group has as many of these as it may have."""


class TooManyTags(ClientFault):
    """The log group would have more tags than allowed; ``detail`` has its ARN."""


class ServiceUnavailable(ServerFault, status=503):
    """Events can't be written or read at the moment (the disk is full); nothing of the request was stored."""
