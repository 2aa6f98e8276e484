"""AWS RAM's errors.

    ClientFault
    ├── MalformedArn                        MalformedArnException
    ├── UnknownResource                     UnknownResourceException
    ├── InvalidParameter                    InvalidParameterException
    ├── InvalidNextToken                    InvalidNextTokenException
    ├── InvalidClientToken                  InvalidClientTokenException
    ├── IdempotentParameterMismatch         IdempotentParameterMismatchException
    ├── OperationNotPermitted               OperationNotPermittedException
    ├── TagLimitExceeded                    TagLimitExceededException
    ├── InvitationNotFound                  ResourceShareInvitationArnNotFoundException
    ├── InvitationAlreadyAccepted           ResourceShareInvitationAlreadyAcceptedException
    ├── InvitationAlreadyRejected           ResourceShareInvitationAlreadyRejectedException
    └── InvitationExpired                   ResourceShareInvitationExpiredException

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class MalformedArn(ClientFault):
    """That is no ARN of the kind that is due."""

    code = "MalformedArnException"


class UnknownResource(ClientFault):
    """There is no such share, resource or permission."""

    code = "UnknownResourceException"


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not do."""

    code = "InvalidParameterException"


class InvalidNextToken(ClientFault):
    """The token is none of this list's."""

    code = "InvalidNextTokenException"


class InvalidClientToken(ClientFault):
    """A client token is too long."""

    code = "InvalidClientTokenException"


class IdempotentParameterMismatch(ClientFault):
    """The client token was used for another request."""

    code = "IdempotentParameterMismatchException"


class OperationNotPermitted(ClientFault):
    """The caller may not do that to this share, or with this principal."""

    code = "OperationNotPermittedException"


class TagLimitExceeded(ClientFault):
    """A share has so many tags at most."""

    code = "TagLimitExceededException"


class InvitationNotFound(ClientFault):
    """There is no such invitation, or it is somebody else's."""

    code = "ResourceShareInvitationArnNotFoundException"


class InvitationAlreadyAccepted(ClientFault):
    """It was accepted before."""

    code = "ResourceShareInvitationAlreadyAcceptedException"


class InvitationAlreadyRejected(ClientFault):
    """It was rejected before."""

    code = "ResourceShareInvitationAlreadyRejectedException"


class InvitationExpired(ClientFault):
    """Nobody answered it in time."""

    code = "ResourceShareInvitationExpiredException"
