"""The peculiarities of requests to Amazon S3: the names that they are signed for, and the form of errors.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.api.wire.codec import REQUEST_ID
from moyai.api.wire.http import HttpResponse
from moyai.api.wire.xml import element, escape
from moyai.kernel.errors import ApiError

S3_SIGNING_NAMES: frozenset[str] = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
"""The names that requests to S3 are signed for."""
_CODES: Mapping[str, str] = MappingProxyType(
    {
        "IncompleteSignatureException": "AuthorizationHeaderMalformed",
        "InternalFailure": "InternalError",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException": "AccessDenied",
        "RequestEntityTooLargeException": "EntityTooLarge",
        "RequestTimeoutException": "RequestTimeout",
        "UnrecognizedClientException": "InvalidAccessKeyId",
    }
)


class S3Errors:
    """Serialises errors for clients of Amazon S3."""

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """The error in XML; S3's codes have no suffix."""
        code = _CODES.get(error.code, error.code.removesuffix("Exception"))
        inside = element("Code", escape(code)) + element("Message", escape(error.message))
        body = element("Error", inside + element("RequestId", request_id))
        headers = {"content-type": "application/xml", REQUEST_ID: request_id, "x-amz-request-id": request_id}
        return HttpResponse(error.status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())
