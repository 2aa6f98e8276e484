"""Pushes as Envoy 1.40 sends them: whole names, no tags, everything since the start."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.clock import Instant
from moyai.kernel.ids import PROXY_HEADER, AccountId, ProxyId, Region
from moyai.kernel.scope import Scope
from moyai.telemetry.archive import Archive
from moyai.telemetry.connect_reporters import ServiceReporter
from moyai.telemetry.connect_stats import CONNECT
from moyai.telemetry.envoy_stats import Report
from moyai.telemetry.pushes import Pushes
from moyai.telemetry.record import Recorder
from moyai.testing.clock import EPOCH

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
FRONT = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/front1")
CART = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/cart1")
BOUNDS = (1.0, 2.0, 5.0, 10.0, 100.0)
_CUMULATIVE = 2
_SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name


def read_report(body: bytes) -> Report:
    """The figures in one push of Service Connect. Raises NotOtlp."""
    return Pushes().reader(CONNECT)(body).report


def push(
    second: float,
    counters: Mapping[str, int] | None = None,
    gauges: Mapping[str, int] | None = None,
    times: Mapping[str, tuple[tuple[int, ...], float]] | None = None,
    began: int = 0,
) -> bytes:
    """One push at ``second``. ``times``: counts of the six buckets, and the sum."""
    request = ExportMetricsServiceRequest()
    metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
    at = int(second * 10**9)
    for name, value in (counters or {}).items():
        metric = metrics.add(name=name)
        metric.sum.aggregation_temporality = _CUMULATIVE
        metric.sum.data_points.add(time_unix_nano=at, start_time_unix_nano=began, as_int=value)
    for name, value in (gauges or {}).items():
        metrics.add(name=name).gauge.data_points.add(time_unix_nano=at, as_int=value)
    for name, (counts, total) in (times or {}).items():
        metrics.add(name=name).histogram.data_points.add(
            time_unix_nano=at, count=sum(counts), sum=total, bucket_counts=counts, explicit_bounds=BOUNDS
        )
    return bytes(request.SerializeToString())


def posted(body: bytes, who: str = FRONT, line: str = "POST /v1/metrics HTTP/1.1") -> bytes:
    """The request that brings a push, as Envoy writes it: in chunks."""
    head = f"{line}\r\nhost: moyai\r\n{PROXY_HEADER}: {who}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    parts = [body[at : at + 40] for at in range(0, len(body), 40)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def http_client(second: float, name: str = "cart", began: int = 0, **counts: int) -> bytes:
    """A caller's push on one HTTP target: ``requests``, ``ok``, ``failed``, ``retried``, ``targets``."""
    return push(
        second,
        {
            f"http.egress.{name}.downstream_rq_total": counts.get("requests", 0),
            f"http.egress.{name}.downstream_rq_5xx": counts.get("failed", 0),
            f"cluster.egress.{name}.upstream_rq_2xx": counts.get("ok", 0),
            f"cluster.egress.{name}.upstream_rq_5xx": counts.get("failed", 0),
            f"cluster.egress.{name}.upstream_rq_retry": counts.get("retried", 0),
        },
        {f"cluster.egress.{name}.membership_total": counts.get("targets", 1)},
        began=began,
    )


class Office:
    """A recorder, its archive, and who reports to it."""

    def __init__(self, since: Instant = EPOCH) -> None:
        self.archive = Archive()
        self.reporters = {
            FRONT: ServiceReporter(SCOPE, "shop", "front", EPOCH),
            CART: ServiceReporter(SCOPE, "shop", "cart", EPOCH, frozenset({"prices"})),
        }
        self.recorder = Recorder(self.archive, self.reporters.get, since)

    def take(self, proxy: ProxyId, push: bytes, at: float) -> bool:
        """Record it ``at`` seconds after the epoch of tests."""
        return self.recorder.take(proxy, push, Instant(EPOCH + at))
