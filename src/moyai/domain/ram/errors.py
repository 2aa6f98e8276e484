"""AWS RAM's errors.

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class MalformedArn(ClientFault):
    """The ARN is malformed, or of another type of resource."""


class UnknownResource(ClientFault):
    """There is no such share, resource or permission."""


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not support."""


class InvalidNextToken(ClientFault):
    """The token does not belong to this list."""


class InvalidClientToken(ClientFault):
    """A client token is too long."""


class IdempotentParameterMismatch(ClientFault):
    """The client token was used for another request."""


class OperationNotPermitted(ClientFault):
    """The caller is not allowed to do this to the share, or with this principal."""


class TagLimitExceeded(ClientFault):
    """The share would have more tags than allowed."""


class InvitationNotFound(ClientFault, code="ResourceShareInvitationArnNotFoundException"):
    """There is no such invitation for this account."""


class InvitationAlreadyAccepted(ClientFault, code="ResourceShareInvitationAlreadyAcceptedException"):
    """The invitation was accepted before."""


class InvitationAlreadyRejected(ClientFault, code="ResourceShareInvitationAlreadyRejectedException"):
    """The invitation was rejected before."""


class InvitationExpired(ClientFault, code="ResourceShareInvitationExpiredException"):
    """The invitation was not answered in time."""
