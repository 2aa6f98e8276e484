"""AWS REST JSON: input spread over path labels, query string and a JSON body.

Promise: covers what the models of App Mesh and EFS use: labels, query members and lists of them, a payload member; the
contract tests fail when a model begins to use more (headers, greedy labels, streaming).
Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

import msgspec
from botocore import xform_name
from botocore.model import ListShape, OperationModel, ServiceModel, Shape

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.form import MAX_FIELDS, SCALAR_TEXT_READERS
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.json_rpc import JSON_WRITERS, decoded_json
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.scalars import SCALAR_READERS, complaint, read_items
from moyai.api.wire.tree import TreeReader, TreeWriter
from moyai.kernel.errors import ApiError, Malformed


def labels(template: str, path: str) -> dict[str, str] | None:
    """The values of a path's labels (``/meshes/{meshName}``), decoded; None when the path is another."""
    parts, path_parts = template.partition("?")[0].split("/"), path.split("/")
    if len(parts) != len(path_parts):
        return None
    values: dict[str, str] = {}
    for part, text in zip(parts, path_parts, strict=True):
        if part.startswith("{") and text:
            values[part.strip("{}")] = unquote(text)
        elif part != text:
            return None
    return values


class RestJson:
    """A service that speaks REST JSON."""

    def __init__(self, model: ServiceModel) -> None:
        self._reader = TreeReader(SCALAR_READERS)
        self._writer = TreeWriter(JSON_WRITERS)
        self._errors = ErrorNames(model)

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a path, a query and a JSON body."""
        shape = operation.input_shape
        if shape is None:
            return {}
        members_by_location: dict[str, dict[str, Shape]] = {"uri": {}, "querystring": {}}
        for name, member in shape.members.items():
            if location := member.serialization.get("location"):
                members_by_location[location][name] = member
        try:
            return (
                self._from_body(shape, request.body, members_by_location)
                | _from_texts(members_by_location["uri"], _labels(operation, request.path))
                | _from_texts(members_by_location["querystring"], _query(request.query))
            )
        except Misfit as problem:
            raise Malformed(problem.message) from None

    def _from_body(self, shape: Shape, body: bytes, members_by_location: Mapping[str, Mapping[str, Shape]]) -> Params:
        value = decoded_json(body)
        if not isinstance(value, dict):
            raise complaint(value, "structure")
        elsewhere = {name for members in members_by_location.values() for name in members}
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


def _labels(operation: OperationModel, path: str) -> dict[str, list[str]]:
    return {name: [text] for name, text in (labels(operation.http["requestUri"], path) or {}).items()}


def _query(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Malformed(f"The query string cannot be read: {error}") from error


def _from_texts(members: Mapping[str, Shape], texts: Mapping[str, Sequence[str]]) -> Params:
    """The members that occur among the texts: a list has every text of its name, anything else the last one."""
    params: Params = {}
    for name, shape in members.items():
        values = texts.get(shape.serialization.get("name", name))
        if values is None:
            continue
        try:
            if isinstance(shape, ListShape):
                params[xform_name(name)] = read_items(values, SCALAR_TEXT_READERS[shape.member.type_name])
            else:
                params[xform_name(name)] = SCALAR_TEXT_READERS[shape.type_name](values[-1])
        except Misfit as problem:
            raise problem.under(name) from None
    return params
