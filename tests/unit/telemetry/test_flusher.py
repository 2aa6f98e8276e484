"""Metrics outlive the control plane: nothing is lost that a living proxy has counted, and nothing counts twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, MetricId, Summary, metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import MetricBatch, MetricStoreFault
from moyai.store.metric_sqlite import SqliteMetricStore
from moyai.telemetry.flusher import RETENTION, SLOT_RETENTION, MetricFlusher
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.reporters.envoy_stats import EndpointCounter
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.values import ResponseTimes, SampleKind
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, http_client, push

OK = metric_id("AWS/ECS", "HTTPCode_Target_2XX_Count", [("TargetDiscoveryName", "cart")])
TIME = metric_id("AWS/ECS", "TargetResponseTime", [("TargetDiscoveryName", "cart")])
OWN = metric_id("Shop", "Orders", [("Till", "1")])
HOUR, DAY = 3600, 24 * 3600


class MetricPipeline:
    """The metrics of one control plane process, with a file that survives it."""

    def __init__(self, file: Path, clock: ManualClock) -> None:
        self.clock = clock
        self.store = SqliteMetricStore.open(file, 2**30, clock)
        self.head = MetricHead(history=self.store, groups=self.store.groups())
        self.reporters = {name: ServiceReporter(SCOPE, "shop", "front", EPOCH) for name in (FRONT, CART)}
        totals = Totals(self.store.totals())
        self.recorder = Recorder(self.head, self.reporters.get, self.store.since, self.store.proxy, totals)
        self.flusher = MetricFlusher(self.store, self.head, self.recorder, clock)
        self.reader = SeriesReader(self.head, self.recorder.buffer.flush)

    def put(self, at: float, value: float) -> None:
        self.head.write(SCOPE, OWN, "Count", Instant(at), Summary(1, value, value, value))

    def sums(self, metric: MetricId, seconds: int, start: float = EPOCH, end: float | None = None) -> dict[int, float]:
        span = (Instant(start), Instant(self.clock.now() + 1 if end is None else end))
        return {int(one.start - EPOCH): one.summary.sum for one in self.reader.periods(SCOPE, metric, span, seconds)}

    @property
    def saved_2xx(self) -> int:
        """Answers of 2XX in the lifetime totals."""
        return sum(one.counters[EndpointCounter.CODE_2XX] for one in self.recorder.totals.saved_totals())

    @property
    def total(self) -> int:
        """The sum of all lifetime totals."""
        return sum(sum(one.counters) for one in self.recorder.totals.saved_totals())

    async def kill(self) -> None:
        """End without a last save."""
        await self.store.close()


@pytest.fixture
async def pipeline(tmp_path, clock):
    made = MetricPipeline(tmp_path / "metrics.db", clock)
    yield made
    await made.kill()


@pytest.mark.parametrize("kind", SampleKind)
async def test_a_measured_metric_accepts_no_client_values(pipeline, clock, kind):
    """Its accumulator can't hold a summary that a client put."""
    own = Sample({FRONT: 7.0}, total=7.0, targets=1, times=ResponseTimes(Histogram((10.0,), (1, 0)), 7.0))
    if kind in {SampleKind.LEVEL, SampleKind.SUMMARY}:
        own = Sample(summary=Summary(1, 7, 7, 7))
    pipeline.head.series(SCOPE, OWN, kind, "Count").add(Instant(EPOCH), own)
    pipeline.put(EPOCH + 60, 5.0)
    await pipeline.flusher.save()
    expected = {0: 7.0, 60: 5.0} if kind is SampleKind.SUMMARY else {0: 7.0}
    await clock.advance(120)
    assert pipeline.sums(OWN, 60) == expected
    assert pipeline.reader.is_measured(SCOPE, OWN) is (kind is not SampleKind.SUMMARY)


@pytest.mark.parametrize("kind", [SampleKind.MEAN, SampleKind.COUNT])
async def test_a_measured_metric_replaces_one_that_a_client_put(pipeline, clock, kind):
    pipeline.put(EPOCH, 5.0)
    await pipeline.flusher.save()
    pipeline.head.series(SCOPE, OWN, kind, "Count").add(Instant(EPOCH + 60), Sample({FRONT: 7.0}))
    await pipeline.flusher.save()
    await clock.advance(120)
    assert pipeline.sums(OWN, 60) == {60: 7.0}


