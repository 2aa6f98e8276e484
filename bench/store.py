"""How fast the store acknowledges: changes a second that are on disk, with 1 and with 64 writers.

Run by `make bench`, or by hand: `.venv/bin/python bench/store.py [DIRECTORY]`. DIRECTORY says which disk; the
default is the one that temporary files are on. No number here is a test.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rig.report import show

from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn
from moyai.store.sqlite import SqliteStore

CHANGES: Final = 3200
RECORDS: Final = 10_000
ROUNDS: Final = 3
WRITERS: Final[Mapping[int, str]] = {1: "1 writer", 64: "64 writers"}


def numbered(number: int) -> Cluster:
    """A small record."""
    arn = ClusterArn(f"arn:aws:ecs:us-east-1:123456789012:cluster/{number}")
    return Cluster(arn=arn, name=str(number), created_at=Instant(1.0), tags={"purpose": "measuring"})


def opened(directory: Path) -> SqliteStore:
    """The store in this directory."""
    return SqliteStore.open(directory / "moyai.db", SystemIds(), SystemClock().now())


async def acknowledge(directory: Path, writers: int) -> float:
    """Let that many writers put and wait for the disk, each in turn; the changes a second."""
    store = opened(directory)

    async def write(numbers: range) -> None:
        for number in numbers:
            store.apply([Put(numbered(number))])
            await store.durable()

    started = time.perf_counter()
    await asyncio.gather(*(write(range(first, CHANGES, writers)) for first in range(writers)))
    elapsed = time.perf_counter() - started
    await store.close()
    return CHANGES / elapsed


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
    show(f"{RECORDS:,} records", "s", {"applied": [applied], "durable after": [written], "opened in": [loaded]})


async def main(parent: str | None) -> None:
    """Measure all."""
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for writers, label in WRITERS.items():
            with tempfile.TemporaryDirectory(dir=parent) as directory:
                rates.setdefault(label, []).append(await acknowledge(Path(directory), writers))
    show("changes on disk", "changes/s", rates)
    with tempfile.TemporaryDirectory(dir=parent) as directory:
        await reopen(Path(directory))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
