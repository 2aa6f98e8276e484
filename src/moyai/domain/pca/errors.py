"""AWS Private CA's errors.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidArgs(ClientFault):
    """Arguments can't be used together, or ask for what moyai does not support."""


class InvalidArn(ClientFault):
    """The ARN is not that of an authority or a certificate."""


class InvalidNextToken(ClientFault):
    """The token is malformed, or belongs to another list."""


class InvalidRequest(ClientFault):
    """The request is well formed, but can't be carried out."""


class InvalidState(ClientFault):
    """The authority is in a state that does not allow this."""


class InvalidTag(ClientFault):
    """The tag is reserved."""


class TooManyTags(ClientFault):
    """The authority would have more tags than allowed."""


class LimitExceeded(ClientFault):
    """There are as many resources as allowed."""


class PermissionAlreadyExists(ClientFault):
    """Certificate Manager has a permission already."""


class ResourceNotFound(ClientFault):
    """There is no such authority, or no such certificate."""


class RequestAlreadyProcessed(ClientFault):
    """The certificate was revoked before."""


class InvalidPolicy(ClientFault):
    """The resource policy is no policy."""


class RequestInProgress(ClientFault):
    """The certificate has been requested and is not issued yet."""


class MalformedCsr(ClientFault, code="MalformedCSRException"):
    """The certificate signing request can't be read, or its signature is wrong."""


class MalformedCertificate(ClientFault):
    """A certificate can't be read, or lacks what an authority's certificate needs."""


class CertificateMismatch(ClientFault):
    """The certificate belongs to another key, or its chain is not valid."""
