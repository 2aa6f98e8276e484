"""The parts of a REST request outside of its body: labels of the path and members of the query string.

Promise: this covers the bindings that the models of moyai's services use; the contract tests fail when a model begins
to use others (input headers, greedy labels, streaming).
Source: https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, unquote

from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from moyai.api.wire.codec import Params
from moyai.api.wire.form import MAX_FIELDS, SCALAR_TEXT_READERS
from moyai.api.wire.http import HttpRequest
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.scalars import read_items
from moyai.kernel.errors import Malformed


def labels(template: str, path: str) -> dict[str, str] | None:
    """The values of a path's labels (``/meshes/{meshName}``), decoded; None when the path does not match."""
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


def members_at(shape: StructureShape, location: str | None) -> dict[str, Shape]:
    """The members that are bound to a location; None is the body."""
    return {name: member for name, member in shape.members.items() if member.serialization.get("location") == location}


def read_request(
    operation: OperationModel, request: HttpRequest, read_body: Callable[[StructureShape, bytes], Params]
) -> Params:
    """The input of a path, a query and a body. Raises what ``read_body`` raises, Misfit and Malformed."""
    shape = operation.input_shape
    return {} if shape is None else read_body(shape, request.body) | _params_outside_body(operation, shape, request)


def _params_outside_body(operation: OperationModel, shape: StructureShape, request: HttpRequest) -> Params:
    """The members of a path and a query string. Raises Misfit, and Malformed for a query string that can't be read."""
    path_texts = {name: [text] for name, text in (labels(operation.http["requestUri"], request.path) or {}).items()}
    return _from_texts(members_at(shape, "uri"), path_texts) | _from_texts(
        members_at(shape, "querystring"), _query(request.query)
    )


def _query(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Malformed(f"The query string cannot be read: {error}") from error


def _from_texts(members: Mapping[str, Shape], texts: Mapping[str, Sequence[str]]) -> Params:
    """The members that occur among the texts: a list gets every text of its name, another member the last."""
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
