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


class Life:
    """One life of a control plane, on a file that outlives it."""

    def __init__(self, file: Path, clock: ManualClock) -> None:
        self.clock = clock
        self.store = SqliteMetricStore.open(file, 2**30, clock)
        self.head = MetricHead(history=self.store, stored=self.store.groups())
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
    def shown(self) -> int:
        """Answers of 2XX that Prometheus is told of."""
        return sum(one.counters[EndpointCounter.CODE_2XX] for one in self.recorder.totals.saved_totals())

    @property
    def totalled(self) -> int:
        """All that Prometheus is told of."""
        return sum(sum(one.counters) for one in self.recorder.totals.saved_totals())

    async def end(self) -> None:
        """Die without a word: what was not saved is gone."""
        await self.store.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def life(tmp_path, clock):
    made = Life(tmp_path / "metrics.db", clock)
    yield made
    await made.end()


@pytest.mark.parametrize("kind", SampleKind)
async def test_a_metric_that_is_measured_here_takes_nothing_from_others(life, clock, kind):
    """What it makes of its own samples has no place for what somebody put: it came to no sample at all."""
    own = Sample({FRONT: 7.0}, shared=7.0, targets=1, times=ResponseTimes(Histogram((10.0,), (1, 0)), 7.0))
    if kind in {SampleKind.LEVEL, SampleKind.SUMMARY}:
        own = Sample(summary=Summary(1, 7, 7, 7))
    life.head.series(SCOPE, OWN, kind, "Count").add(Instant(EPOCH), own)
    life.put(EPOCH + 60, 5.0)
    await life.flusher.save()
    expected = {0: 7.0, 60: 5.0} if kind is SampleKind.SUMMARY else {0: 7.0}
    await clock.advance(120)
    assert life.sums(OWN, 60) == expected
    assert life.reader.is_measured(SCOPE, OWN) is (kind is not SampleKind.SUMMARY)


@pytest.mark.parametrize("kind", [SampleKind.MEAN, SampleKind.COUNT])
async def test_what_is_measured_here_takes_the_place_of_what_others_put(life, clock, kind):
    life.put(EPOCH, 5.0)
    await life.flusher.save()
    life.head.series(SCOPE, OWN, kind, "Count").add(Instant(EPOCH + 60), Sample({FRONT: 7.0}))
    await life.flusher.save()
    await clock.advance(120)
    assert life.sums(OWN, 60) == {60: 7.0}


STORY = st.lists(
    st.sampled_from(["report", "other reports", "save", "kill", "wait", "proxy restarts"]), min_size=1, max_size=15
)


@settings(max_examples=20, deadline=None)
@given(STORY)
def test_whatever_happens_the_figures_are_what_the_proxies_have_counted(story):
    with TemporaryDirectory() as folder:
        asyncio.run(tell(story, Path(folder) / "metrics.db"))


async def tell(story: list[str], file: Path) -> None:
    """Play it; every report counts three, and each proxy reports once more in the end."""
    clock = ManualClock()
    life = Life(file, clock)
    counts, expected = {FRONT: 0, CART: 0}, 0
    began = {FRONT: 1, CART: 1}
    shown = 0
    for second, step in enumerate((*story, "report", "other reports"), 1):
        if step == "kill":
            await life.end()
            life = Life(file, clock)
        elif step == "wait":
            await clock.advance(7)
        elif step == "save":
            await life.flusher.save()
        elif step == "proxy restarts":
            began[FRONT] += 1
            counts[FRONT] = 0
        else:
            who = FRONT if step == "report" else CART
            counts[who] += 3
            expected += 3
            report = http_client(second, ok=counts[who], requests=counts[who], began=began[who])
            life.recorder.record(who, report, clock.now())
            if "proxy restarts" in story:
                await life.flusher.save()  # what a proxy has counted dies with it, if nobody has saved it
        assert shown <= life.shown <= expected, "a total went back, or was made up"
        shown = life.shown
    for seconds in (5, 60, 3600):
        assert sum(life.sums(OK, seconds).values()) == expected
    await life.flusher.save()
    assert life.shown == expected
    await life.end()


