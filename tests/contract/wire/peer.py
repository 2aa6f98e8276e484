"""botocore as the peer: inputs built from shapes, requests as its clients write them, answers as they read them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.awsrequest import AWSRequest, HeadersDict, prepare_request_dict
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import strategies as st

from moyai.api.models import load_models
from moyai.api.wire.http import HttpRequest, HttpResponse

MODELS = load_models()
DEEPEST = 5
_TEXT = st.text(st.sampled_from("abzAZ09 &<>\"'+%=/é舫\n\t😀"), max_size=8)
_LABEL = st.text(st.sampled_from("abzAZ09 +%/é"), min_size=1, max_size=8)
_LOCATED = {"uri": _LABEL, "header": st.text(st.sampled_from("abzAZ09/:.-"), min_size=1, max_size=8)}
_SECONDS = st.integers(min_value=-(10**9), max_value=4 * 10**9)
_SCALARS = {
    "string": _TEXT,
    "boolean": st.booleans(),
    "integer": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "timestamp": _SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    "blob": st.binary(max_size=8),
}


def protocols(model: ServiceModel) -> list[str]:
    return list(model.metadata.get("protocols") or [model.metadata["protocol"]])


def with_result_wrappers(model: ServiceModel, protocol: str) -> ServiceModel:
    """The model as an SDK has it that speaks AWS Query: with result wrappers."""
    if protocol != "query":
        return model
    description = copy.deepcopy(model._service_description)  # type: ignore[attr-defined]
    for name, operation in description["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return ServiceModel(description, model.service_name)


@st.composite
def values(draw, shape, depth=0):
    """A value of the shape, in botocore's names and types."""
    kind = shape.type_name
    if kind == "structure":
        return draw(_structure(shape, depth))
    if kind == "list":
        return draw(st.lists(values(shape.member, depth + 1), max_size=0 if depth >= DEEPEST else 2))
    if kind == "map":
        most = 0 if depth >= DEEPEST else 2
        return draw(st.dictionaries(_LABEL, values(shape.value, depth + 1), max_size=most))
    if kind == "string" and (located := _LOCATED.get(shape.serialization.get("location", ""))) is not None:
        return draw(located)
    if kind == "string" and shape.enum:
        return draw(st.sampled_from(shape.enum))
    return draw(_SCALARS[kind])


@st.composite
def _structure(draw, shape, depth):
    if shape.metadata.get("document"):
        return draw(st.dictionaries(_LABEL, st.one_of(st.booleans(), _TEXT), max_size=2))
    names = list(shape.members)
    if shape.metadata.get("union"):
        chosen = [draw(st.sampled_from(names))]
    else:
        top = {name for name in names if shape.members[name].serialization.get("location") == "uri"}
        few = draw(st.sets(st.sampled_from(names), max_size=4)) if names and depth < DEEPEST else set()
        chosen = sorted(few | top)
    return {name: draw(values(shape.members[name], depth + 1)) for name in chosen}


def inside(shape, value):
    """A value in moyai's names and types."""
    match shape.type_name:
        case "structure" if not shape.metadata.get("document"):
            return {xform_name(name): inside(shape.members[name], item) for name, item in value.items()}
        case "list":
            return [inside(shape.member, item) for item in value]
        case "map":
            return {key: inside(shape.value, item) for key, item in value.items()}
        case "timestamp":
            return value.timestamp()
        case _:
            return value


def without_empty_query_lists(shape, value):
    """Without what a query string has no words for: its empty lists."""
    in_query = {xform_name(n) for n, m in shape.members.items() if m.serialization.get("location") == "querystring"}
    return {name: item for name, item in value.items() if name not in in_query or item != []}


def without_empty_values(value):
    """Without what the query protocols have no words for: empty lists and structures."""
    if isinstance(value, dict):
        return {
            key: remaining_values
            for key, item in value.items()
            if (remaining_values := without_empty_values(item)) not in ({}, [])
        }
    if isinstance(value, list):
        return [remaining_values for item in value if (remaining_values := without_empty_values(item)) not in ({}, [])]
    return value


def request(protocol: str, operation: OperationModel, params) -> HttpRequest:
    """The request as botocore's clients send it."""
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    prepare_request_dict(serialized, "http://localhost:4566")
    request = AWSRequest(
        method=serialized["method"],
        url=serialized["url"],
        data=serialized["body"],
        headers=serialized["headers"],
    ).prepare()
    return http_request(request)


def http_request(prepared) -> HttpRequest:
    """botocore's prepared request as the gateway sees it."""
    parts = urlsplit(prepared.url)
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    return HttpRequest(prepared.method, parts.path, parts.query, {"host": parts.netloc} | headers, body)


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def read(protocol, shape, response: HttpResponse):
    """The answer as botocore's clients read it."""
    return create_parser(protocol).parse(
        {"headers": HeadersDict(response.headers), "status_code": response.status, "body": response.body}, shape
    )