EVENTS = st.lists(
    st.sampled_from(["report", "other reports", "save", "kill", "wait", "proxy restarts"]), min_size=1, max_size=15
)


@settings(max_examples=20, deadline=None)
@given(EVENTS)
def test_metrics_equal_the_proxies_counts_for_any_sequence_of_events(events):
    with TemporaryDirectory() as folder:
        asyncio.run(play(events, Path(folder) / "metrics.db"))


async def play(events: list[str], file: Path) -> None:
    """Play it; every report counts three, and each proxy reports once more in the end."""
    clock = ManualClock()
    pipeline = MetricPipeline(file, clock)
    counts, expected = {FRONT: 0, CART: 0}, 0
    starts = {FRONT: 1, CART: 1}
    saved_before = 0
    for second, step in enumerate((*events, "report", "other reports"), 1):
        if step == "kill":
            await pipeline.kill()
            pipeline = MetricPipeline(file, clock)
        elif step == "wait":
            await clock.advance(7)
        elif step == "save":
            await pipeline.flusher.save()
        elif step == "proxy restarts":
            starts[FRONT] += 1
            counts[FRONT] = 0
        else:
            proxy = FRONT if step == "report" else CART
            counts[proxy] += 3
            expected += 3
            report = http_client(second, ok=counts[proxy], requests=counts[proxy], proxy_start=starts[proxy])
            pipeline.recorder.record(proxy, report, clock.now())
            if "proxy restarts" in events:
                await pipeline.flusher.save()  # what a proxy has counted dies with it, if it is not saved
        assert saved_before <= pipeline.saved_2xx <= expected, "a total went down, or is too large"
        saved_before = pipeline.saved_2xx
    for seconds in (5, 60, 3600):
        assert sum(pipeline.sums(OK, seconds).values()) == expected
    await pipeline.flusher.save()
    assert pipeline.saved_2xx == expected
    await pipeline.kill()


