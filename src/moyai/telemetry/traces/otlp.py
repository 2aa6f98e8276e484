"""Decodes Envoy's exports of spans, and encodes conventional spans for an OpenTelemetry collector of the user's. Pure.

Source: https://opentelemetry.io/docs/specs/otlp/, opentelemetry/proto/trace/v1/trace.proto
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from moyai.ports.spans import AttributeValue, SpanKind, TraceSpan
from moyai.telemetry.ingest.otlp_offsets import NotOtlp
from moyai.telemetry.traces.span import RawSpan

_SCOPES: Final = trace_pb2.ResourceSpans.DESCRIPTOR.fields_by_number[2].name
"""The scopes of a resource. The field's name differs between versions of OTLP, its number does not."""
_NANOSECONDS: Final = 1_000_000_000
_MOST_SPANS: Final = 10_000
"""The most spans of one export."""
_SERVER, _CLIENT, _ERROR = 2, 3, 2
"""Numbers of OTLP: two of a ``Span.SpanKind``, and one of a ``Status.StatusCode``."""


def decode_spans(body: bytes) -> list[RawSpan]:
    """The spans of an ``ExportTraceServiceRequest``. Raises NotOtlp for other bytes, and for too many spans."""
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise NotOtlp("the body is not an ExportTraceServiceRequest") from error
    spans = [
        _raw_span(span) for part in request.resource_spans for scope in getattr(part, _SCOPES) for span in scope.spans
    ]
    if len(spans) > _MOST_SPANS:
        raise NotOtlp(f"an export has at most {_MOST_SPANS} spans")
    return spans


def _raw_span(span: Any) -> RawSpan:  # noqa: ANN401 (protoc's messages have no types)
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    return RawSpan(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start=start / _NANOSECONDS,
        duration=max(end - start, 0) / _NANOSECONDS,
        tags={attribute.key: _text(attribute.value) for attribute in span.attributes},
    )


def _text(value: Any) -> str:  # noqa: ANN401
    kind = value.WhichOneof("value")
    content = getattr(value, kind) if kind else ""
    return str(content).lower() if isinstance(content, bool) else str(content)


def encode_spans(spans: Sequence[TraceSpan]) -> bytes:
    """The spans as an ``ExportTraceServiceRequest``, each with its resource."""
    request = ExportTraceServiceRequest()
    for span in spans:
        part = request.resource_spans.add()
        _add_attributes(part.resource.attributes, span.resource)
        message = (
            getattr(part, _SCOPES)
            .add()
            .spans.add(
                trace_id=bytes.fromhex(span.trace),
                span_id=bytes.fromhex(span.id),
                parent_span_id=bytes.fromhex(span.parent),
                name=span.name,
                kind=_SERVER if span.kind is SpanKind.SERVER else _CLIENT,
                start_time_unix_nano=int(span.start * _NANOSECONDS),
                end_time_unix_nano=int((span.start + span.duration) * _NANOSECONDS),
            )
        )
        if span.is_error:
            message.status.code = _ERROR
        _add_attributes(message.attributes, span.attributes)
    body: bytes = request.SerializeToString()
    return body


def _add_attributes(attributes: Any, values: Mapping[str, AttributeValue]) -> None:  # noqa: ANN401
    for key, value in sorted(values.items()):
        attribute = attributes.add(key=key)
        if isinstance(value, int):
            attribute.value.int_value = value
        else:
            attribute.value.string_value = value
