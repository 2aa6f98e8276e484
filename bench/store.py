"""How fast the store acknowledges: changes a second, and how long a caller waits, with 1 and with 64 writers.

Run by `make bench`, or by hand: `.venv/bin/python bench/store.py [DIRECTORY]`. DIRECTORY says which disk; the
default is the one that temporary files are on. No number here is a test.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn
from moyai.store.sqlite import SqliteStore

CHANGES: Final = 3200
RECORDS: Final = 10_000


def numbered(number: int) -> Cluster:
    """A small record."""
    arn = ClusterArn(f"arn:aws:ecs:us-east-1:123456789012:cluster/{number}")
    return Cluster(arn=arn, name=str(number), created_at=Instant(1.0), tags={"purpose": "measuring"})


def opened(directory: Path) -> SqliteStore:
    """The store in this directory."""
    return SqliteStore.open(directory / "moyai.db", SystemIds(), SystemClock().now())


async def acknowledge(directory: Path, writers: int) -> None:
    """Let that many writers put and wait for the disk, each in turn."""
    store = opened(directory)
    waits: list[float] = []

    async def write(numbers: range) -> None:
        for number in numbers:
            started_at = time.perf_counter()
            store.apply([Put(numbered(number))])
            await store.durable()
            waits.append(time.perf_counter() - started_at)

    started = time.perf_counter()
    await asyncio.gather(*(write(range(first, CHANGES, writers)) for first in range(writers)))
    elapsed = time.perf_counter() - started
    await store.close()
    waits.sort()
    p50, p99 = (1000 * waits[int(len(waits) * share)] for share in (0.5, 0.99))
    print(f"{writers:3} writers: {CHANGES / elapsed:8.0f} changes/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")


async def reopen(directory: Path) -> None:
    """Fill a state, then open it again."""
    store = opened(directory)
    started = time.perf_counter()
    store.apply([Put(numbered(number)) for number in range(RECORDS)])
    applied = time.perf_counter() - started
    await store.durable()
    written = time.perf_counter() - started
    await store.close()
    started = time.perf_counter()
    store = opened(directory)
    loaded = time.perf_counter() - started
    await store.close()
    print(f"{RECORDS} records: applied in {applied:.3f} s, durable after {written:.3f} s, opened in {loaded:.3f} s")


async def main(parent: str | None) -> None:
    """Measure all."""
    for writers in (1, 64):
        with tempfile.TemporaryDirectory(dir=parent) as directory:
            await acknowledge(Path(directory), writers)
    with tempfile.TemporaryDirectory(dir=parent) as directory:
        await reopen(Path(directory))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