async def test_a_proxy_that_counts_nothing_for_days_is_not_counted_again(tmp_path, clock):
    pipeline = MetricPipeline(tmp_path / "metrics.db", clock)
    for hours in range(17 * 24):
        pipeline.recorder.record(FRONT, http_client(hours + 1, ok=3, requests=3), clock.now())
        await pipeline.flusher.save()
        if hours % 5 == 0:
            await pipeline.flusher.maintain()
        await clock.advance(HOUR)
    await pipeline.kill()
    pipeline = MetricPipeline(tmp_path / "metrics.db", clock)
    assert pipeline.saved_2xx == 3
    pipeline.recorder.record(FRONT, http_client(17 * 24 + 1, ok=5, requests=5), clock.now())
    await pipeline.flusher.save()
    assert pipeline.sums(OK, HOUR, clock.now() // HOUR * HOUR) == {17 * DAY: 2}
    assert pipeline.saved_2xx == 5
    await pipeline.kill()


async def test_tasks_that_come_and_go_for_days_are_forgotten(tmp_path, clock):
    pipeline = MetricPipeline(tmp_path / "metrics.db", clock)
    for number in range(200):
        task = ProxyId(f"{FRONT}-{number}")
        pipeline.reporters[task] = ServiceReporter(SCOPE, "shop", f"front-{number % 7}", clock.now())
        pipeline.recorder.record(task, http_client(1, f"cart-{number % 11}", ok=3, requests=3), clock.now())
        await pipeline.flusher.save()
        await clock.advance(600)
        pipeline.reporters.pop(ProxyId(f"{FRONT}-{number - 6}"), None)
        await pipeline.flusher.maintain()
    pipeline.recorder.mark_unsaved()  # every proxy that it remembers is taken
    assert len(list(pipeline.recorder.take_unsaved_proxies())) <= 7
    assert sum(one.counters[EndpointCounter.CODE_2XX] for one in pipeline.recorder.totals.saved_totals()) == 600
    await pipeline.kill()


async def test_a_metric_dropped_during_a_store_failure_is_deleted(pipeline, monkeypatch):
    pipeline.put(pipeline.clock.now(), 1)
    await pipeline.flusher.save()
    [series] = pipeline.head.in_scope(SCOPE).values()
    pipeline.head.drop(series)
    with monkeypatch.context() as refusing:
        refusing.setattr(pipeline.store, "save", refuse)
        await pipeline.flusher.save()
    assert len(list(pipeline.store.groups())) == 1
    await pipeline.flusher.save()
    assert list(pipeline.store.groups()) == []


async def refuse(batch: MetricBatch) -> None:
    """Fail as on a full disk."""
    raise MetricStoreFault("The disk is full.")


async def test_a_restart_goes_on_in_the_same_minute(tmp_path, clock):
    first = MetricPipeline(tmp_path / "metrics.db", clock)
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    numbers = {"http.egress.cart.downstream_rq_completed": 4, "cluster.egress.cart.upstream_rq_2xx": 4}
    first.recorder.record(FRONT, push(1, numbers, {}, times), clock.now())
    first.put(clock.now(), 10)
    await first.flusher.save()
    await first.kill()
    second = MetricPipeline(tmp_path / "metrics.db", clock)
    assert second.sums(OK, 60) == second.sums(OK, 5) == {0: 4}
    assert second.reader.units(SCOPE, TIME) == ["Milliseconds"]
    twice = {"cluster.egress.cart.upstream_rq_time": ((2, 0, 2, 0, 0, 1), 123.5)}
    second.recorder.record(
        FRONT, push(2, {**numbers, "http.egress.cart.downstream_rq_completed": 5}, {}, twice), clock.now()
    )
    second.put(clock.now(), 1)
    await second.flusher.save()
    assert second.sums(OWN, 60) == second.sums(OWN, 5) == {0: 11}
    [period] = second.reader.periods(SCOPE, TIME, (EPOCH, Instant(EPOCH + 60)), 60)
    assert period.summary.histogram is not None
    assert period.summary.histogram.counts == (2, 0, 2, 0, 0, 1)
    assert period.summary.sum == 123.5
    await second.kill()


async def test_saved_minutes_are_read_from_the_store(pipeline):
    for _ in range(10):
        pipeline.put(pipeline.clock.now(), 1)
        await pipeline.clock.advance(30)
        await pipeline.flusher.save()
    assert sum(len(group.minutes) for group in pipeline.head.groups()) <= 2
    assert pipeline.sums(OWN, 60) == dict.fromkeys(range(0, 300, 60), 2)


async def test_old_slots_are_compacted_into_hours_with_the_same_minutes(pipeline):
    for minute in range(120):
        pipeline.put(EPOCH + minute * 60 + 7, minute)
    await pipeline.flusher.save()
    before = pipeline.sums(OWN, 60, end=EPOCH + 7200)
    await pipeline.clock.advance(SLOT_RETENTION + 2 * HOUR)
    await pipeline.flusher.save()
    for _ in range(2):
        await pipeline.flusher.maintain()
    assert pipeline.sums(OWN, 60, end=EPOCH + 7200) == before == {minute * 60: minute for minute in range(120)}
    assert pipeline.sums(OWN, 5, end=EPOCH + 7200) == {}
    pipeline.put(EPOCH + 60, 100)  # a value that comes after its hour was compacted
    assert pipeline.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}
    await pipeline.flusher.save()
    assert pipeline.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}
    await pipeline.flusher.maintain()
    assert pipeline.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}


async def test_a_value_that_comes_while_its_hour_is_compacted_counts_once(pipeline):
    pipeline.put(EPOCH, 1)
    await pipeline.flusher.save()
    await pipeline.clock.advance(60)
    await pipeline.flusher.save()
    await pipeline.clock.advance(SLOT_RETENTION + HOUR)
    compacting = asyncio.create_task(pipeline.flusher.maintain())
    for _ in range(20):
        await asyncio.sleep(0)
        pipeline.put(EPOCH, 1)
    await compacting
    assert pipeline.sums(OWN, 60, end=EPOCH + 60) == {0: 21}
    await pipeline.flusher.save()
    await pipeline.flusher.maintain()
    assert pipeline.sums(OWN, 60, end=EPOCH + 60) == {0: 21}


async def test_metrics_older_than_fifteen_days_are_removed(pipeline):
    pipeline.put(EPOCH, 1)
    await pipeline.flusher.save()
    await pipeline.clock.advance(RETENTION + HOUR)
    pipeline.put(pipeline.clock.now(), 2)
    await pipeline.flusher.save()
    for _ in range(3):
        await pipeline.flusher.maintain()
    assert list(pipeline.sums(OWN, 60).values()) == [2]
    await pipeline.clock.advance(RETENTION + HOUR)
    for _ in range(3):
        await pipeline.flusher.save()
        await pipeline.flusher.maintain()
    assert pipeline.reader.metrics(SCOPE) == []
    await pipeline.flusher.save()
    assert list(pipeline.store.groups()) == []


