"""AWS JSON 1.0 and 1.1: the operation in ``X-Amz-Target``, input and output as JSON objects.

Promise: times as epoch seconds, blobs as base64, NaN and the infinities as strings.
Refuses: anything but one JSON object; nesting deeper than the decoder's stack.
Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from botocore.model import OperationModel, ServiceModel

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.scalars import SCALAR_READERS, write_base64, write_epoch, write_number
from moyai.api.wire.tree import TreeReader, TreeWriter, Writer
from moyai.kernel.errors import ApiError, Malformed

JSON_WRITERS: Mapping[str, Writer] = MappingProxyType(
    {"timestamp": write_epoch, "blob": write_base64, "float": write_number, "double": write_number}
)


def decoded_json(body: bytes) -> object:
    """The body's one value; an empty body is an empty object. Raises Malformed."""
    if not body:
        return {}
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise Malformed("The JSON body is nested too deeply.") from error


class JsonRpc:
    """A service that speaks AWS JSON."""

    def __init__(self, model: ServiceModel) -> None:
        self._reader = TreeReader(SCALAR_READERS)
        self._writer = TreeWriter(JSON_WRITERS)
        self._errors = ErrorNames(model)
        self._query_compatible = model.is_query_compatible
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a JSON body."""
        return self._reader.params(operation, decoded_json(request.body))

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer with a JSON body."""
        headers = {"content-type": self._content_type, REQUEST_ID: request_id}
        if operation.output_shape is None:
            return HttpResponse(200, headers, b"")
        write = self._writer.writer(operation.output_shape)
        value = builtins(output)
        return HttpResponse(200, headers, msgspec.json.encode(value if write is None else write(value)))

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error with a JSON body."""
        wire = self._errors.wire(error)
        headers = {"content-type": self._content_type, REQUEST_ID: request_id, "x-amzn-ErrorType": wire.name}
        if self._query_compatible:
            headers["x-amzn-query-error"] = f"{wire.query_code};{wire.fault}"
        return HttpResponse(error.status, headers, msgspec.json.encode({"__type": wire.name, **wire.members}))