async def test_a_proxy_that_has_nothing_to_count_for_days_is_not_counted_again(tmp_path, clock):
    life = Life(tmp_path / "metrics.db", clock)
    for hours in range(17 * 24):
        life.recorder.record(FRONT, http_client(hours + 1, ok=3, requests=3), clock.now())
        await life.flusher.save()
        if hours % 5 == 0:
            await life.flusher.maintain()
        await clock.advance(HOUR)
    await life.end()
    life = Life(tmp_path / "metrics.db", clock)
    assert life.shown == 3
    life.recorder.record(FRONT, http_client(17 * 24 + 1, ok=5, requests=5), clock.now())
    await life.flusher.save()
    assert life.sums(OK, HOUR, clock.now() // HOUR * HOUR) == {17 * DAY: 2}
    assert life.shown == 5
    await life.end()


async def test_tasks_that_come_and_go_for_days_are_not_remembered(tmp_path, clock):
    life = Life(tmp_path / "metrics.db", clock)
    for number in range(200):
        task = ProxyId(f"{FRONT}-{number}")
        life.reporters[task] = ServiceReporter(SCOPE, "shop", f"front-{number % 7}", clock.now())
        life.recorder.record(task, http_client(1, f"cart-{number % 11}", ok=3, requests=3), clock.now())
        await life.flusher.save()
        await clock.advance(600)
        life.reporters.pop(ProxyId(f"{FRONT}-{number - 6}"), None)
        await life.flusher.maintain()
    life.recorder.mark_unsaved()  # it tells of all that it remembers
    assert len(list(life.recorder.take_unsaved_proxies())) <= 7
    assert sum(one.counters[EndpointCounter.CODE_2XX] for one in life.recorder.totals.saved_totals()) == 600
    await life.end()


async def test_a_metric_that_went_while_the_store_refused_is_not_kept(life, monkeypatch):
    life.put(life.clock.now(), 1)
    await life.flusher.save()
    [series] = life.head.in_scope(SCOPE).values()
    life.head.drop(series)
    with monkeypatch.context() as refusing:
        refusing.setattr(life.store, "save", refuse)
        await life.flusher.save()
    assert len(list(life.store.groups())) == 1
    await life.flusher.save()
    assert list(life.store.groups()) == []


async def refuse(batch: MetricBatch) -> None:
    """As on a full disk."""
    raise MetricStoreFault("The disk is full.")


async def test_a_new_life_goes_on_in_the_same_minute(tmp_path, clock):
    first = Life(tmp_path / "metrics.db", clock)
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    numbers = {"http.egress.cart.downstream_rq_total": 4, "cluster.egress.cart.upstream_rq_2xx": 4}
    first.recorder.record(FRONT, push(1, numbers, {}, times), clock.now())
    first.put(clock.now(), 10)
    await first.flusher.save()
    await first.end()
    second = Life(tmp_path / "metrics.db", clock)
    assert second.sums(OK, 60) == second.sums(OK, 5) == {0: 4}
    assert second.reader.unit(SCOPE, TIME) == "Milliseconds"
    twice = {"cluster.egress.cart.upstream_rq_time": ((2, 0, 2, 0, 0, 1), 123.5)}
    second.recorder.record(
        FRONT, push(2, {**numbers, "http.egress.cart.downstream_rq_total": 5}, {}, twice), clock.now()
    )
    second.put(clock.now(), 1)
    await second.flusher.save()
    assert second.sums(OWN, 60) == second.sums(OWN, 5) == {0: 11}
    [period] = second.reader.periods(SCOPE, TIME, (EPOCH, Instant(EPOCH + 60)), 60)
    assert period.summary.histogram is not None
    assert period.summary.histogram.counts == (2, 0, 2, 0, 0, 1)
    assert period.summary.sum == 123.5
    await second.end()


async def test_what_is_over_is_read_from_the_store(life):
    for _ in range(10):
        life.put(life.clock.now(), 1)
        await life.clock.advance(30)
        await life.flusher.save()
    assert sum(len(group.minutes) for group in life.head.groups()) <= 2
    assert life.sums(OWN, 60) == dict.fromkeys(range(0, 300, 60), 2)


async def test_old_slotsare_compacted_into_hours_that_say_the_same(life):
    for minute in range(120):
        life.put(EPOCH + minute * 60 + 7, minute)
    await life.flusher.save()
    before = life.sums(OWN, 60, end=EPOCH + 7200)
    await life.clock.advance(SLOT_RETENTION + 2 * HOUR)
    await life.flusher.save()
    for _ in range(2):
        await life.flusher.maintain()
    assert life.sums(OWN, 60, end=EPOCH + 7200) == before == {minute * 60: minute for minute in range(120)}
    assert life.sums(OWN, 5, end=EPOCH + 7200) == {}
    life.put(EPOCH + 60, 100)  # a value that comes after its hour was compacted
    assert life.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}
    await life.flusher.save()
    assert life.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}
    await life.flusher.maintain()
    assert life.sums(OWN, 60, end=EPOCH + 120) == {0: 0, 60: 101}


