"""How long a container takes to start: from the call to its program's first line, in moyai with a user namespace and
without one, and beside `docker run`, `docker compose up` and runc.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/containers.py [ROUNDS]`. One image of twelve layers,
without a network: in turn two tasks on the linux runtime alone, and containers of the peers that are in .venv/docker
(`scripts/setup.sh --docker`) or on PATH. The times of Docker and Compose have that of their command in them; runc's is
that of a container alone, without an image, logs and a daemon. No number here is a test.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rig.container_peers import RunContainer, container_peers
from rig.images import LAYERS, NAME, save_image
from rig.report import show
from rig.tasks import root

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.images import make_puller
from moyai.app.state_paths import StatePaths
from moyai.domain.sandbox.network import NoNetwork
from moyai.domain.sandbox.spec import ContainerSpec, SandboxSpec
from moyai.images.imports.importing import load_archive
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime import LinuxRuntime
from moyai.runtime.linux.tasks import user_ids

ROUNDS: Final = 10
WITH, WITHOUT = "with a user namespace", "without"
COMMAND: Final = ("/usr/bin/date", "+%s.%N")
CLOCK_READING: Final = re.compile(r"\d+\.\d{9}")


async def start(runtime: LinuxRuntime, task: TaskId, name: str) -> float:
    """Start a container and wait for its end; the ms from the call to its program's own clock reading."""
    called = time.time()
    await runtime.start(ContainerSpec(task, name, NAME, command=COMMAND))
    lines = [line.text async for line in runtime.logs(task, name, follow=True)]
    return 1000 * (float(lines[0]) - called)


def run_peer(run: RunContainer) -> float:
    """The same by a peer; it prints other lines too."""
    called = time.time()
    (reading,) = CLOCK_READING.findall(run())
    return 1000 * (float(reading) - called)


async def measure(state: Path, peers: Mapping[str, RunContainer], archive: Path, rounds: int) -> None:
    """Measure all in turn."""
    puller = make_puller(StatePaths(state), ImageSettings(engines=()))
    load_archive(puller.store, archive)
    runtime = LinuxRuntime(state, f"bench-{state.name}", Path("/nowhere"), "/nowhere", SystemClock(), puller)
    assign = user_ids.assign
    samples: dict[str, list[float]] = defaultdict(list)
    prepared: dict[str, list[float]] = defaultdict(list)
    try:
        for n in range(rounds):
            for kind in (WITH, WITHOUT)[:: 1 if n % 2 else -1]:
                user_ids.assign = assign if kind == WITH else lambda *_: 0
                task = TaskId(f"{n:031d}{'1' if kind == WITH else '2'}")
                began = time.perf_counter()
                await runtime.prepare(SandboxSpec(task, NoNetwork("bench")))
                prepared[kind].append(1000 * (time.perf_counter() - began))
                samples[kind].append(await start(runtime, task, "app"))
                await runtime.release(task)
            for name, run in peers.items():
                samples[name].append(await asyncio.to_thread(run_peer, run))
    finally:
        await runtime.destroy()
        await runtime.close()
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.0f}")
    show("sandbox without a network", "ms", prepared)
    title = f"container of an image with {LAYERS} layers: from the call to its first line"
    show(title, "ms", samples, "docker run" if peers else WITHOUT)


def main() -> None:
    """Measure, if this is root."""
    if not root():
        return
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    state = Path(tempfile.mkdtemp(prefix="moyai-bench-", dir="/var/tmp"))
    archive = state / "image.tar"
    (state / "peers").mkdir()
    (state / "moyai").mkdir()
    try:
        save_image(archive)
        with container_peers(state / "peers", archive, NAME, COMMAND) as peers:
            asyncio.run(measure(state / "moyai", peers, archive, rounds))
    finally:
        shutil.rmtree(state)


if __name__ == "__main__":
    main()
