"""Envoy's spans in the terms of OpenTelemetry: one request as a proxy saw it, or one attempt of it.

Promise: names and attributes are those of OpenTelemetry's semantic conventions, whatever Envoy calls them; an attribute
without a convention has Envoy's name after ``envoy.``. A query string is omitted, because it may contain secrets. Pure.
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
"""The most characters of an attribute's value."""
CALLER: Final = "moyai.caller"
"""A tag that ``by_task`` adds to a target's span: the proxy of the calling task, whose address Envoy does not know."""
CALLING_SERVICE: Final = "peer.service"
"""The attribute with the calling service, on spans without ``client.address``."""
_PLAIN: Final = (
    ("http.method", "http.request.method"),
    ("user_agent", "user_agent.original"),
    ("guid:x-request-id", "http.request.header.x-request-id"),
    ("upstream_cluster", "envoy.upstream_cluster"),
    ("grpc.status_code", "rpc.grpc.status_code"),
    (CALLING_SERVICE, CALLING_SERVICE),
)
"""Envoy's tags and the convention's names of attributes whose values are the same."""
_NUMBERS: Final = (
    ("request_size", "http.request.body.size"),
    ("response_size", "http.response.body.size"),
    ("retry.count", "http.request.resend_count"),
)
"""The same of attributes whose values are numbers."""
_TASK, _TARGET = "moyai.task", "moyai.target"
"""The tags of a host's Envoy with the tasks at both ends of a request."""
_ALL_BITS: Final = 2**64 - 1
_NOTHING: Final = "-"
"""Envoy's word for an absent value."""
_APPLICATION: Final = ("/app:", "cds_ingress_")
"""Parts of the names of the clusters whose endpoint is the task's own application."""
_OF_REQUEST: Final = ("http.method", "http.url", "guid:x-request-id")
"""Tags of a request that its attempts have in common."""
_FIRST_ERROR: Final = 500
"""The lowest status that makes a span an error."""


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

    Envoy's span of an attempt lacks the tags of the request, so they are copied from its parent in the report.
    """
    requests = {raw.id: raw.tags for raw in raw_spans if _is_request(raw.tags)}
    spans = []
    for raw in raw_spans:
        request_tags = {} if _is_request(raw.tags) else requests.get(raw.parent, {})
        inherited_tags = {tag: request_tags[tag] for tag in _OF_REQUEST if tag in request_tags}
        spans.append(_conventional_span(replace(raw, tags={**inherited_tags, **raw.tags}), resource))
    return spans


def by_task(raw_spans: Sequence[RawSpan]) -> Mapping[ProxyId, Sequence[RawSpan]]:
    """The spans of a host's Envoy by the proxies of the tasks that they belong to.

    A request and its attempts belong to the caller. As a request passes this Envoy only once, an attempt is also copied
    as a span of the target, which the target's own proxy would report. The request ends after its attempts and may come
    with a later report, so each attempt has a tag with the caller.
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
            for address in ("upstream_address", "peer.address"):  # in an attempt both are the target's address
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
    """Whether a span is that of a whole request, and not of one attempt."""
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
    """The parts of the URL, and the address of the endpoint that the request was sent to."""
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
    # The name of an internal listener is before a slash, and the endpoint's own address after it.
    address, _, upstream_port = tags.get("upstream_address", "").rpartition("/")[2].rpartition(":")
    if address and upstream_port.isdecimal():
        yield "network.peer.address", address.strip("[]")[:_LONGEST]
        yield "network.peer.port", int(upstream_port[:5])