async def test_a_value_that_comes_while_its_hour_is_compacted_counts_once(life):
    life.put(EPOCH, 1)
    await life.flusher.save()
    await life.clock.advance(60)
    await life.flusher.save()
    await life.clock.advance(SLOT_RETENTION + HOUR)
    compacting = asyncio.create_task(life.flusher.maintain())
    for _ in range(20):
        await asyncio.sleep(0)
        life.put(EPOCH, 1)
    await compacting
    assert life.sums(OWN, 60, end=EPOCH + 60) == {0: 21}
    await life.flusher.save()
    await life.flusher.maintain()
    assert life.sums(OWN, 60, end=EPOCH + 60) == {0: 21}


async def test_what_is_older_than_fifteen_days_goes_and_its_metric_with_it(life):
    life.put(EPOCH, 1)
    await life.flusher.save()
    await life.clock.advance(RETENTION + HOUR)
    life.put(life.clock.now(), 2)
    await life.flusher.save()
    for _ in range(3):
        await life.flusher.maintain()
    assert list(life.sums(OWN, 60).values()) == [2]
    await life.clock.advance(RETENTION + HOUR)
    for _ in range(3):
        await life.flusher.save()
        await life.flusher.maintain()
    assert life.reader.metrics(SCOPE) == []
    await life.flusher.save()
    assert list(life.store.groups()) == []


async def test_a_proxy_older_than_what_is_kept_begins_with_a_baseline(tmp_path, clock):
    await clock.advance(100)
    life = Life(tmp_path / "metrics.db", clock)
    life.recorder.record(FRONT, http_client(1, ok=1000, requests=1000), clock.now())
    life.recorder.record(FRONT, http_client(2, ok=1001, requests=1001), clock.now())
    assert sum(life.sums(OK, 60).values()) == 1
    await life.end()


async def test_a_push_that_comes_while_a_batch_is_put_together_waits_until_it_is(life, clock):
    recorder = Recorder(life.head, lambda _: ServiceReporter(SCOPE, "shop", "front", EPOCH), life.store.since)
    flusher = MetricFlusher(life.store, life.head, recorder, clock)
    pushed = push(1, {"http.egress.cart.downstream_rq_total": 1})
    many = [ProxyId(f"proxy-{number}") for number in range(150)]
    for proxy in many[:-1]:
        await recorder.receive(proxy, pushed, clock)
    await asyncio.gather(flusher.save(), recorder.receive(many[-1], pushed, clock))
    assert [life.store.proxy(proxy) is not None for proxy in many] == [True] * 149 + [False]


async def test_while_the_store_refuses_memory_has_it_and_the_next_save_brings_it(life):
    life.put(EPOCH, 1)
    pages = life.store._writing.execute("PRAGMA page_count").fetchone()[0]
    life.store._writing.execute(f"PRAGMA max_page_count = {pages}")
    life.head.series(
        SCOPE, metric_id("Shop", "x" * 20_000, ()), next(iter(life.head.in_scope(SCOPE).values())).kind, "None"
    )
    await life.flusher.save()
    assert list(life.store.groups()) == []
    assert life.sums(OWN, 60) == {0: 1}
    life.store._writing.execute("PRAGMA max_page_count = 1000000")
    await life.clock.advance(120)
    await life.flusher.save()
    assert life.sums(OWN, 60) == {0: 1}
    assert len(list(life.store.groups())) == 2
    assert sum(len(group.minutes) for group in life.head.groups()) == 0


async def test_a_file_that_breaks_under_it_is_created_again_with_what_memory_has(life, tmp_path):
    life.put(EPOCH, 1)
    await life.flusher.save()
    file = tmp_path / "metrics.db"
    life.store._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    file.write_bytes(b"x" * file.stat().st_size)
    for connection in (life.store._writing, life.store._reading):
        connection.execute("PRAGMA cache_size = 0")
    life.put(EPOCH, 1)
    for _ in range(2):
        await life.flusher.save()
    assert life.sums(OWN, 60) == {0: 2}
    assert file.with_name("metrics.db.unreadable").exists()
    assert len(list(life.store.groups())) == 1
