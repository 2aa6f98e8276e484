"""Application Auto Scaling's errors.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ObjectNotFound(ClientFault):
    """There is no such target, policy or action."""


class LimitExceeded(ClientFault):
    """There are as many targets, policies or actions as allowed."""


class InvalidNextToken(ClientFault):
    """The token is malformed, or belongs to another list."""


class ResourceNotFound(ClientFault):
    """No scalable target has this ARN."""


class TooManyTags(ClientFault):
    """The scalable target would have more tags than allowed."""
