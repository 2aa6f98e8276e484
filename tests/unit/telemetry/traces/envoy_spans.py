"""Spans as Envoy reports them, with the tags that Envoy gives them."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from moyai.telemetry.traces.span import RawSpan

_SCOPES = trace_pb2.ResourceSpans.DESCRIPTOR.fields_by_number[2].name
REQUEST = {
    "http.method": "GET",
    "http.url": "http://catalog:8080/items/42?token=secret",
    "http.protocol": "HTTP/1.1",
    "http.status_code": "503",
    "response_flags": "UH",
    "peer.address": "172.31.0.9",
    "user_agent": "-",
    "guid:x-request-id": "r-1",
    "upstream_cluster": "egress/catalog.shop",
    "error": "true",
}
ATTEMPT = {"upstream_address": "172.31.16.4:8080", "http.status_code": "200", "retry.count": "1"}


def raw(number: int, tags: dict[str, str], parent: str = "", trace: str = "ab" * 16) -> RawSpan:
    return RawSpan(trace, f"{number:016x}", parent, 1.5, 0.25, tags)


def report(*spans: RawSpan, later: int = 0, longer: int = 0) -> bytes:
    """A report of these spans, which begin so many seconds later and last so many seconds longer than ``raw`` says."""
    request = ExportTraceServiceRequest()
    scope = getattr(request.resource_spans.add(), _SCOPES).add()
    for span in spans:
        ids = {"trace_id": bytes.fromhex(span.trace), "span_id": bytes.fromhex(span.id)}
        start, end = (nanoseconds + later * 1_000_000_000 for nanoseconds in (1_500_000_000, 1_750_000_000))
        end += longer * 1_000_000_000
        message = scope.spans.add(**ids, start_time_unix_nano=start, end_time_unix_nano=end)
        message.parent_span_id = bytes.fromhex(span.parent)
        for key, value in span.tags.items():
            message.attributes.add(key=key).value.string_value = value
    return bytes(request.SerializeToString())
