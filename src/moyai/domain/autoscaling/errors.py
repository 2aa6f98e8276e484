"""Application Auto Scaling's errors.

    ClientFault
    ├── InvalidInput                        ValidationException (common to all operations)
    ├── ObjectNotFound                      ObjectNotFoundException
    ├── LimitExceeded                       LimitExceededException
    ├── InvalidNextToken                    InvalidNextTokenException
    ├── ResourceNotFound                    ResourceNotFoundException
    └── TooManyTags                         TooManyTagsException

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ObjectNotFound(ClientFault):
    """There is no such target or policy."""

    code = "ObjectNotFoundException"


class LimitExceeded(ClientFault):
    """There are as many as there can be."""

    code = "LimitExceededException"


class InvalidNextToken(ClientFault):
    """The token is none of ours, or belongs to another list."""

    code = "InvalidNextTokenException"


class ResourceNotFound(ClientFault):
    """The ARN is of no scalable target."""

    code = "ResourceNotFoundException"


class TooManyTags(ClientFault):
    """More tags than a scalable target can have."""

    code = "TooManyTagsException"
