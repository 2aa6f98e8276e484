"""Errors of the registry's protocol: a code of the specification, an HTTP status, and a message that clients print.

Docker prints the message of an error with a status below 500, and only the status of any other.
Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.wire.http import HttpResponse
from moyai.domain.ecr import errors as ecr
from moyai.kernel.errors import ApiError, MoyaiError

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_UNKNOWN: Final = ("UNKNOWN", 507)
_CODES: Final[Mapping[type[ApiError], tuple[str, int]]] = MappingProxyType(
    {
        ecr.RepositoryNotFound: ("NAME_UNKNOWN", 404),
        ecr.ImageNotFound: ("MANIFEST_UNKNOWN", 404),
        ecr.InvalidParameter: ("MANIFEST_INVALID", 400),
        ecr.LayersNotFound: ("MANIFEST_BLOB_UNKNOWN", 400),
        ecr.ReferencedImagesNotFound: ("MANIFEST_BLOB_UNKNOWN", 400),
        ecr.ImageTagAlreadyExists: ("TAG_INVALID", 400),
        ecr.ImageDigestDoesNotMatch: ("DIGEST_INVALID", 400),
        ecr.InvalidLayer: ("DIGEST_INVALID", 400),
        ecr.UploadNotFound: ("BLOB_UPLOAD_UNKNOWN", 404),
        ecr.LimitExceeded: ("DENIED", 403),
        ecr.EcrServerFault: _UNKNOWN,
    }
)
"""The protocol's code and status for ECR's errors. A full disk is 507, Insufficient Storage."""


class RegistryError(MoyaiError):
    """An error of the protocol."""

    def __init__(self, code: str, status: int, message: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.headers = code, status, message, headers


def error_response(error: RegistryError) -> HttpResponse:
    """The response with this error."""
    body = {"errors": [{"code": error.code, "message": error.message}]}
    headers = {"content-type": "application/json", **error.headers}
    return HttpResponse(error.status, headers, msgspec.json.encode(body))


def registry_error(fault: ApiError) -> RegistryError:
    """The protocol's error for an error of the API."""
    code, status = _CODES.get(type(fault), ("UNKNOWN", fault.status))
    return RegistryError(code, status, fault.message)
