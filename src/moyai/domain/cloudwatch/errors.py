"""CloudWatch's errors.

    ClientFault
    ├── ValidationFault                     ValidationError (common to all operations)
    ├── InvalidParameterValue               InvalidParameterValueException
    ├── InvalidParameterCombination         InvalidParameterCombinationException
    ├── MissingRequiredParameter            MissingRequiredParameterException
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
