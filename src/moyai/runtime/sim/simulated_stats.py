"""The statistics that an Envoy would have of simulated calls, for the runtime that runs no processes. Pure.

Promise: the pushes have the names and the form of Envoy's and are cumulative from the proxy's start, so they are
decoded in the same way. Every count is exact: what a caller's proxy counts as sent, the proxies behind the name count
as received.
"""

from __future__ import annotations

from collections import Counter
from math import erf, log, sqrt
from typing import Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.clock import Instant

_BOUNDS: Final = (
    0.5,
    1.0,
    2.0,
    3.0,
    5.0,
    7.5,
    10.0,
    15.0,
    25.0,
    50.0,
    75.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
)
_DEVIATION: Final = 0.6
"""The standard deviation of the response times' logarithms."""
_CUMULATIVE: Final = 2
_BYTES_PER_CALL: Final = 500
_RETRIES: Final = 2
_SCOPES: Final = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name  # its name changed; its number never does


class SimulatedStats:
    """The statistics of one proxy."""

    def __init__(self, started_at: Instant) -> None:
        self._started_at = started_at
        self._counts: Counter[str] = Counter()
        self._gauges: dict[str, int] = {}
        self._times: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    @property
    def has_counts(self) -> bool:
        """Whether anything was counted."""
        return bool(self._counts)

    def add_sent_requests(self, name: str, requests: int, failed: int, members: int, ms: float) -> None:
        """Count HTTP requests to a name, of which ``failed`` ones failed after all retries; ``ms`` is their median."""
        self._counts[f"http.egress.{name}.downstream_rq_completed"] += requests
        self._counts[f"http.egress.{name}.downstream_rq_5xx"] += failed
        cluster = f"cluster.egress.{name}"
        self._gauges[f"{cluster}.membership_total"] = members
        if members:
            self._counts[f"{cluster}.upstream_rq_2xx"] += requests - failed
            self._counts[f"{cluster}.upstream_rq_5xx"] += failed
            self._counts[f"{cluster}.upstream_rq_retry"] += _RETRIES * failed
            self._counts[f"{cluster}.upstream_cx_rx_bytes_total"] += _BYTES_PER_CALL * requests
            self._add_times(f"{cluster}.upstream_rq_time", requests + _RETRIES * failed, ms)

    def add_received_requests(self, name: str, requests: int, failed: int, ms: float) -> None:
        """Count HTTP requests that were received under a name, of which ``failed`` ones were answered with 500."""
        self._counts[f"http.ingress.{name}.downstream_rq_completed"] += requests
        self._counts[f"http.ingress.{name}.downstream_cx_rx_bytes_total"] += _BYTES_PER_CALL * requests
        self._counts[f"http.ingress.{name}.downstream_rq_5xx"] += failed
        self._add_times(f"cluster.ingress.{name}.upstream_rq_time", requests, ms)

    def add_sent_connections(self, name: str, connections: int, failed: int, *, members: int) -> None:
        """Count TCP connections to a name, of which ``failed`` ones were never established."""
        self._counts[f"tcp.egress.{name}.downstream_cx_total"] += connections
        reason = "upstream_cx_connect_attempts_exceeded" if members else "upstream_cx_none_healthy"
        self._counts[f"cluster.egress.{name}.{reason}"] += failed

    def add_received_connections(self, name: str, connections: int) -> None:
        """Count TCP connections that were received under a name."""
        self._counts[f"tcp.ingress.{name}.downstream_cx_total"] += connections
        self._counts[f"tcp.ingress.{name}.downstream_cx_rx_bytes_total"] += _BYTES_PER_CALL * connections

    def encode_push(self, now: Instant) -> bytes:
        """The OTLP push of this moment."""
        request = ExportMetricsServiceRequest()
        metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
        start, at = int(self._started_at * 10**6), int(now * 10**9)  # Envoy 1.40 writes a start in microseconds
        when = {"start_time_unix_nano": start, "time_unix_nano": at}
        for name, value in self._counts.items():
            metric = metrics.add(name=name)
            metric.sum.is_monotonic = True
            metric.sum.aggregation_temporality = _CUMULATIVE
            metric.sum.data_points.add(as_int=value, **when)
        for name, value in self._gauges.items():
            metrics.add(name=name).gauge.data_points.add(as_int=value, time_unix_nano=at)
        for name, counts in self._times.items():
            metric = metrics.add(name=name)
            metric.histogram.aggregation_temporality = _CUMULATIVE
            total = self._sums[name]
            metric.histogram.data_points.add(
                count=sum(counts), sum=total, bucket_counts=counts, explicit_bounds=_BOUNDS, **when
            )
        body: bytes = request.SerializeToString()
        return body

    def _add_times(self, name: str, requests: int, ms: float) -> None:
        counts = self._times.setdefault(name, [0] * (len(_BOUNDS) + 1))
        below = 0
        for bucket, bound in enumerate((*_BOUNDS, None)):
            below_before, below = below, requests if bound is None else round(requests * _share_below(bound, ms))
            counts[bucket] += below - below_before
        self._sums[name] += round(requests * ms)


def _share_below(bound: float, median: float) -> float:
    """The share of a log-normal distribution that is below a bound."""
    return (1 + erf(log(bound / median) / (_DEVIATION * sqrt(2)))) / 2
