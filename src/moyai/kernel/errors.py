"""The root of the error tree.

Promise: every error that can reach a client knows its AWS wire code, its HTTP status and whose
fault it is; the door serialises it and adds nothing. Each AWS service draws its own branch in
``domain/<service>/errors.py``; what every AWS service shares is here.

    MoyaiError
    ├── ApiError                        answered to a client, in the protocol it spoke
    │   ├── ClientFault         400
    │   │   ├── UnknownOperation        UnknownOperationException
    │   │   ├── OperationNotYet         UnsupportedOperationException   501 (names the operation)
    │   │   ├── Malformed               SerializationException
    │   │   ├── InvalidInput            ValidationException             (services override the code)
    │   │   ├── TooLarge                RequestEntityTooLargeException  413
    │   │   ├── UnsupportedMedia        UnsupportedMediaTypeException   415
    │   │   ├── MissingToken            MissingAuthenticationTokenException
    │   │   ├── IncompleteSignature     IncompleteSignatureException
    │   │   ├── InvalidSignature        InvalidSignatureException
    │   │   ├── UnrecognizedClient      UnrecognizedClientException
    │   │   ├── ExpiredToken            ExpiredTokenException
    │   │   └── AccessDenied            AccessDeniedException
    │   └── ServerFault         500     InternalFailure
    │       └── ServiceUnavailable      ServiceUnavailable              503
    └── adapter errors (runtime, store, …): drawn in ports/, never leave the shell

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

NO_DETAIL: Mapping[str, object] = MappingProxyType({})


class MoyaiError(Exception):
    """Anything moyai itself raises."""


class ApiError(MoyaiError):
    """An error a client receives. ``code`` is the wire code, ``status`` the HTTP status.

    ``detail`` holds further modelled members of the error shape (snake_case), such as
    ``resource_ids`` of ConflictException.
    """

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", detail: Mapping[str, object] = NO_DETAIL) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class ClientFault(ApiError):
    """The request was wrong; sending it again unchanged will fail again."""

    code = "ClientException"
    status = 400


class ServerFault(ApiError):
    """moyai was wrong or could not; the client may try again."""

    code = "InternalFailure"
    status = 500


class ServiceUnavailable(ServerFault):
    """Nothing can be kept at the moment, for the reason that is said (the disk is full); nothing of the request was."""

    code = "ServiceUnavailable"
    status = 503


class UnknownOperation(ClientFault):
    """No AWS service that moyai speaks has this operation."""

    code = "UnknownOperationException"


class OperationNotYet(ClientFault):
    """The operation exists at AWS and is not implemented here yet; the message names it."""

    code = "UnsupportedOperationException"
    status = 501


class Malformed(ClientFault):
    """The body is not what the protocol says: broken JSON, a list where a map is due, …"""

    code = "SerializationException"


class InvalidInput(ClientFault):
    """The input breaks a constraint of the service model (required, length, range, pattern, enum)."""

    code = "ValidationException"


class TooLarge(ClientFault):
    """The request body is over the door's limit."""

    code = "RequestEntityTooLargeException"
    status = 413


class UnsupportedMedia(ClientFault):
    """The request is not marked as one of its protocol: its Content-Type, or a header, is another."""

    code = "UnsupportedMediaTypeException"
    status = 415


class MissingToken(ClientFault):
    """The request carries no signature and this listener requires one."""

    code = "MissingAuthenticationTokenException"
    status = 403


class IncompleteSignature(ClientFault):
    """The Authorization header lacks a part or names one twice."""

    code = "IncompleteSignatureException"
    status = 400


class InvalidSignature(ClientFault):
    """The signature does not match, or its time is too far from ours."""

    code = "InvalidSignatureException"
    status = 403


class UnrecognizedClient(ClientFault):
    """The access key is not known here, or was revoked."""

    code = "UnrecognizedClientException"
    status = 403


class ExpiredToken(ClientFault):
    """The session token was good once."""

    code = "ExpiredTokenException"
    status = 403


class AccessDenied(ClientFault):
    """Who asks may not do this."""

    code = "AccessDeniedException"
    status = 403
