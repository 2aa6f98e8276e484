"""Promises of the log store on disk alone: its file, its bound, a kill, a disk that refuses."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moyai.ports.logs import LogStoreFault, SourcePosition
from moyai.store.log_memory import MemoryLogStore
from moyai.store.log_sqlite import SqliteLogStore
from tests.contract.logs.test_log_store import GROUP, NOW, A, B, batch, messages, question

CHILD = Path(__file__).with_name("child.py")


def killed_child(file) -> int:
    """How many events a child had said to be kept when it was killed."""
    with subprocess.Popen([sys.executable, CHILD, file], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(40)]
        os.kill(child.pid, signal.SIGKILL)
        return len(lines) + len(child.stdout.readlines())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "logs.db"


async def test_events_survive_reopening_in_a_private_file(file):
    store = SqliteLogStore.open(file, 2**30)
    await store.append([batch(A, (1, "1"), position=SourcePosition("s", 4))], NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
    await store.close()
    again = SqliteLogStore.open(file, 2**30)
    await again.append([batch(A, (1, "2"))], NOW)
    assert (await messages(again), await again.positions()) == (["1", "2"], {"s": 4})
    await again.close()


async def test_a_kill_neither_loses_nor_repeats_acknowledged_events(file):
    acknowledged = killed_child(file)
    store = SqliteLogStore.open(file, 2**30)
    results = [int(text) for text in await messages(store, limit=10_000)]
    assert results == list(range(len(results)))
    assert len(results) >= acknowledged
    assert await store.positions() == {"child": len(results)}
    await store.close()


async def test_the_file_is_bounded_and_the_oldest_events_are_dropped(file):
    store = SqliteLogStore.open(file, 400_000)
    for n in range(60):
        await store.append([batch(B if n % 2 else A, *((k, f"{n:04}" + "x" * 1000) for k in range(20)))], NOW)
    remaining_messages = {event.message[:4] for event in (await store.read(question(limit=10_000))).events}
    assert remaining_messages
    assert remaining_messages == {f"{n:04}" for n in range(60 - len(remaining_messages), 60)}
    assert sum(path.stat().st_size for path in file.parent.glob("logs.db")) < 10_000_000
    await store.close()
    memory = MemoryLogStore(2_000)
    await memory.append([batch(A, *((1, str(n)) for n in range(1000)))], NOW)
    assert (await messages(memory))[-1] == "999"
    assert (await memory.sizes([GROUP]))[GROUP] <= 2_000


async def test_a_full_disk_is_reported_and_writing_can_resume(file):
    store = SqliteLogStore.open(file, 2**30)
    other = sqlite3.connect(file, isolation_level=None)
    pages = other.execute("PRAGMA page_count").fetchone()[0]
    store._writing.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LogStoreFault, match="full"):
        await store.append([batch(A, (1, "x" * 100_000), position=SourcePosition("s", 1))], NOW)
    assert (await messages(store), await store.positions()) == ([], {})
    store._writing.execute("PRAGMA max_page_count = 1000000")
    await store.append([batch(A, (1, "now"))], NOW)
    assert await messages(store) == ["now"]
    other.close()
    await store.close()


async def test_fault_reports_the_reason_until_writing_succeeds(file):
    store = SqliteLogStore.open(file, 2**30)
    assert await store.fault() is None
    store._writing.execute("PRAGMA query_only = ON")
    with pytest.raises(LogStoreFault, match=str(file)):
        await store.append([batch(A, (1, "x"))], NOW)
    for _ in range(2):
        assert str(file) in (await store.fault() or "")
    store._writing.execute("PRAGMA query_only = OFF")
    assert await store.fault() is None
    assert await messages(store) == []
    await store.close()


@pytest.mark.parametrize("made", ["PRAGMA user_version = 9", "PRAGMA application_id = 5", "CREATE TABLE t (a)"])
async def test_a_file_of_another_program_is_left_alone(file, made):
    with sqlite3.connect(file) as other:
        other.execute(made)
    other.close()
    with pytest.raises(LogStoreFault, match="another program"):
        SqliteLogStore.open(file, 2**30)
