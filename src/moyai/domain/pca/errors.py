"""AWS Private CA's errors.

    ClientFault
    ├── InvalidArgs                 InvalidArgsException
    ├── InvalidArn                  InvalidArnException
    ├── InvalidNextToken            InvalidNextTokenException
    ├── InvalidRequest              InvalidRequestException
    ├── InvalidState                InvalidStateException
    ├── InvalidTag                  InvalidTagException
    ├── TooManyTags                 TooManyTagsException
    ├── LimitExceeded               LimitExceededException
    ├── PermissionAlreadyExists     PermissionAlreadyExistsException
    ├── ResourceNotFound            ResourceNotFoundException
    ├── RequestInProgress           RequestInProgressException
    ├── MalformedCsr                MalformedCSRException
    ├── MalformedCertificate        MalformedCertificateException
    └── CertificateMismatch         CertificateMismatchException

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidArgs(ClientFault):
    """Arguments that don't go together, or ask for what moyai does not do."""

    code = "InvalidArgsException"


class InvalidArn(ClientFault):
    """Not the ARN of what is asked for."""

    code = "InvalidArnException"


class InvalidNextToken(ClientFault):
    """The token is none of ours, or belongs to another list."""

    code = "InvalidNextTokenException"


class InvalidRequest(ClientFault):
    """What was sent is well formed and can't be used here."""

    code = "InvalidRequestException"


class InvalidState(ClientFault):
    """The authority is in a state that does not allow this."""

    code = "InvalidStateException"


class InvalidTag(ClientFault):
    """The tag is reserved."""

    code = "InvalidTagException"


class TooManyTags(ClientFault):
    """An authority has so many tags at most."""

    code = "TooManyTagsException"


class LimitExceeded(ClientFault):
    """There are as many as there may be."""

    code = "LimitExceededException"


class PermissionAlreadyExists(ClientFault):
    """Certificate Manager was allowed something already."""

    code = "PermissionAlreadyExistsException"


class ResourceNotFound(ClientFault):
    """There is no such authority, or no such certificate."""

    code = "ResourceNotFoundException"


class RequestInProgress(ClientFault):
    """It will be there in a moment."""

    code = "RequestInProgressException"


class MalformedCsr(ClientFault):
    """The certificate signing request can't be read, or its signature is wrong."""

    code = "MalformedCSRException"


class MalformedCertificate(ClientFault):
    """A certificate can't be read, or misses what an authority's needs."""

    code = "MalformedCertificateException"


class CertificateMismatch(ClientFault):
    """The certificate belongs to another key, or its chain does not hold."""

    code = "CertificateMismatchException"
