"""How long a container takes to start with a user namespace and without one: from the call to its program's first line.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/user_namespaces.py`. One image of twelve layers, and in
turn a task with a user namespace and a task without one, on the linux runtime alone. No number here is a test.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from rig.report import show
from rig.tasks import root

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.image_puller import make_puller
from moyai.app.state_paths import StatePaths
from moyai.domain.sandbox.spec import ContainerSpec, NoNetwork, SandboxSpec
from moyai.images.model import Image
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime import LinuxRuntime
from moyai.runtime.linux.tasks import user_ids

ROUNDS: Final = 30
LAYERS: Final = 12
WITH, WITHOUT = "with a user namespace", "without"


def make_layers(folder: Path) -> Image:
    """An image with a shell in its lowest layer and a file in each other one."""
    layers = [folder / f"layer-{n}" for n in range(LAYERS)]
    for n, layer in enumerate(layers):
        (layer / "srv").mkdir(parents=True)
        (layer / f"srv/{n}").write_text("x")
    for name in ("/bin/sh", "/usr/bin/date", *_libraries("/bin/sh", "/usr/bin/date")):
        target = layers[-1] / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, target)
    return Image(tuple(str(layer) for layer in layers), on_host=False)


def _libraries(*programs: str) -> list[str]:
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
    words = (word for line in listed.splitlines() for word in line.split() if word.startswith("/"))
    return sorted({word for word in words if not word.endswith(":")})


async def start(runtime: LinuxRuntime, task: TaskId, name: str) -> float:
    """Start a container and wait for its end; the ms from the call to its program's own clock reading."""
    command = ("/usr/bin/date", "+%s.%N")
    called = time.time()
    await runtime.start(ContainerSpec(task, name, "bench/layers:1", command=command))
    lines = [line.text async for line in runtime.logs(task, name, follow=True)]
    return 1000 * (float(lines[0]) - called)


async def measure(state: Path) -> None:
    """Measure both in turn."""
    puller = make_puller(StatePaths(state), ImageSettings(engines=()))
    runtime = LinuxRuntime(state, f"bench-{state.name}", Path("/nowhere"), "/nowhere", SystemClock(), puller)
    image = make_layers(state / "layers")
    runtime.images.find = lambda *_: image  # type: ignore[method-assign]
    assign = user_ids.assign
    samples: dict[str, list[float]] = defaultdict(list)
    prepared: dict[str, list[float]] = defaultdict(list)
    try:
        for n in range(ROUNDS):
            for kind in (WITH, WITHOUT)[:: 1 if n % 2 else -1]:
                user_ids.assign = assign if kind == WITH else lambda *_: 0
                task = TaskId(f"{n:031d}{'1' if kind == WITH else '2'}")
                began = time.perf_counter()
                await runtime.prepare(SandboxSpec(task, NoNetwork("bench")))
                prepared[kind].append(1000 * (time.perf_counter() - began))
                samples[kind].append(await start(runtime, task, "app"))
                await runtime.release(task)
    finally:
        await runtime.destroy()
        await runtime.close()
    show("sandbox without a network", "ms", prepared)
    show(f"container of an image with {LAYERS} layers: from the call to its first line", "ms", samples)
    ratio = statistics.median(samples[WITH]) / statistics.median(samples[WITHOUT])
    print(f"medians: {ratio:.2f} times, with to without")


def main() -> None:
    """Measure, if this is root."""
    if not root():
        return
    state = Path(tempfile.mkdtemp(prefix="moyai-bench-", dir="/var/tmp"))
    try:
        asyncio.run(measure(state))
    finally:
        shutil.rmtree(state)


if __name__ == "__main__":
    main()
