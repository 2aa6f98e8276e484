"""Certificate Manager's errors.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidArgs(ClientFault):
    """SortBy without SortOrder or the reverse, or a token that is not of this list."""


class InvalidArn(ClientFault):
    """The ARN is not that of a certificate."""


class InvalidParameter(ClientFault):
    """A value is not allowed, or not together with another."""


class InvalidDomainValidationOptions(ClientFault):
    """A private certificate was requested with options to validate its names."""


class InvalidTag(ClientFault):
    """The tag is reserved."""


class TooManyTags(ClientFault):
    """The certificate would have more tags than allowed."""


class LimitExceeded(ClientFault):
    """There are as many certificates as allowed, or a certificate would have more names than allowed."""


class InvalidState(ClientFault):
    """The certificate's type or status does not allow this."""


class RequestInProgress(ClientFault):
    """The certificate is being issued or renewed."""


class ResourceInUse(ClientFault):
    """A listener uses the certificate."""


class ResourceNotFound(ClientFault):
    """There is no such certificate."""
