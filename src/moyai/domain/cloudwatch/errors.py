"""CloudWatch's errors.

    ClientFault
    ├── ValidationFault                     ValidationError (common to all operations)
    ├── InvalidParameterValue               InvalidParameterValueException
    ├── InvalidParameterCombination         InvalidParameterCombinationException
    ├── MissingRequiredParameter            MissingRequiredParameterException
    ├── LimitExceeded                       LimitExceededFault
    ├── AlarmNotFound                       ResourceNotFound
    ├── AlarmInUse                          ResourceConflict
    ├── DashboardInvalidInput               DashboardInvalidInputError
    ├── DashboardNotFound                   DashboardNotFoundError
    ├── InvalidFormat                       InvalidFormatFault
    ├── UnknownResource                     ResourceNotFoundException
    └── InvalidNextToken                    InvalidNextToken

The codes are the model's shape names; the query protocol's own spelling (``InvalidParameterValue``,
``MissingParameter``) is the wire's business.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ValidationFault(ClientFault):
    """The query as a whole does not make sense; what GetMetricData answers."""

    code = "ValidationError"


class InvalidParameterValue(ClientFault):
    """A parameter has a value that it can't have."""

    code = "InvalidParameterValueException"


class InvalidParameterCombination(ClientFault):
    """Two parameters that can't be together, or more datapoints than one answer may hold."""

    code = "InvalidParameterCombinationException"


class MissingRequiredParameter(ClientFault):
    """A parameter that must be there is not."""

    code = "MissingRequiredParameterException"


class InvalidNextToken(ClientFault):
    """The token is none of ours, or belongs to another query."""

    code = "InvalidNextToken"


class LimitExceeded(ClientFault):
    """There are as many alarms as there can be."""

    code = "LimitExceededFault"


class AlarmNotFound(ClientFault):
    """There is no alarm with that name."""

    code = "ResourceNotFound"
    status = 404


class AlarmInUse(ClientFault):
    """The rule of a composite alarm names it."""

    code = "ResourceConflict"
    status = 409


class DashboardInvalidInput(ClientFault):
    """The dashboard can't be drawn; the detail says why."""

    code = "DashboardInvalidInputError"


class DashboardNotFound(ClientFault):
    """There is no dashboard with that name."""

    code = "DashboardNotFoundError"
    status = 404


class InvalidFormat(ClientFault):
    """The data of a state's reason is not JSON."""

    code = "InvalidFormatFault"


class UnknownResource(ClientFault):
    """The ARN is of nothing that has tags."""

    code = "ResourceNotFoundException"
    status = 404
