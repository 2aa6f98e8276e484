"""Secrets Manager's errors.

    ClientFault
    ├── ResourceNotFound        ResourceNotFoundException
    ├── ResourceExists          ResourceExistsException
    ├── InvalidParameter        InvalidParameterException
    ├── InvalidRequest          InvalidRequestException
    ├── InvalidNextToken        InvalidNextTokenException
    └── LimitExceeded           LimitExceededException

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ResourceNotFound(ClientFault):
    """There is no such secret, or no such version of it."""

    code = "ResourceNotFoundException"


class ResourceExists(ClientFault):
    """There is one already."""

    code = "ResourceExistsException"


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not do."""

    code = "InvalidParameterException"


class InvalidRequest(ClientFault):
    """It can't be done with the secret as it is."""

    code = "InvalidRequestException"


class InvalidNextToken(ClientFault):
    """The token is none of ours, or belongs to another list."""

    code = "InvalidNextTokenException"


class LimitExceeded(ClientFault):
    """There are as many as there may be."""

    code = "LimitExceededException"
