"""Promises of the metric store: all or nothing, bounded, and a start that no file can stop."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import (
    GroupHour,
    MetricBatch,
    MetricStoreFault,
    StoredGroup,
    StoredHour,
    StoredMinute,
    StoredProxy,
    StoredTotal,
)
from moyai.store.metric_sqlite import SqliteMetricStore
from moyai.testing.clock import EPOCH, ManualClock

CHILD = Path(__file__).with_name("metrics_child.py")
HOUR = 3600
LIMIT = 2**30


def open_store(file: Path, limit: int = LIMIT) -> SqliteMetricStore:
    return SqliteMetricStore.open(file, limit, ManualClock())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "metrics.db"


@pytest.fixture
async def store(file):
    new_store = open_store(file)
    yield new_store
    await new_store.close()


async def test_everything_is_there_after_a_restart_and_private(file):
    store = open_store(file)
    proxy = StoredProxy(ProxyId("p"), EPOCH, b"p")
    await store.save(
        MetricBatch([StoredGroup(4, b"g")], [StoredMinute(60, 4, b"m")], [StoredHour(0, 4, 2, b"h")], [proxy])
    )
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
    await store.close()
    again = SqliteMetricStore.open(file, LIMIT, ManualClock(Instant(EPOCH + 500)))
    assert again.since == EPOCH
    assert list(again.groups()) == [(4, b"g")]
    assert again.minutes(4, 0, 100) == [(60, 4, b"m")]
    assert again.hours(4, 2, 0, 100) == [(0, 4, 2, b"h")]
    assert (again.proxy(ProxyId("p")), again.proxy(ProxyId("q"))) == (b"p", None)
    await again.close()


async def test_a_span_includes_its_start_and_excludes_its_end(store):
    await store.save(MetricBatch((), [StoredMinute(at, 1, b"") for at in range(0, 600, 60)]))
    assert [minute.start for minute in store.minutes(1, 120, 240)] == [120, 180]
    assert [minute.start for minute in store.minutes(1, 121, 241)] == [180, 240]
    assert store.minutes(2, 0, 600) == []


async def test_a_day_of_minutes_and_hours_is_read_in_order(store):
    minutes = [StoredMinute(at, 1, str(at).encode()) for at in range(0, 24 * HOUR, 60)]
    hours = [StoredHour(at, 1, 5, str(at).encode()) for at in range(0, 1000 * HOUR, HOUR)]
    await store.save(MetricBatch((), minutes[::-1], hours[::-1]))
    assert store.minutes(1, 0, 24 * HOUR) == minutes
    assert store.hours(1, 5, 0, 1000 * HOUR) == hours


async def test_keys_are_replaced_and_compacted_minutes_and_deleted_groups_removed(store):
    minutes = [StoredMinute(at, group, b"1") for at in (0, 3540, 3600) for group in (1, 2)]
    await store.save(MetricBatch([StoredGroup(1, b"a"), StoredGroup(2, b"b")], minutes))
    await store.save(MetricBatch((), [StoredMinute(0, 1, b"2")]))
    assert store.minutes(1, 0, 60) == [(0, 1, b"2")]
    assert await store.hours_to_compact(HOUR - 1) == []
    assert await store.hours_to_compact(HOUR) == [GroupHour(1, 0), GroupHour(2, 0)]
    await store.save(MetricBatch(hours=[StoredHour(0, 1, 0, b"h")], compacted=[GroupHour(1, 0)], deleted_groups=[2]))
    assert [minute.start for minute in store.minutes(1, 0, 2 * HOUR)] == [3600]
    assert await store.hours_to_compact(HOUR) == [GroupHour(2, 0)]
    assert list(store.groups()) == [(1, b"a")]


async def test_expired_rows_are_removed(store):
    hours = [StoredHour(hour * HOUR, 1, 0, b"") for hour in range(5)]
    proxies = [StoredProxy(ProxyId(str(at)), Instant(at), b"") for at in (10.0, 20.0)]
    await store.save(MetricBatch((), [StoredMinute(0, 1, b""), StoredMinute(9 * HOUR, 1, b"")], hours, proxies))
    await store.expire(3 * HOUR, Instant(15.0))
    assert [hour.start // HOUR for hour in store.hours(1, 0, 0, 9 * HOUR)] == [3, 4]
    assert [minute.start // HOUR for minute in store.minutes(1, 0, 10 * HOUR)] == [9]
    assert [store.proxy(ProxyId(name)) for name in ("10.0", "20.0")] == [None, b""]


async def test_totals_are_replaced_and_expire(store):
    await store.save(MetricBatch(totals=[StoredTotal("a", Instant(10.0), b"1"), StoredTotal("b", Instant(HOUR), b"1")]))
    await store.save(MetricBatch(totals=[StoredTotal("a", Instant(20.0), b"2")]))
    assert sorted(store.totals()) == [("a", 20.0, b"2"), ("b", HOUR, b"1")]
    await store.expire(HOUR, Instant(0.0))
    assert list(store.totals()) == [("b", HOUR, b"1")]
    await store.clear()
    assert list(store.totals()) == []


async def test_the_file_is_bounded_and_the_oldest_hours_removed_first(file):
    store = open_store(file, 400_000)
    for hour in range(60):
        await store.save(
            MetricBatch(hours=[StoredHour(hour * HOUR, group, 0, os.urandom(1000)) for group in range(20)])
        )
        await store.expire(0, Instant(0.0))
    left = [each_hour.start // HOUR for each_hour in store.hours(1, 0, 0, 100 * HOUR)]
    assert left == list(range(left[0], 60))
    assert 5 < len(left) < 30
    await store.close()
    assert file.stat().st_size < 1_000_000


async def test_a_save_that_fails_is_reported_and_stores_nothing(store):
    pages = store._writing.execute("PRAGMA page_count").fetchone()[0]
    store._writing.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(MetricStoreFault, match="full") as fault:
        await store.save(MetricBatch([StoredGroup(1, b"a")], [StoredMinute(0, 1, b"x" * 100_000)]))
    assert store.fault == str(fault.value)
    assert (list(store.groups()), store.minutes(1, 0, 60)) == ([], [])
    store._writing.execute("PRAGMA max_page_count = 1000000")
    await store.save(MetricBatch([StoredGroup(1, b"a")]))
    assert (list(store.groups()), store.fault) == ([(1, b"a")], None)


async def test_a_closed_store_saves_and_reads_nothing(store):
    await store.close()
    await store.close()
    assert list(store.groups()) == []
    with pytest.raises(MetricStoreFault, match="closed"):
        await store.save(MetricBatch())


async def test_clearing_leaves_nothing_and_sets_since(file):
    clock = ManualClock()
    store = SqliteMetricStore.open(file, LIMIT, clock)
    await store.save(MetricBatch([StoredGroup(1, b"a")], proxies=[StoredProxy(ProxyId("p"), EPOCH, b"p")]))
    await clock.advance(9)
    await store.clear()
    assert (list(store.groups()), store.proxy(ProxyId("p")), store.since) == ([], None, EPOCH + 9)
    await store.close()


def killed_child(file: Path) -> int:
    """How many saves a child had said to be stored when it was killed."""
    with subprocess.Popen([sys.executable, CHILD, file], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(40)]
        os.kill(child.pid, signal.SIGKILL)
        return len(lines) + len(child.stdout.readlines())


async def test_a_kill_leaves_only_whole_saves(file):
    acknowledged = killed_child(file)
    store = open_store(file)
    proxy = store.proxy(ProxyId("p"))
    assert proxy is not None
    saves = int(proxy)
    assert saves >= acknowledged
    assert [int(minute.body) for minute in store.minutes(1, 0, 60 * (saves + 9))] == list(range(1, saves + 1))
    await store.close()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: b"", id="empty"),
        pytest.param(lambda whole: whole[:100], id="torn in the header"),
        pytest.param(lambda whole: whole[: len(whole) // 2], id="torn in the middle"),
        pytest.param(lambda whole: b"x" * len(whole), id="something else"),
        pytest.param(lambda whole: whole[:100] + b"\xff" * 3996 + whole[4096:], id="no tables"),
    ],
)
async def test_a_damaged_file_does_not_stop_the_start(file, damage):
    store = open_store(file)
    await store.save(MetricBatch([StoredGroup(n, b"x" * 200) for n in range(200)]))
    await store.close()
    file.write_bytes(damage(file.read_bytes()))
    again = open_store(file)
    list(again.groups())
    batch = MetricBatch([StoredGroup(n, b"y" * 200) for n in range(200)])
    with suppress(MetricStoreFault):  # the first may find out that the file is damaged
        await again.save(batch)
    await again.save(batch)
    assert list(again.groups()) == [(n, b"y" * 200) for n in range(200)]
    await again.close()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_an_altered_file_does_not_stop_the_start(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("altered") / "metrics.db"
    connection = sqlite3.connect(file)
    opening = open_store(file)
    opening._writing.executemany("INSERT INTO groups VALUES (?, ?)", [(n, b"x" * 300) for n in range(60)])
    for one in (connection, opening._reading, opening._writing):
        one.close()
    whole = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(whole)
    store = open_store(file)
    list(store.groups())
    assert store.since >= 0
    store._reading.close()
    store._writing.close()


async def test_the_file_of_another_program_is_set_aside(file):
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    store = open_store(file)
    assert list(store.groups()) == []
    connect = sqlite3.connect(file.with_name("metrics.db.unreadable"))
    assert connect.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connect.close()
    await store.close()
