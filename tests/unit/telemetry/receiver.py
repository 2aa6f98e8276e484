"""A collector's view of an OTLP export: every point by metric, resource and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

_SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name


class ReceivedPoint(NamedTuple):
    """One data point. ``kind``: sum, gauge or histogram."""

    resource: dict[str, str]
    name: str
    unit: str
    kind: str
    attributes: dict[str, str]
    point: Any


def received_points(body: bytes) -> Iterator[ReceivedPoint]:
    """The points of an export."""
    for of in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        resource = {attribute.key: attribute.value.string_value for attribute in of.resource.attributes}
        for scope in getattr(of, _SCOPES):
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                if kind != "gauge":
                    assert data.aggregation_temporality == 2
                for point in data.data_points:
                    attributes = {attribute.key: attribute.value.string_value for attribute in point.attributes}
                    yield ReceivedPoint(resource, metric.name, metric.unit, kind, attributes, point)
