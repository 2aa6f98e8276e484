"""Certificate Manager's errors.

    ClientFault
    ├── InvalidArgs                         InvalidArgsException
    ├── InvalidArn                          InvalidArnException
    ├── InvalidParameter                    InvalidParameterException
    ├── InvalidDomainValidationOptions      InvalidDomainValidationOptionsException
    ├── InvalidTag                          InvalidTagException
    ├── TooManyTags                         TooManyTagsException
    ├── LimitExceeded                       LimitExceededException
    ├── RequestInProgress                   RequestInProgressException
    ├── ResourceInUse                       ResourceInUseException
    └── ResourceNotFound                    ResourceNotFoundException

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidArgs(ClientFault):
    """SortBy without SortOrder or the reverse, or a token that is none of the list's."""

    code = "InvalidArgsException"


class InvalidArn(ClientFault):
    """Not the ARN of what is asked for."""

    code = "InvalidArnException"


class InvalidParameter(ClientFault):
    """A value that can't be had, or that does not go with another."""

    code = "InvalidParameterException"


class InvalidDomainValidationOptions(ClientFault):
    """A private certificate is asked for with a way to validate its names."""

    code = "InvalidDomainValidationOptionsException"


class InvalidTag(ClientFault):
    """The tag is reserved."""

    code = "InvalidTagException"


class TooManyTags(ClientFault):
    """A certificate has so many tags at most."""

    code = "TooManyTagsException"


class LimitExceeded(ClientFault):
    """There are as many certificates as there may be, or one would have more names than it may have."""

    code = "LimitExceededException"


class RequestInProgress(ClientFault):
    """The certificate is being made, or renewed."""

    code = "RequestInProgressException"


class ResourceInUse(ClientFault):
    """Something shows the certificate."""

    code = "ResourceInUseException"


class ResourceNotFound(ClientFault):
    """There is no such certificate."""

    code = "ResourceNotFoundException"
