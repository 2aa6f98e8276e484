"""The base classes of all errors, and the errors that every AWS service has.

Promise: an error that can reach a client has its AWS wire code and its HTTP status, which the API gateway serialises.
Unless a class sets another code, its code is its name with the suffix ``Exception``, as in most AWS services. Each
service's errors are in ``domain/<service>/errors.py``; those of adapters (runtime, store, …) are in ``ports`` and never
reach a client.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

NO_DETAIL: Mapping[str, object] = MappingProxyType({})


class MoyaiError(Exception):
    """The base of every error that moyai itself raises."""


class ApiError(MoyaiError):
    """An error that a client receives. ``code`` is the wire code, ``status`` the HTTP status.

    A subclass inherits everything but the code: ``class Conflict(ClientFault, status=409)`` has "ConflictException".
    The class argument ``message`` is the default text. ``detail`` holds further modelled members of the
    error shape (snake_case), such as ``resource_ids`` of ConflictException.
    """

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500
    _code_suffix: ClassVar[str] = "Exception"
    _default_message: ClassVar[str] = ""

    def __init_subclass__(
        cls,
        *,
        code: str | None = None,
        status: int | None = None,
        message: str | None = None,
        code_suffix: str | None = None,
    ) -> None:
        super().__init_subclass__()
        if code_suffix is not None:
            cls._code_suffix = code_suffix
        if status is not None:
            cls.status = status
        if message is not None:
            cls._default_message = message
        cls.code = f"{cls.__name__}{cls._code_suffix}" if code is None else code

    def __init__(self, message: str | None = None, detail: Mapping[str, object] = NO_DETAIL) -> None:
        self.message = self._default_message if message is None else message
        self.detail = detail
        super().__init__(self.message)


class ClientFault(ApiError, code="ClientException", status=400):
    """The request was wrong; sending it again unchanged will fail again."""


class ServerFault(ApiError, code="InternalFailure"):
    """moyai failed; the client may try again."""


class ServiceUnavailable(ServerFault, code="ServiceUnavailable", status=503):
    """The request can't be processed at the moment (the message says why: the disk is full); nothing was changed."""


class RequestNotReceived(ServerFault, code="RequestNotReceived", status=503):
    """The server of this service has not received the request: it does not listen, or has no connection left."""


class UnknownOperation(ClientFault):
    """No AWS service that moyai implements has this operation."""


class OperationNotYet(ClientFault, code="UnsupportedOperationException", status=501):
    """The operation exists at AWS and is not implemented here yet; the message names it."""


class ServiceNotHere(ClientFault, code="NotImplemented", status=501):
    """No server answers this service here; the message says what to do about it."""


class Malformed(ClientFault, code="SerializationException"):
    """The body violates the protocol: broken JSON, a list instead of a map, …"""


class InvalidInput(ClientFault, code="ValidationException"):
    """The input breaks a constraint of the service model (required, length, range, pattern, enum)."""


class TooLarge(ClientFault, code="RequestEntityTooLargeException", status=413):
    """The request body is larger than the API gateway's limit."""


class UnsupportedMedia(ClientFault, code="UnsupportedMediaTypeException", status=415):
    """The Content-Type, or another header, is not the one that the protocol requires."""


class MissingToken(ClientFault, code="MissingAuthenticationTokenException", status=403):
    """The request has no signature, and this listener requires one."""


class IncompleteSignature(ClientFault):
    """The Authorization header lacks a part, or has a part twice."""


class InvalidSignature(ClientFault, status=403):
    """The signature does not match, or its time differs too much from the server's."""


class UnrecognizedClient(ClientFault, status=403):
    """The access key is not known here, or was revoked."""


class ExpiredToken(ClientFault, status=403):
    """The session token has expired."""


class AccessDenied(ClientFault, status=403):
    """The caller is not allowed to do this."""
