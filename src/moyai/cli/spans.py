"""Spans in lines of text: what ``moyai trace``, ``moyai tap`` and ``moyai explain`` print of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

Span = Mapping[str, Any]
_MILLISECONDS: Final = 1000
_DEEPEST: Final = 50
"""Levels of a tree: applications choose the parents of spans."""
OFF: Final = (
    "No request is traced: start the server with `moyai up --trace-sampling 100`, or another percentage. A task with a "
    "proxy of its own has to start after that."
)
FLAGS: Final[Mapping[str, str]] = {
    "UH": "no endpoint was healthy",
    "UF": "the endpoint could not be reached",
    "UO": "the circuit breaker was open: too many requests at once",
    "NR": "no route matched",
    "NC": "the cluster is unknown",
    "UT": "the endpoint did not answer within the timeout",
    "UC": "the endpoint closed the connection",
    "UR": "the endpoint reset the stream",
    "URX": "the retries were used up",
    "DC": "the caller went away",
    "DI": "a fault was injected",
    "FI": "a fault was injected",
    "SI": "the stream was idle for too long",
    "UPE": "the endpoint's answer was no valid HTTP",
    "DPE": "the request was no valid HTTP",
    "OM": "the proxy was overloaded",
    "DT": "the request or connection lasted too long",
}
"""The meanings of Envoy's response flags.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/advanced/substitution_formatter
"""


def request_line(span: Span) -> str:
    """Method, path and result of a request."""
    attributes = span["attributes"]
    status = attributes.get("http.response.status_code", "no answer")
    path = attributes.get("url.path", "/")
    flags = flags_text(str(attributes.get("envoy.response_flags", "")))
    return f"{span['name']} {path} {status}{f' ({flags})' if flags else ''} {milliseconds(span)} ms"


def milliseconds(span: Span) -> str:
    """A span's duration."""
    return f"{span['duration'] * _MILLISECONDS:.1f}"


def time_of(span: Span) -> str:
    """A span's start, in UTC."""
    return datetime.fromtimestamp(span["start"], UTC).isoformat(timespec="milliseconds")


def flags_text(flags: str) -> str:
    """The meanings of response flags, in words; unknown ones stay as they are."""
    return ", ".join(FLAGS.get(flag, flag) for flag in flags.split(",") if flag)


def tree_lines(spans: Sequence[Span]) -> Iterator[str]:
    """The spans of one trace, each below its parent."""
    ids = {span["id"] for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: float(span["start"])):
        parent = span["parent"] if span["parent"] in ids else ""
        children.setdefault(parent, []).append(span)
    yield from _branch(children, "", 0)


def _branch(children: Mapping[str, Sequence[Span]], parent: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    for span in children.get(parent, ()):
        yield f"{'  ' * depth}{describe(span)}"
        yield from _branch(children, span["id"], depth + 1)


def describe(span: Span) -> str:
    """The service, its side and the request in one line; of an attempt also the endpoint."""
    attributes, service = span["attributes"], span["resource"].get("service.name", "")
    if span["kind"] == "server":
        return f"{service} serves {request_line(span)}"
    if not is_attempt(span):
        return f"{service} calls {attributes.get('server.address', '')}: {request_line(span)}"
    attempt = int(attributes.get("http.request.resend_count", 0)) + 1
    peer = f"{attributes['network.peer.address']}:{attributes.get('network.peer.port', '')}"
    return f"attempt {attempt} at {peer}: {request_line(span)}"


def is_attempt(span: Span) -> bool:
    """Whether a span is one attempt of a request, and not the whole request."""
    return "network.peer.address" in span["attributes"]
