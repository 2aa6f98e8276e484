"""CloudWatch's errors.

The codes are the model's shape names; the query protocol's own spelling (``InvalidParameterValue``,
``MissingParameter``) is in ``api/wire``.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ValidationFault(ClientFault, code="ValidationError"):
    """The query as a whole is not valid (GetMetricData)."""


class InvalidParameterValue(ClientFault):
    """A parameter has a value that is not allowed."""


class InvalidParameterCombination(ClientFault):
    """Parameters can't be used together, or the result has more datapoints than one response may hold."""


class MissingRequiredParameter(ClientFault):
    """A required parameter is missing."""


class InvalidNextToken(ClientFault, code="InvalidNextToken"):
    """The token is malformed, or belongs to another query."""


class LimitExceeded(ClientFault, code="LimitExceededFault"):
    """There are as many alarms as allowed."""


class AlarmNotFound(ClientFault, code="ResourceNotFound", status=404):
    """There is no alarm with that name."""


class AlarmInUse(ClientFault, code="ResourceConflict", status=409):
    """The rule of a composite alarm names the alarm."""


class DashboardInvalidInput(ClientFault, code="DashboardInvalidInputError"):
    """The dashboard's body is not valid; the detail says why."""


class DashboardNotFound(ClientFault, code="DashboardNotFoundError", status=404):
    """There is no dashboard with that name."""


class InvalidFormat(ClientFault, code="InvalidFormatFault"):
    """The data of a state's reason is not JSON."""


class UnknownResource(ClientFault, code="ResourceNotFoundException", status=404):
    """No resource with tags has this ARN."""
