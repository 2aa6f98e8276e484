"""Appends events that carry a number, and says each number when it is acknowledged."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from moyai.domain.logs.event import LogEvent
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import LogBatch, SourcePosition
from moyai.store.log_sqlite import SqliteLogStore


async def main() -> None:
    store = SqliteLogStore.open(Path(sys.argv[1]), 2**30)
    for n in count():
        batch = LogBatch(
            LogGroupId("g"), LogStreamId("a"), [LogEvent(n, str(n).encode())], SourcePosition("child", n + 1)
        )
        await store.append([batch], Instant(1.0))
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()


asyncio.run(main())
