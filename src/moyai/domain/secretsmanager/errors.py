"""Secrets Manager's errors.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ResourceNotFound(ClientFault):
    """There is no such secret, or no such version of it."""


class ResourceExists(ClientFault):
    """A secret of this name exists."""


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not support."""


class InvalidRequest(ClientFault):
    """The secret's state does not allow this."""


class MalformedPolicyDocument(ClientFault):
    """The resource policy is no policy."""


class InvalidNextToken(ClientFault):
    """The token is malformed, or belongs to another list."""


class LimitExceeded(ClientFault):
    """There are as many secrets or versions as allowed."""
