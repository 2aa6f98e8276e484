"""AWS App Mesh's errors.

    ClientFault
    ├── BadRequest              BadRequestException         any value that can't be, or that Envoy would refuse
    ├── Forbidden               ForbiddenException          403
    ├── NotFound                NotFoundException           404
    ├── Conflict                ConflictException           409
    ├── ResourceInUse           ResourceInUseException      409 (Delete only)
    ├── LimitExceeded           LimitExceededException      400 (never DescribeX, ListX, DeleteX, UpdateMesh)
    └── TooManyTags             TooManyTagsException        400 (TagResource only)

InternalServerErrorException, ServiceUnavailableException and TooManyRequestsException are in every operation's model
and are nothing that moyai has cause to raise.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class BadRequest(ClientFault):
    """A value is not valid, or what Envoy would refuse."""

    code = "BadRequestException"


class Forbidden(ClientFault):
    """Who asks may not do this: it is another account's."""

    code = "ForbiddenException"
    status = 403


class NotFound(ClientFault):
    """The mesh, the parent or the thing itself is not there."""

    code = "NotFoundException"
    status = 404


class Conflict(ClientFault):
    """The name is taken, or the client token was used for another request."""

    code = "ConflictException"
    status = 409


class ResourceInUse(ClientFault):
    """Something refers to it, or is in it."""

    code = "ResourceInUseException"
    status = 409


class LimitExceeded(ClientFault):
    """There are as many as there may be."""

    code = "LimitExceededException"


class TooManyTags(ClientFault):
    """A resource has so many tags at most; none of the request's was set."""

    code = "TooManyTagsException"
