"""Envoy's spans in the terms of OpenTelemetry: one request as a proxy saw it, or one attempt of it.

Promise: names and attributes are those of OpenTelemetry's semantic conventions, whatever Envoy calls them; what has no
convention keeps Envoy's word under ``envoy.``. A query string is left out, because it may contain secrets. Pure.
Sources: https://opentelemetry.io/docs/specs/semconv/http/http-spans/,
https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/observability/tracing
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from moyai.kernel.ids import ProxyId
from moyai.ports.spans import AttributeValue, SpanKind, TraceSpan

_LONGEST: Final = 512
"""Characters of an attribute's value."""
CALLER: Final = "moyai.caller"
"""The tag that ``by_task`` gives a target's span: the task that called, whose address Envoy has not seen."""
CALLING_SERVICE: Final = "peer.service"
"""The attribute with the calling service, where there is no ``client.address``."""
_PLAIN: Final = (
    ("http.method", "http.request.method"),
    ("user_agent", "user_agent.original"),
    ("guid:x-request-id", "http.request.header.x-request-id"),
    ("upstream_cluster", "envoy.upstream_cluster"),
    ("grpc.status_code", "rpc.grpc.status_code"),
    (CALLING_SERVICE, CALLING_SERVICE),
)
"""Envoy's tag and the convention's name of attributes whose values are the same."""
_NUMBERS: Final = (
    ("request_size", "http.request.body.size"),
    ("response_size", "http.response.body.size"),
    ("retry.count", "http.request.resend_count"),
)
_TASK, _TARGET = "moyai.task", "moyai.target"
"""The tags of a host's Envoy with the tasks at both ends of a request."""
_ALL_BITS: Final = 2**64 - 1
_NOTHING: Final = "-"
"""Envoy's word for an absent value."""
_APPLICATION: Final = ("/app:", "cds_ingress_")
"""Parts of the names of clusters that are the task's own application."""
_OF_REQUEST: Final = ("http.method", "http.url", "guid:x-request-id")
"""Tags of a request that its attempts have in common."""
_FIRST_ERROR: Final = 500


class RawSpan(msgspec.Struct, frozen=True):
    """A span as Envoy reports it, its tags by Envoy's names."""

    trace: str
    id: str
    parent: str
    start: float
    duration: float
    tags: Mapping[str, str]


def conventional_spans(raw_spans: Sequence[RawSpan], resource: Mapping[str, str]) -> list[TraceSpan]:
    """The spans of a report in the terms of the conventions; ``resource``: the attributes of the proxy.

    Envoy reports an attempt without the request that it belongs to, so it gets that from its parent in the report.
    """
    requests = {raw.id: raw.tags for raw in raw_spans if _is_request(raw.tags)}
    spans = []
    for raw in raw_spans:
        of_parent = {} if _is_request(raw.tags) else requests.get(raw.parent, {})
        inherited_tags = {tag: of_parent[tag] for tag in _OF_REQUEST if tag in of_parent}
        spans.append(_conventional_span(replace(raw, tags={**inherited_tags, **raw.tags}), resource))
    return spans


def by_task(raw_spans: Sequence[RawSpan]) -> Mapping[ProxyId, Sequence[RawSpan]]:
    """The spans of a host's Envoy by the task that they are of: a request and its attempts are the caller's.

    A request passes this Envoy once, so an attempt is also what the target's own proxy would report, in the same time.
    An attempt ends before its request, which may come with a later report: the attempt names the caller itself.
    """
    requests = {raw.id: raw.tags for raw in raw_spans if _is_request(raw.tags)}
    spans: dict[ProxyId, list[RawSpan]] = defaultdict(list)
    for raw in raw_spans:
        request = requests.get(raw.id) or requests.get(raw.parent, {})
        task = raw.tags.get(_TASK) or request.get(_TASK)
        if task:
            spans[ProxyId(task)].append(raw)
        target = raw.tags.get(_TARGET, _NOTHING)
        if raw.id not in requests and target != _NOTHING:
            common = {tag: request[tag] for tag in _OF_REQUEST if tag in request}
            tags = {**raw.tags, **common, CALLER: task or "", "upstream_cluster": f"{target}{_APPLICATION[0]}"}
            for address in ("upstream_address", "peer.address"):  # of attempts alone: both are the target's own address
                tags.pop(address, None)
            spans[ProxyId(target)].append(replace(raw, id=_id_at_target(raw.id), parent=raw.id, tags=tags))
    return spans


def _id_at_target(attempt: str) -> str:
    return f"{int(attempt, 16) ^ _ALL_BITS:016x}"


def _conventional_span(raw: RawSpan, resource: Mapping[str, str]) -> TraceSpan:
    cluster = raw.tags.get("upstream_cluster", "")
    kind = SpanKind.SERVER if any(part in cluster for part in _APPLICATION) else SpanKind.CLIENT
    attributes = dict(_attributes(raw.tags, kind))
    status = attributes.get("http.response.status_code", 0)
    is_error = raw.tags.get("error") == "true" or (isinstance(status, int) and status >= _FIRST_ERROR)
    if is_error:
        attributes["error.type"] = attributes.get("envoy.response_flags") or str(status or "no_response")
    name = str(attributes.get("http.request.method", "HTTP"))
    return TraceSpan(raw.trace, raw.id, raw.parent, name, kind, raw.start, raw.duration, is_error, attributes, resource)


def _is_request(tags: Mapping[str, str]) -> bool:
    """Whether a span is one of a whole request and not of one attempt."""
    return "http.url" in tags


def _attributes(tags: Mapping[str, str], kind: SpanKind) -> Iterator[tuple[str, AttributeValue]]:
    for tag, name in _PLAIN:
        if (value := tags.get(tag, _NOTHING)) != _NOTHING and value:
            yield name, value[:_LONGEST]
    for tag, name in _NUMBERS:
        if tags.get(tag, "").isdecimal():
            yield name, int(tags[tag][:18])
    status = tags.get("http.status_code", "")
    if status.isdecimal() and status != "0":
        yield "http.response.status_code", int(status[:3])
    if (flags := tags.get("response_flags", _NOTHING)) != _NOTHING:
        yield "envoy.response_flags", flags[:_LONGEST]
    if (caller := tags.get("peer.address")) and "upstream_address" not in tags:
        yield "client.address", caller[:_LONGEST]
    if protocol := tags.get("http.protocol"):
        yield "network.protocol.version", protocol.rpartition("/")[2][:_LONGEST]
    yield from _addresses(tags, kind)


def _addresses(tags: Mapping[str, str], kind: SpanKind) -> Iterator[tuple[str, AttributeValue]]:
    """The URL's parts, and the address of the endpoint that got the request."""
    try:
        url = urlsplit(tags.get("http.url", ""))
        port = url.port
    except ValueError:
        return
    if url.hostname:
        yield "url.scheme", url.scheme
        yield "url.path", url.path[:_LONGEST]
        yield "server.address", url.hostname[:_LONGEST]
        if port is not None:
            yield "server.port", port
        if kind is SpanKind.CLIENT:
            yield "url.full", f"{url.scheme}://{url.netloc}{url.path}"[:_LONGEST]
    # An internal listener is before a slash, and its address for others behind it.
    address, _, upstream_port = tags.get("upstream_address", "").rpartition("/")[2].rpartition(":")
    if address and upstream_port.isdecimal():
        yield "network.peer.address", address.strip("[]")[:_LONGEST]
        yield "network.peer.port", int(upstream_port[:5])
