"""AWS REST JSON: input spread over path labels, query string and a JSON body.

Promise: an output may have a payload member. No input has one, or the contract tests would fail.
Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from botocore.model import OperationModel, ServiceModel, StructureShape

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.json_rpc import JSON_WRITERS, decoded_json
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.rest import members_at, read_request
from moyai.api.wire.scalars import SCALAR_READERS, complaint
from moyai.api.wire.tree import TreeReader, TreeWriter
from moyai.kernel.errors import ApiError, Malformed


class RestJson:
    """A service that speaks REST JSON."""

    def __init__(self, model: ServiceModel) -> None:
        self._reader = TreeReader(SCALAR_READERS)
        self._writer = TreeWriter(JSON_WRITERS)
        self._errors = ErrorNames(model)

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a path, a query and a JSON body."""
        try:
            return read_request(operation, request, self._from_body)
        except Misfit as problem:
            raise Malformed(problem.message) from None

    def _from_body(self, shape: StructureShape, body: bytes) -> Params:
        value = decoded_json(body)
        if not isinstance(value, dict):
            raise complaint(value, "structure")
        elsewhere = shape.members.keys() - members_at(shape, None).keys()
        inside = {name: item for name, item in value.items() if name not in elsewhere}
        params: Params = self._reader.reader(shape)(inside)
        return params

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer with a JSON body and the status of the operation."""
        headers = {"content-type": "application/json", REQUEST_ID: request_id}
        status = int(operation.http.get("responseCode", 200))
        if status == HTTPStatus.NO_CONTENT:
            return HttpResponse(status, {REQUEST_ID: request_id}, b"")
        shape = operation.output_shape
        if shape is None:
            return HttpResponse(status, headers, b"{}")
        write = self._writer.writer(shape)
        value = builtins(output)
        body = value if write is None else write(value)
        payload = shape.serialization.get("payload")
        if payload and isinstance(body, Mapping):
            body = body.get(payload, {})
        return HttpResponse(status, headers, msgspec.json.encode(body))

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error with a JSON body and the status of its shape."""
        wire = self._errors.wire(error)
        headers = {"content-type": "application/json", REQUEST_ID: request_id, "x-amzn-ErrorType": wire.name}
        return HttpResponse(error.status, headers, msgspec.json.encode(wire.members))
