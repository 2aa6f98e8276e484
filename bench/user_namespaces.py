"""How long a container takes to start with a user namespace, without one, and by `docker run`: from the call to its
program's first line.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/user_namespaces.py [ROUNDS]`. One image of twelve
layers, and in turn a task with a user namespace and a task without one, on the linux runtime alone, and a container of
Docker Engine without a network, if that is in .venv/docker (`scripts/setup.sh --docker`) or on PATH. Docker's time has
that of its command in it. No number here is a test.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rig.images import LAYERS, NAME, save_image
from rig.report import show
from rig.tasks import root

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.image_puller import make_puller
from moyai.app.state_paths import StatePaths
from moyai.domain.sandbox.spec import ContainerSpec, NoNetwork, SandboxSpec
from moyai.images.imports.importing import load_archive
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime import LinuxRuntime
from moyai.runtime.linux.tasks import user_ids
from tests.e2e.docker_engine import DockerEngine, docker_engine, is_installed

ROUNDS: Final = 10
WITH, WITHOUT, DOCKER = "with a user namespace", "without", "docker run"
COMMAND: Final = ("/usr/bin/date", "+%s.%N")


async def start(runtime: LinuxRuntime, task: TaskId, name: str) -> float:
    """Start a container and wait for its end; the ms from the call to its program's own clock reading."""
    called = time.time()
    await runtime.start(ContainerSpec(task, name, NAME, command=COMMAND))
    lines = [line.text async for line in runtime.logs(task, name, follow=True)]
    return 1000 * (float(lines[0]) - called)


def run_by_docker(engine: DockerEngine) -> float:
    """The same by ``docker run``."""
    called = time.time()
    line = engine.run("run", "--rm", "--network=none", NAME, *COMMAND)
    return 1000 * (float(line) - called)


@contextmanager
def docker(archive: Path) -> Iterator[DockerEngine | None]:
    """An engine with the image; None where there is none."""
    if not is_installed():
        yield None
        return
    with docker_engine(Path(tempfile.mkdtemp(prefix="moyai-bench-", dir="/var/tmp"))) as engine:
        engine.load(archive)
        yield engine


async def measure(state: Path, engine: DockerEngine | None, archive: Path, rounds: int) -> None:
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
            if engine is not None:
                samples[DOCKER].append(await asyncio.to_thread(run_by_docker, engine))
    finally:
        await runtime.destroy()
        await runtime.close()
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.0f}")
    show("sandbox without a network", "ms", prepared)
    title = f"container of an image with {LAYERS} layers: from the call to its first line"
    show(title, "ms", samples, DOCKER if DOCKER in samples else WITHOUT)


def main() -> None:
    """Measure, if this is root."""
    if not root():
        return
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    state = Path(tempfile.mkdtemp(prefix="moyai-bench-", dir="/var/tmp"))
    archive = state / "image.tar"
    try:
        save_image(archive)
        with docker(archive) as engine:
            asyncio.run(measure(state, engine, archive, rounds))
    finally:
        shutil.rmtree(state)


if __name__ == "__main__":
    main()
