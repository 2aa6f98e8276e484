"""The cost of a thousand proxies' statistics: to receive them, to save them, to answer queries from them.

Run by `make bench`, or by hand: `.venv/bin/python bench/metrics.py` (`--apart`: every task is a service of its own,
so that no two proxies share an edge). A hundred services of ten tasks; each task's proxy reports on ten HTTP targets
and its own endpoint every five seconds, and every value has changed since the report before. Pushes have Envoy's form
and come over Unix sockets, from a process of their own. All of it is measured as processor time, and beside it what
bringing a push costs alone. Then a day of history is recorded, and a day of one service is queried. No number here is a
test.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zlib import crc32

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics
from rig.report import show

from moyai.app.clock import SystemClock
from moyai.app.gc_tuning import gc_tuned
from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.kernel.clock import Instant
from moyai.kernel.ids import PROXY_HEADER, AccountId, ProxyId, Region
from moyai.kernel.scope import Scope
from moyai.store.metric_sqlite import SqliteMetricStore
from moyai.telemetry.flusher import MetricFlusher
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.telemetry.ingest.otlp_http import OtlpHttpReceiver
from moyai.telemetry.ingest.push_decoder import PushDecoders
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.reporters.connect_stats import CONNECT_STATS
from moyai.telemetry.reporters.reporter import IdentifyProxy
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import ManualClock

TASKS: Final = 1000
SERVICES: Final = 100
EDGES: Final = 10
EVERY: Final = 5
ROUNDS: Final = 8
SCOPE: Final = Scope(AccountId("123456789012"), Region("us-east-1"))
BOUNDS: Final = (
    *range(1, 11),
    15,
    20,
    25,
    30,
    40,
    50,
    75,
    100,
    150,
    200,
    300,
    500,
    750,
    1000,
    2000,
    5000,
    10000,
    60000,
)
EXPORT: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
CHUNK: Final = 16 * 1024
_SCOPES: Final = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name
_OWN_CONNECTION: Final = (("grpc.use_local_subchannel_pool", 1),)
MEBIBYTE: Final = 2**20


class Push:
    """A push of one task's proxy, as it is put together."""

    def __init__(self, task: int, number: int, at: float) -> None:
        self._task, self.number = task, number
        self._request = ExportMetricsServiceRequest()
        self._metrics = getattr(self._request.resource_metrics.add(), _SCOPES).add().metrics
        self._at = int(at * 10**9)

    def add_counter(self, name: str, value: int) -> None:
        """Add a counter."""
        metric = self._metrics.add(name=name)
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = 2, True
        metric.sum.data_points.add(as_int=value, start_time_unix_nano=1, time_unix_nano=self._at)

    def add_gauge(self, name: str, value: int) -> None:
        """Add a gauge."""
        self._metrics.add(name=name).gauge.data_points.add(as_int=value, time_unix_nano=self._at)

    def add_histogram(self, name: str, each: int) -> None:
        """Add a histogram of response times."""
        counts = [self.number * each] * 10 + [self.number // 3] * 6 + [0] * (len(BOUNDS) - 15)
        points = self._metrics.add(name=name).histogram.data_points
        when = {"start_time_unix_nano": 1, "time_unix_nano": self._at}
        points.add(count=sum(counts), sum=3.5 * sum(counts), bucket_counts=counts, explicit_bounds=BOUNDS, **when)

    def add_listener(self, side: str, each: int) -> None:
        """Add the statistics of a listener, and the times of the cluster behind it."""
        for counter in ("cx_rx_bytes_total", "cx_total", "rq_completed"):
            self.add_counter(f"http.{side}.downstream_{counter}", self.number * 10 * each)
        for counter in ("rq_5xx", "rq_tx_reset"):
            self.add_counter(f"http.{side}.downstream_{counter}", self.number // 4)
        for counter in ("cx_active", "rq_active"):
            self.add_gauge(f"http.{side}.downstream_{counter}", 2)
        self.add_histogram(f"cluster.{side}.upstream_rq_time", each)

    def add_target(self, side: str, each: int) -> None:
        """Add a caller's statistics of one target."""
        for counter in ("cx_connect_fail", "cx_none_healthy", "rq_retry", "rq_5xx"):
            self.add_counter(f"cluster.{side}.upstream_{counter}", self.number // 4)
        for counter in ("cx_rx_bytes_total", "cx_tx_bytes_total", "rq_2xx", "rq_4xx"):
            self.add_counter(f"cluster.{side}.upstream_{counter}", self.number * 10 * each)
        for counter in ("upstream_cx_active", "upstream_rq_active", "membership_total"):
            self.add_gauge(f"cluster.{side}.{counter}", 2)
        self.add_listener(side, each)

    def encode(self) -> bytes:
        """The bytes of the push; every Envoy has its own order of statistics."""
        self._metrics.sort(key=lambda one: crc32(f"{self._task} {one.name}".encode()))
        return bytes(self._request.SerializeToString())


def push(task: int, number: int, at: float) -> bytes:
    """The ``number``-th report of a task."""
    new = Push(task, number, at)
    for edge in range(EDGES):
        new.add_target(f"egress.target-{(task + edge) % SERVICES:03}", 5 + task % 7)
    new.add_listener(f"ingress.target-{task % SERVICES:03}", 5 + task % 7)
    return new.encode()


def proxy(task: int) -> ProxyId:
    """A task's ARN."""
    return ProxyId(f"arn:aws:ecs:us-east-1:123456789012:task/shop/{task:032x}")


def identify(apart: bool) -> IdentifyProxy:  # noqa: FBT001
    """The service of each proxy; with ``apart`` each has its own."""
    reporters = {
        proxy(task): ServiceReporter(SCOPE, "shop", f"service-{task if apart else task % SERVICES:04}", Instant(0.0))
        for task in range(TASKS)
    }
    return reporters.get


def authenticate(context: grpc.aio.ServicerContext[bytes, bytes]) -> ProxyId:
    """The proxy that a report names."""
    return ProxyId(str(dict(context.invocation_metadata() or ())[PROXY_HEADER]))


class MetricPipeline:
    """The part of a control plane that records metrics."""

    def __init__(self, folder: Path, clock: SystemClock | ManualClock, *, apart: bool) -> None:
        self.file = folder / "metrics.db"
        self.store = SqliteMetricStore.open(self.file, 2**40, clock)
        self.head = MetricHead(history=self.store, groups=self.store.groups())
        self.recorder = Recorder(self.head, identify(apart), Instant(0.0), self.store.proxy)
        self.flusher = MetricFlusher(self.store, self.head, self.recorder, clock)
        self.reader = SeriesReader(self.head, self.recorder.buffer.flush)


class HttpSender:
    """Sends a proxy's pushes as Envoy does: in chunks, over a connection of its own that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, path: str) -> HttpSender:
        """Connect."""
        return cls(*await asyncio.open_unix_connection(path))

    async def push(self, proxy: ProxyId, body: bytes) -> None:
        """Send a push, and wait until it is accepted."""
        headers = (f"{PROXY_HEADER}: {proxy}", "content-type: application/x-protobuf", "transfer-encoding: chunked")
        head = "\r\n".join(("POST /v1/metrics HTTP/1.1", "host: moyai", *headers, "", ""))
        parts = (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        self._writer.write(b"%b%b0\r\n\r\n" % (head.encode(), chunks))
        await self._reader.readuntil(b"\r\n\r\n")


class GrpcSender:
    """Sends the pushes of a proxy outside of tasks."""

    def __init__(self, path: str) -> None:
        channel = grpc.aio.insecure_channel(f"unix:{path}", options=_OWN_CONNECTION)
        self._export: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EXPORT)

    @classmethod
    async def open(cls, path: str) -> GrpcSender:
        """The connection is opened with the first push."""
        return cls(path)

    async def push(self, proxy: ProxyId, body: bytes) -> None:
        """Send a push, and wait until it is accepted."""
        await self._export(body, metadata=((PROXY_HEADER, proxy),))


SenderType = type[HttpSender | GrpcSender]


async def send(sender: SenderType, path: str, rounds: int) -> None:
    """Run the proxies' process: a round of all of them every five seconds."""
    senders = [await sender.open(path) for _ in range(TASKS)]
    for number in range(1, rounds + 1):
        bodies = [push(task, number, time.time()) for task in range(TASKS)]
        print(flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        started_at = time.monotonic()
        async with asyncio.TaskGroup() as under_way:
            for task, (one, body) in enumerate(zip(senders, bodies, strict=True)):
                await asyncio.sleep(max(started_at + EVERY * task / TASKS - time.monotonic(), 0))
                under_way.create_task(one.push(proxy(task), body))


def memory() -> float:
    """Private and shared mebibytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MEBIBYTE


class Ignore(MetricsService):
    """Receives reports, and ignores them."""

    def __init__(self) -> None:
        self.clock = SystemClock()

    async def receive(self, proxy: ProxyId, push: bytes) -> None:
        """See MetricsService."""


@asynccontextmanager
async def receiving(sender: SenderType, path: str, service: MetricsService) -> AsyncIterator[None]:
    """Receive reports on this socket during the block."""
    if sender is GrpcSender:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((service.handler(authenticate),))
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        yield
        await server.stop(None)
        return
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    receiver = OtlpHttpReceiver(service, ProxyId)
    await receiver.serve(sock)
    yield
    receiver.close()


async def processor_shares(sender: SenderType, path: str, service: MetricsService, rounds: int) -> list[float]:
    """Percent of a processor that each round costs at its pace of five seconds."""
    percents: list[float] = []
    async with receiving(sender, path, service):
        command = (sys.executable, __file__, "--send", sender.__name__, path, str(rounds))
        child = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018
        for _ in range(rounds):
            await child.stdout.readline()
            used, started_at = time.process_time(), time.monotonic()
            child.stdin.write(b"\n")
            await asyncio.sleep(EVERY)
            percents.append(100 * (time.process_time() - used) / (time.monotonic() - started_at))
        await child.wait()
    return percents


async def ingest(folder: Path, *, apart: bool) -> None:
    """Record rounds of pushes, and print their cost."""
    clock = SystemClock()
    pipeline = MetricPipeline(folder, clock, apart=apart)
    saving = asyncio.create_task(pipeline.flusher.run())
    before = memory()
    service = MetricsService(pipeline.recorder, clock, lambda _: None)
    with gc_tuned():  # as a control plane serves
        counted = await processor_shares(HttpSender, f"{folder}/counted", service, ROUNDS)
    used = memory() - before
    saving.cancel()
    percents = {"HTTP, counted and saved": counted[2:]}  # the first make every series
    for sender, label in ((HttpSender, "HTTP, not even read"), (GrpcSender, "gRPC, not even read")):
        percents[label] = (await processor_shares(sender, f"{folder}/{sender.__name__}", Ignore(), 3))[1:]
    show(f"a push of each of {TASKS} proxies in {EVERY} s", "% of a processor", percents)
    show(f"memory of {TASKS} proxies' statistics, with their connections", "MiB", {"private and shared": [used]})
    groups = len(list(pipeline.head.groups()))
    print(f"{len(pipeline.reader.metrics(SCOPE))} metrics in {groups} groups, {size(pipeline.file):.1f} MiB of disk")
    await pipeline.store.close()


def parts() -> None:
    """Measure one push by itself."""
    head = MetricHead()
    recorder = Recorder(head, identify(False), Instant(0.0))  # noqa: FBT003
    read = PushDecoders().decoder(CONNECT_STATS)
    samples: dict[str, list[float]] = {"read, protobuf's own parser": [], "read by place": [], "read and counted": []}
    for number in range(1, 60):
        body = push(1, number, EVERY * number)
        for name, work in (
            ("read, protobuf's own parser", lambda: _by_protobuf(body)),  # noqa: B023
            ("read by place", lambda: read(body)),  # noqa: B023
            ("read and counted", lambda: recorder.record(proxy(1), body, Instant(EVERY * number))),  # noqa: B023
        ):
            begun = time.process_time()
            work()
            samples[name].append(1e6 * (time.process_time() - begun))
    show(f"one push of {len(push(1, 1, 1)):,} bytes", "µs", samples, base="read by place")


def _by_protobuf(body: bytes) -> dict[str, object]:
    """Names and values, read with the generated classes."""
    values: dict[str, object] = {}
    for of in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        for scope in getattr(of, _SCOPES):
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                point = getattr(metric, kind).data_points[0]
                values[metric.name] = tuple(point.bucket_counts) if kind == "histogram" else point.as_int
    return values


def size(file: Path) -> float:
    """Mebibytes of the file and its log."""
    return sum(path.stat().st_size for path in file.parent.glob(file.name + "*")) / MEBIBYTE


async def history(folder: Path, hours: int = 24, tasks: int = 4) -> None:
    """Record a day of one service of four tasks that calls ten others, and measure queries."""
    clock = ManualClock()
    pipeline = MetricPipeline(folder, clock, apart=False)
    started_at = time.process_time()
    for minute in range(hours * 60):
        for task in range(tasks):
            for part in range(12 if minute >= (hours - 4) * 60 else 1):
                number = minute * 12 + part + 1
                pipeline.recorder.record(proxy(task * SERVICES), push(task * SERVICES, number, number), clock.now())
        await clock.advance(60)
        await pipeline.flusher.save()
        if minute % 60 == 0:
            await pipeline.flusher.maintain()
    print(f"recorded within {time.process_time() - started_at:.0f} s")
    started_at = time.process_time()
    await pipeline.store.close()
    pipeline = MetricPipeline(folder, clock, apart=False)
    print(f"opened again in {1000 * (time.process_time() - started_at):.1f} ms; {size(pipeline.file):.1f} MiB")
    now = clock.now()
    dimensions = [("TargetDiscoveryName", "target-000"), ("ServiceName", "service-0000"), ("ClusterName", "shop")]
    queries: dict[str, tuple[MetricId, str, tuple[float, float], int]] = {}
    for hours_back, seconds in ((24, 60), (24, 300), (3, 5), (0.1, 5)):
        for name, stat in (("HTTPCode_Target_2XX_Count", "Sum"), ("TargetResponseTime", "p99")):
            label = f"{name} {stat}, {hours_back} h by {seconds} s"
            queries[label] = (metric_id("AWS/ECS", name, dimensions), stat, (now - hours_back * 3600, now), seconds)
    samples: dict[str, list[float]] = {label: [] for label in queries}
    points = {}
    for _ in range(9):
        for label, (metric, stat, span, seconds) in queries.items():
            at = time.process_time()
            statistics = [
                evaluate(stat, one.summary)
                for one in pipeline.reader.periods(SCOPE, metric, (Instant(span[0]), Instant(span[1])), seconds)
            ]
            samples[label].append(1000 * (time.process_time() - at))
            points[label] = len(statistics)
    show("a query", "ms", {f"{label}: {points[label]} points": values for label, values in samples.items()})
    await pipeline.store.close()


def main() -> None:
    """Measure everything."""
    if "--send" in sys.argv:
        sender, path, rounds = sys.argv[2:]
        asyncio.run(send(GrpcSender if sender == GrpcSender.__name__ else HttpSender, path, int(rounds)))
        return
    parts()
    with TemporaryDirectory() as folder:
        asyncio.run(ingest(Path(folder), apart="--apart" in sys.argv))
    with TemporaryDirectory() as folder:
        asyncio.run(history(Path(folder)))


if __name__ == "__main__":
    main()