async def test_a_proxy_older_than_the_store_begins_with_a_baseline(tmp_path, clock):
    await clock.advance(100)
    pipeline = MetricPipeline(tmp_path / "metrics.db", clock)
    pipeline.recorder.record(FRONT, http_client(1, ok=1000, requests=1000), clock.now())
    pipeline.recorder.record(FRONT, http_client(2, ok=1001, requests=1001), clock.now())
    assert sum(pipeline.sums(OK, 60).values()) == 1
    await pipeline.kill()


async def test_a_push_waits_while_a_batch_is_encoded(pipeline, clock):
    recorder = Recorder(pipeline.head, lambda _: ServiceReporter(SCOPE, "shop", "front", EPOCH), pipeline.store.since)
    flusher = MetricFlusher(pipeline.store, pipeline.head, recorder, clock)
    pushed = push(1, {"http.egress.cart.downstream_rq_completed": 1})
    many = [ProxyId(f"proxy-{number}") for number in range(150)]
    for proxy in many[:-1]:
        await recorder.receive(proxy, pushed, clock)
    await asyncio.gather(flusher.save(), recorder.receive(many[-1], pushed, clock))
    assert [pipeline.store.proxy(proxy) is not None for proxy in many] == [True] * 149 + [False]


async def test_a_failed_save_is_repeated_later(pipeline):
    pipeline.put(EPOCH, 1)
    pages = pipeline.store._writing.execute("PRAGMA page_count").fetchone()[0]
    pipeline.store._writing.execute(f"PRAGMA max_page_count = {pages}")
    pipeline.head.series(
        SCOPE, metric_id("Shop", "x" * 20_000, ()), next(iter(pipeline.head.in_scope(SCOPE).values())).kind, "None"
    )
    await pipeline.flusher.save()
    assert list(pipeline.store.groups()) == []
    assert pipeline.sums(OWN, 60) == {0: 1}
    pipeline.store._writing.execute("PRAGMA max_page_count = 1000000")
    await pipeline.clock.advance(120)
    await pipeline.flusher.save()
    assert pipeline.sums(OWN, 60) == {0: 1}
    assert len(list(pipeline.store.groups())) == 2
    assert sum(len(group.minutes) for group in pipeline.head.groups()) == 0


async def test_a_damaged_file_is_replaced_and_memory_saved_again(pipeline, tmp_path):
    pipeline.put(EPOCH, 1)
    await pipeline.flusher.save()
    file = tmp_path / "metrics.db"
    pipeline.store._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    file.write_bytes(b"x" * file.stat().st_size)
    for connection in (pipeline.store._writing, pipeline.store._reading):
        connection.execute("PRAGMA cache_size = 0")
    pipeline.put(EPOCH, 1)
    for _ in range(2):
        await pipeline.flusher.save()
    assert pipeline.sums(OWN, 60) == {0: 2}
    assert file.with_name("metrics.db.unreadable").exists()
    assert len(list(pipeline.store.groups())) == 1


async def test_the_units_of_a_metric_survive_a_restart(tmp_path, clock):
    first = MetricPipeline(tmp_path / "metrics.db", clock)
    metric = MetricId("Own", "Time")
    for unit, value in (("Milliseconds", 5), ("Seconds", 1)):
        first.head.write(SCOPE, metric, unit, clock.now(), Summary(1, value, value, value))
    await first.flusher.save()
    await first.kill()
    second = MetricPipeline(tmp_path / "metrics.db", clock)
    span = (Instant(clock.now() - 60), Instant(clock.now() + 60))

    def sums(unit: str | None = None) -> list[float]:
        return [period.summary.sum for period in second.reader.periods(SCOPE, metric, span, 60, unit)]

    assert second.reader.units(SCOPE, metric) == ["Seconds", "Milliseconds"]
    assert (sums(), sums("Milliseconds"), sums("Bytes")) == ([1], [5], [])
    for series in second.head.of_metric(SCOPE, metric)[:1]:
        second.head.drop(series)
    assert len(second.reader.units(SCOPE, metric)) == 1
    measured = second.head.series(SCOPE, metric, SampleKind.COUNT, "Count")
    assert second.head.of_metric(SCOPE, metric) == (measured,)
