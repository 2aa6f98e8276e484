"""AWS App Mesh's errors.

Every operation's model also lists InternalServerErrorException, ServiceUnavailableException and
TooManyRequestsException, which moyai has no reason to raise. ResourceInUse is Delete's only, TooManyTags TagResource's.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class BadRequest(ClientFault):
    """A value is not valid, or Envoy would refuse it."""


class Forbidden(ClientFault, status=403):
    """The caller is not allowed to do this: the resource belongs to another account."""


class NotFound(ClientFault, status=404):
    """The mesh, the parent or the resource itself does not exist."""


class Conflict(ClientFault, status=409):
    """The name is taken, or the client token was used for another request."""


class ResourceInUse(ClientFault, status=409):
    """Another resource refers to this one, or is in it."""


class LimitExceeded(ClientFault):
    """There are as many resources as allowed."""


class TooManyTags(ClientFault):
    """The resource would have more tags than allowed; none of the request's was set."""
