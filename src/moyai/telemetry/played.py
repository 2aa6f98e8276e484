"""What a proxy would have counted of calls that nobody made: for the runtime that runs nothing. Pure.

Promise: the same names and the same form as Envoy's pushes, counted from the proxy's start, so that what reads those
reads these. Every count is exact: what a caller counts as sent, the members behind the name count as received.
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
_SPREAD: Final = 0.6
"""Of the times' logarithms."""
_CUMULATIVE: Final = 2
_BYTES: Final = 500
_TRIES: Final = 2
_SCOPES: Final = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name  # its name changed; its number never does


class Played:
    """One proxy's counts."""

    def __init__(self, began: Instant) -> None:
        self._began = began
        self._counts: Counter[str] = Counter()
        self._levels: dict[str, int] = {}
        self._times: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    @property
    def counted(self) -> bool:
        """Whether there is anything to report."""
        return bool(self._counts)

    def sent(self, name: str, requests: int, failed: int, members: int, ms: float) -> None:
        """So many HTTP requests to a name, tried again in vain where they ``failed``; ``ms`` is their median."""
        self._counts[f"http.egress.{name}.downstream_rq_total"] += requests
        self._counts[f"http.egress.{name}.downstream_rq_5xx"] += failed
        cluster = f"cluster.egress.{name}"
        self._levels[f"{cluster}.membership_total"] = members
        if members:
            self._counts[f"{cluster}.upstream_rq_2xx"] += requests - failed
            self._counts[f"{cluster}.upstream_rq_5xx"] += failed
            self._counts[f"{cluster}.upstream_rq_retry"] += _TRIES * failed
            self._counts[f"{cluster}.upstream_cx_rx_bytes_total"] += _BYTES * requests
            self._time(f"{cluster}.upstream_rq_time", requests + _TRIES * failed, ms)

    def received(self, name: str, requests: int, failed: int, ms: float) -> None:
        """So many HTTP requests under a name, ``failed`` of them answered with 500."""
        self._counts[f"http.ingress.{name}.downstream_rq_total"] += requests
        self._counts[f"http.ingress.{name}.downstream_cx_rx_bytes_total"] += _BYTES * requests
        self._counts[f"http.ingress.{name}.downstream_rq_5xx"] += failed
        self._time(f"cluster.ingress.{name}.upstream_rq_time", requests, ms)

    def connected(self, name: str, connections: int, failed: int, *, members: int) -> None:
        """So many TCP connections to a name, ``failed`` of them never made."""
        self._counts[f"tcp.egress.{name}.downstream_cx_total"] += connections
        reason = "upstream_cx_connect_attempts_exceeded" if members else "upstream_cx_none_healthy"
        self._counts[f"cluster.egress.{name}.{reason}"] += failed

    def accepted(self, name: str, connections: int) -> None:
        """So many TCP connections under a name."""
        self._counts[f"tcp.ingress.{name}.downstream_cx_total"] += connections
        self._counts[f"tcp.ingress.{name}.downstream_cx_rx_bytes_total"] += _BYTES * connections

    def push(self, now: Instant) -> bytes:
        """The report of this moment."""
        request = ExportMetricsServiceRequest()
        metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
        since, at = int(self._began * 10**6), int(now * 10**9)
        when = {"start_time_unix_nano": since, "time_unix_nano": at}
        for name, value in self._counts.items():
            metric = metrics.add(name=name)
            metric.sum.is_monotonic = True
            metric.sum.aggregation_temporality = _CUMULATIVE
            metric.sum.data_points.add(as_int=value, **when)
        for name, value in self._levels.items():
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

    def _time(self, name: str, requests: int, ms: float) -> None:
        counts = self._times.setdefault(name, [0] * (len(_BOUNDS) + 1))
        before = 0
        for bucket, bound in enumerate((*_BOUNDS, None)):
            until = requests if bound is None else round(requests * _share_below(bound, ms))
            counts[bucket] += until - before
            before = until
        self._sums[name] += round(requests * ms)


def _share_below(bound: float, median: float) -> float:
    return (1 + erf(log(bound / median) / (_SPREAD * sqrt(2)))) / 2
