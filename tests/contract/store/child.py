"""A control plane's share of a crash: run as a process of its own, with a mode and the path of a database.

``write``: many writers put records and delete every third one; what has been acknowledged is printed, ``+n``
or ``-n``. Ends by being killed.
``fill``: writes until the disk refuses (the process limits its own file size), prints what each call said then, and
goes on when the disk takes more.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from itertools import count
from pathlib import Path

from moyai.app.ids import SystemIds
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn
from moyai.ports.store import StoreFault
from moyai.store.sqlite import SqliteStore

WRITERS = 8
SPARE_BYTES = 20_000


def write_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def numbered_cluster(number: int, filling: str = "") -> Cluster:
    arn = ClusterArn(f"arn:aws:ecs:us-east-1:123456789012:cluster/{number}")
    return Cluster(arn=arn, name=str(number), created_at=Instant(1.0), tags={"filling": filling})


async def write(store: SqliteStore) -> None:
    numbers = count(1 + max((int(cluster.name) for cluster in store.world.clusters), default=0))

    async def writer() -> None:
        for number in numbers:
            cluster = numbered_cluster(number)
            store.apply([Put(cluster)])
            await store.durable()
            write_line(f"+{number}")
            if number % 3 == 0:
                store.apply([Delete(Cluster, cluster.arn)])
                await store.durable()
                write_line(f"-{number}")

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


async def fill(store: SqliteStore, database: Path) -> None:
    store.apply([Put(numbered_cluster(1))])
    await store.durable()
    log = database.with_name(database.name + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + SPARE_BYTES, resource.RLIM_INFINITY))
    store.apply([Put(numbered_cluster(2, "x" * 2 * SPARE_BYTES))])
    waiting = [asyncio.ensure_future(store.durable()) for _ in range(3)]
    for answer in await asyncio.gather(*waiting, return_exceptions=True):
        write_line(f"durable {type(answer).__name__}")
    try:
        store.apply([Put(numbered_cluster(3))])
    except StoreFault as fault:
        write_line(f"apply {type(fault).__name__}")
    await store.durable()
    write_line(f"holds {[cluster.name for cluster in store.world.clusters]}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while store.fault is not None:  # noqa: ASYNC110 - the store has no other word for it
        await asyncio.sleep(0.01)
    store.apply([Put(numbered_cluster(4))])
    await store.durable()
    await store.close()
    write_line("closed")


async def main(mode: str, database: Path) -> None:
    store = SqliteStore.open(database, SystemIds(), Instant(1.0))
    await (write(store) if mode == "write" else fill(store, database))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
