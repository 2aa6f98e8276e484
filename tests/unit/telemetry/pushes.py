"""Pushes as Envoy 1.40 sends them: whole names, no tags, everything since the start."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import PROXY_HEADER, AccountId, ProxyId, Region
from moyai.kernel.scope import Scope
from moyai.telemetry.ingest.push_decoder import PushDecoders
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.reporters.connect_stats import CONNECT_STATS
from moyai.telemetry.reporters.envoy_stats import ProxyReport
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH, ManualClock

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
FRONT = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/front1")
CART = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/cart1")
BOUNDS = (1.0, 2.0, 5.0, 10.0, 100.0)
_CUMULATIVE = 2
_SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name


def read_report(body: bytes) -> ProxyReport:
    """The report in one push of Service Connect. Raises NotOtlp."""
    return PushDecoders().decoder(CONNECT_STATS)(body).report


def push(
    second: float,
    counters: Mapping[str, int] | None = None,
    gauges: Mapping[str, int] | None = None,
    times: Mapping[str, tuple[tuple[int, ...], float]] | None = None,
    proxy_start: int = 0,
) -> bytes:
    """One push at ``second``. ``times``: counts of the six buckets, and the sum."""
    request = ExportMetricsServiceRequest()
    metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
    at = int(second * 10**9)
    for name, value in (counters or {}).items():
        metric = metrics.add(name=name)
        metric.sum.aggregation_temporality = _CUMULATIVE
        metric.sum.data_points.add(time_unix_nano=at, start_time_unix_nano=proxy_start, as_int=value)
    for name, value in (gauges or {}).items():
        metrics.add(name=name).gauge.data_points.add(time_unix_nano=at, as_int=value)
    for name, (counts, total) in (times or {}).items():
        metrics.add(name=name).histogram.data_points.add(
            time_unix_nano=at, count=sum(counts), sum=total, bucket_counts=counts, explicit_bounds=BOUNDS
        )
    return bytes(request.SerializeToString())


def push_request(body: bytes, who: str = FRONT, line: str = "POST /v1/metrics HTTP/1.1") -> bytes:
    """The request that brings a push, as Envoy writes it: in chunks."""
    head = f"{line}\r\nhost: moyai\r\n{PROXY_HEADER}: {who}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    parts = [body[at : at + 40] for at in range(0, len(body), 40)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def http_client(second: float, name: str = "cart", proxy_start: int = 0, **counts: int) -> bytes:
    """A caller's push on one HTTP target: ``requests``, ``ok``, ``failed``, ``retried``, ``targets``."""
    return push(
        second,
        {
            f"http.egress.{name}.downstream_rq_completed": counts.get("requests", 0),
            f"http.egress.{name}.downstream_rq_5xx": counts.get("failed", 0),
            f"cluster.egress.{name}.upstream_rq_2xx": counts.get("ok", 0),
            f"cluster.egress.{name}.upstream_rq_5xx": counts.get("failed", 0),
            f"cluster.egress.{name}.upstream_rq_retry": counts.get("retried", 0),
        },
        {f"cluster.egress.{name}.membership_total": counts.get("targets", 1)},
        proxy_start=proxy_start,
    )


class Telemetry:
    """A recorder with its series, and the reporters that it knows."""

    def __init__(self, since: Instant = EPOCH) -> None:
        self.head = MetricHead()
        self.reporters = {
            FRONT: ServiceReporter(SCOPE, "shop", "front", EPOCH),
            CART: ServiceReporter(SCOPE, "shop", "cart", EPOCH, frozenset({"prices"})),
        }
        self.recorder = Recorder(self.head, self.reporters.get, since)
        self.reader = SeriesReader(self.head, self.recorder.buffer.flush)

    def record(self, proxy: ProxyId, push: bytes, at: float) -> bool:
        """Record it ``at`` seconds after the epoch of tests."""
        return self.recorder.record(proxy, push, Instant(EPOCH + at))

    async def receive(self, proxy: ProxyId, push: bytes, at: float) -> bool:
        """Receive it ``at`` seconds after the epoch of tests."""
        return await self.recorder.receive(proxy, push, ManualClock(Instant(EPOCH + at)))

    def called_requests(self, start: Instant) -> float:
        """See ``called_requests``."""
        return called_requests(self.reader, start)


def called_requests(reader: SeriesReader, start: Instant) -> float:
    """The requests that all callers' proxies have counted in the five seconds from ``start`` on."""
    span = (start, later(start, 5))
    return sum(
        period.summary.sum
        for metric in reader.metrics(SCOPE)
        if metric.metric.name == "TargetRequestCount" and metric.metric.dimension("ServiceName") is not None
        for period in reader.periods(SCOPE, metric.metric, span, 5)
    )
