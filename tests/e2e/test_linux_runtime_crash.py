"""A control plane that is killed at any moment leaves nothing that the next one can't find and remove."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from moyai.app.clock import SystemClock
from moyai.kernel.clock import Seconds
from tests.contract.runtime.adapters import TASK, sandbox
from tests.e2e.leftovers import control_groups

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ROOT = Path(__file__).parents[2]


def open_files() -> list[str]:
    """The open files of this process, without those of reading the list itself."""
    results = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            results.append(str(path.readlink()))
        except OSError:
            continue
    return sorted(name for name in results if not name.startswith(("/proc/", "/dev/")))


def namespaces() -> set[Path]:
    """The network namespaces of all threads of this process."""
    return {path.readlink() for path in Path("/proc/self/task").glob("*/ns/net")}


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.031, 0.047, 0.071, 0.103])
async def test_a_control_plane_killed_while_starting_tasks_leaves_nothing_unknown(linux, delay):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "tests.e2e.linux_victim", str(linux.state)]
    for first in (1, 21):
        victim = await asyncio.create_subprocess_exec(
            *program, str(first), cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert victim.stdout is not None
        assert await victim.stdout.readline() == b"one\n"
        await SystemClock().sleep(Seconds(delay))
        victim.kill()
        await victim.wait()
    before = await linux.runtime.observe()
    keep = frozenset(sorted(before)[:1])
    await linux.runtime.sweep(keep)
    assert set(await linux.runtime.observe()) == keep
    names = {path.name for path in (linux.state / "run/netns").glob("task-*")}
    assert names == {f"task-{task}" for task in keep}


async def test_prepare_and_release_leak_no_files_and_no_threads(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.release(TASK)
    before = open_files()
    for number in range(1, 6):
        spec = sandbox(number)
        await linux.runtime.prepare(spec)
        await linux.runtime.release(spec.task)
    assert open_files() == before
    assert len(await asyncio.to_thread(namespaces)) == 1


async def test_a_stray_process_in_a_tasks_cgroups_ends_with_the_task(linux):
    spec = sandbox()
    await linux.runtime.prepare(spec)
    stray = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        own = f"/{linux.installation}/{TASK}"
        groups = [Path(group) for group in control_groups() if group.endswith(own)]
        for group in groups:
            (group / "cgroup.procs").write_text(str(stray.pid))
        await linux.runtime.release(TASK)
        assert not groups or await stray.wait() == -9
    finally:
        if stray.returncode is None:
            stray.kill()
            await stray.wait()
