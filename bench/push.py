"""How long one endpoint change takes until every proxy has acknowledged it, and what a stream costs; and what a change
to one workload costs in a mesh of many.

Run by `make bench`, or by hand: `.venv/bin/python bench/push.py`. The server is the real one, on a Unix socket; the
proxies are streams from a process of its own, which shares the machine: the times include its work. No number here
is a test.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from rig.proxies import SERVICE
from rig.report import show

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    ServiceAddress,
    StreamSplit,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.server.grpc_server import serve_unix
from moyai.xds.server.proxy_auth import TaskProxyAuth
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

SIZES: Final = (100, 1000)
ROUNDS: Final = 11
CALLS: Final = 10
MEMBERS: Final = tuple(Member("us-east-1a", f"172.31.0.{number}", 80) for number in range(4, 14))


def mesh(proxies: int, members: tuple[Member, ...]) -> MeshIR:
    """That many callers of one service."""
    view = OutboundView((ServiceAddress("127.255.0.1", 80, SERVICE),))
    callers = [WorkloadId(f"p{number}") for number in range(proxies)]
    return MeshIR(
        workloads={w: Workload(w, "us-east-1a", 15000, 15001, outbound=view) for w in callers},
        services={SERVICE: service(SERVICE)},
        destinations={SERVICE: destination(SERVICE)},
        groups={SERVICE: EndpointGroup(SERVICE, members)},
    )


def service(name: str) -> MeshService:
    """A TCP service."""
    return MeshService(
        name, Protocol.TCP, StreamSplit((WeightedDestination(name),), TimeoutPolicy(0, 3600), 3), f"egress.{name}"
    )


def destination(name: str) -> Destination:
    """The members behind it."""
    return Destination(
        name, EndpointGroupSource(name), Protocol.TCP, 1, OutlierPolicy(5, 10, 30, 300, 50), f"egress.{name}"
    )


def neighbours(nodes: int) -> MeshIR:
    """That many workloads, of which each has a service of its own and calls those of the next few."""
    names = [f"n{number}" for number in range(nodes)]
    calls = [ServiceAddress(f"127.255.{n // 250}.{n % 250 + 1}", 80, name) for n, name in enumerate(names)]
    views = [OutboundView(tuple(calls[(n + k) % nodes] for k in range(1, CALLS + 1))) for n in range(nodes)]
    return MeshIR(
        workloads={
            (w := WorkloadId(name)): Workload(w, "us-east-1a", 15000, 15001, outbound=view)
            for name, view in zip(names, views, strict=True)
        },
        services={name: service(name) for name in names},
        destinations={name: destination(name) for name in names},
        groups={name: EndpointGroup(name, MEMBERS) for name in names},
    )


def change_one(nodes: int) -> None:
    """A member of one service comes and goes, the rest as it was: the same objects, or equal ones made anew."""
    updated, rebuilt = Feed(BootstrapSettings()), Feed(BootstrapSettings())
    first = neighbours(nodes)
    updated.publish(first)
    rebuilt.publish(first)
    samples: dict[str, list[float]] = {"the rest is kept": [], "the rest is made anew": []}
    for turn in range(ROUNDS):
        for feed, of, times in zip((updated, rebuilt), (first, neighbours(nodes)), samples.values(), strict=True):
            group = EndpointGroup("n0", MEMBERS[(turn + 1) % 2 :])
            following = replace(of, groups={**of.groups, "n0": group})
            at = time.perf_counter()
            feed.publish(following)
            times.append(1000 * (time.perf_counter() - at))
    show(f"one change published among {nodes:,} workloads", "ms", samples)


def synced(feed: Feed, proxy: ProxyId) -> bool:
    """Whether the proxy has taken the newest mesh."""
    state = feed.state(proxy)
    return state is not None and state.synced


async def acknowledged(feed: Feed, everyone: Collection[ProxyId]) -> None:
    """Return when all these have taken the newest mesh."""
    waiting = {w for w in everyone if not synced(feed, w)}
    changes = feed.changes()
    while waiting:
        proxy = await anext(changes)
        if proxy in waiting and synced(feed, proxy):
            waiting.discard(proxy)
    await changes.aclose()


def resident() -> float:
    """KiB of memory that this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


@contextmanager
def streams(path: Path, count: int) -> Iterator[None]:
    """The proxies."""
    program = str(Path(__file__).parent / "rig" / "proxies.py")
    process = subprocess.Popen([sys.executable, program, str(path), str(count)], stdin=subprocess.PIPE)  # noqa: S603
    try:
        yield
    finally:
        process.communicate()


async def measure(proxies: int) -> None:
    """Push to that many, again and again."""
    feed = Feed(BootstrapSettings())
    feed.publish(mesh(proxies, MEMBERS))
    everyone = {ProxyId(w) for w in mesh(proxies, MEMBERS).workloads}
    before = resident()
    with tempfile.TemporaryDirectory(prefix="moyai-bench-") as folder:
        path = Path(folder) / "xds.sock"
        gate = TaskProxyAuth(feed, Directory(MemoryStore(), SCOPE))
        server = await serve_unix(path, os.getgid(), [AdsHandler(feed, gate)])
        with streams(path, proxies):
            await acknowledged(feed, everyone)
            memory = (resident() - before) / proxies
            waits, costs = [], []
            for turn in range(ROUNDS):
                following = mesh(proxies, MEMBERS[(turn + 1) % 2 :])
                at, used = time.perf_counter(), time.process_time()
                feed.publish(following)
                await acknowledged(feed, everyone)
                waits.append(1000 * (time.perf_counter() - at))
                costs.append(1e6 * (time.process_time() - used) / proxies)
        await server.stop(None)
    label = f"{proxies:,} streams"
    show("one change, until the last has acknowledged it", "ms", {label: waits})
    show("CPU of the server for a stream and push", "µs", {label: costs})
    show("memory of a stream", "KiB", {label: [memory]})


async def main() -> None:
    """Measure all."""
    print(f"load: one member of ten leaves or returns, {ROUNDS} times")
    for size in SIZES:
        await measure(size)
    for size in SIZES:
        change_one(size)


if __name__ == "__main__":
    asyncio.run(main())
