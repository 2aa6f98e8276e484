"""Saves a minute and the number of saves together, over and over, and says each number when it is kept."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from moyai.app.clock import SystemClock
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import MetricBatch, StoredMinute, StoredProxy
from moyai.store.metric_sqlite import SqliteMetricStore


async def main() -> None:
    store = SqliteMetricStore.open(Path(sys.argv[1]), 2**30, SystemClock())
    for n in count(1):
        body = str(n).encode()
        proxy = StoredProxy(ProxyId("p"), Instant(n), body)
        await store.save(MetricBatch((), [StoredMinute(60 * n, 1, body)], (), [proxy]))
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()


asyncio.run(main())
