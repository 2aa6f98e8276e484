"""The disk of a task: its size limit, its contents, its creation and removal."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import VolumeMount
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks import disks
from tests.contract.runtime.adapters import OTHER, TASK, sandbox
from tests.e2e.linux_tasks import run, shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]

VOLUME = VolumeMount("/data", "data")
IS_FULL = "fallocate -l 900M /srv/a && fallocate -l 900M {path} 2>&1 | grep -o 'No space left on device'"


def device(linux, task=TASK):
    """The task's loop device."""
    return disks.device(RuntimePaths(linux.state).task(task))


def bound(linux):
    """Files of this state that are behind a loop device of this machine."""
    files = Path("/sys/block").glob("loop*/loop/backing_file")
    return [line for file in files if linux.state.name in (line := file.read_text())]


@pytest.mark.parametrize("path", ["/srv/b", "/data/b"])
async def test_root_and_volumes_of_a_task_share_the_size_of_its_disk(linux, path):
    await linux.runtime.prepare(sandbox(storage_gib=1))
    lines = (
        f"df -m --output=size / /data | tail -2; {IS_FULL.format(path=path)}; rm /srv/a; echo x > {path} && echo room"
    )
    _, observed_lines = await run(linux, shell(lines, volumes=(VOLUME,)))
    sizes, rest = [int(line) for line in observed_lines[:2]], observed_lines[2:]
    assert rest == ["No space left on device", "room"]
    assert all(900 < size <= 1024 for size in sizes)


async def test_containers_share_the_disk_and_each_other_task_has_its_own(linux):
    for number in (1, 2):
        await linux.runtime.prepare(sandbox(number, storage_gib=1))
    await linux.runtime.start(shell("fallocate -l 900M /srv/a; echo full; exec sleep 1000"))
    await wait_for_output(linux, "full")
    full = "fallocate -l 900M /srv/b 2>/dev/null || echo full"
    _, lines = await run(linux, shell(full, "side"))
    assert lines == ["full"]
    _, lines = await run(linux, shell(f"ls /srv; {full}; echo fits", "app", OTHER))
    assert lines == ["fits"]


async def test_written_files_survive_a_restart_and_are_visible_through_volumes(linux):
    await linux.runtime.prepare(sandbox(storage_gib=1))
    lines = "cat /srv/mark /data/mark 2>/dev/null; echo $1 > /srv/mark; echo $1 > /data/mark"
    command = ("sh", "-c", lines, "sh")
    for number, before in enumerate(([], ["0", "0"])):
        again = shell("", attempt=number, command=(*command, str(number)), volumes=(VOLUME,))
        _, observed_lines = await run(linux, again)
        assert observed_lines == before
    _, observed_lines = await run(linux, shell("cat /data/mark; ls /srv", "side", volumes=(VOLUME,)))
    assert observed_lines == ["1"]


async def test_a_task_without_a_storage_size_has_no_disk(linux):
    await linux.runtime.prepare(sandbox())
    assert device(linux) is None
    _, lines = await run(linux, shell("df --output=size / | tail -1"))
    assert int(lines[0]) > 1024**2


async def test_a_disk_is_sparse_and_frees_deleted_blocks(linux):
    await linux.runtime.prepare(sandbox(storage_gib=20))
    image = RuntimePaths(linux.state).task(TASK) / disks.IMAGE

    def used_bytes():
        return image.stat().st_blocks * 512

    assert await asyncio.to_thread(used_bytes) < 1024**2
    await run(linux, shell("head -c 50000000 /dev/zero > /srv/big; sync /srv/big; rm /srv/big; sync"))

    async def given_back():
        return await asyncio.to_thread(used_bytes) < 10_000_000

    await linux.until(given_back)


async def test_the_machine_sees_no_mount_and_a_released_task_leaves_no_device(linux):
    await linux.runtime.prepare(sandbox(storage_gib=1))
    await linux.runtime.start(shell("dd if=/dev/zero of=/srv/big bs=1M count=100 2>&1; echo up; exec sleep 1000"))
    await wait_for_output(linux, "up")
    assert await asyncio.to_thread(bound, linux) != []
    mounts = await asyncio.to_thread(Path("/proc/self/mountinfo").read_text)
    assert f"{linux.state}/run/tasks/" not in mounts
    whole = "awk '$4 == \"/\" && /\\/dev\\/loop/' /proc/self/mountinfo"
    _, lines = await run(linux, shell(f"{whole}; ls /dev | grep -c loop", "look"))
    assert lines == ["0"]
    await linux.runtime.release(TASK)
    assert await asyncio.to_thread(bound, linux) == []


async def test_another_control_plane_finds_the_disk_and_removes_it(linux):
    await linux.runtime.prepare(sandbox(storage_gib=1))
    before = device(linux)
    await linux.runtime.close()
    linux.runtime = linux.another_runtime()
    await linux.runtime.prepare(sandbox(storage_gib=1))
    assert device(linux) == before is not None
    await linux.runtime.sweep(frozenset())
    assert await asyncio.to_thread(bound, linux) == []


async def test_a_loop_device_of_another_file_is_not_the_tasks(linux):
    for number in (1, 2):
        await linux.runtime.prepare(sandbox(number, storage_gib=1))
    paths, other = RuntimePaths(linux.state), device(linux, OTHER)
    note = paths.task(TASK) / disks.NUMBER
    own = await asyncio.to_thread(note.read_text)
    await asyncio.to_thread(note.write_text, str(other).removeprefix("/dev/loop"))
    assert device(linux) is None
    disks.detach(paths.task(TASK))
    assert device(linux, OTHER) == other
    await asyncio.to_thread(note.write_text, own)


async def test_a_disk_is_the_tasks_though_it_was_bound_in_another_mount_namespace(linux):
    """As after a kill of moyai's container, whose mount of the volume is gone with it."""
    await linux.runtime.prepare(sandbox(storage_gib=1))
    await linux.runtime.close()
    linux.runtime = linux.another_runtime()
    directory = RuntimePaths(linux.state).task(TASK)
    disks.detach(directory)
    script = 'mount --bind "$1" /mnt && exec losetup --find --show "/mnt/$2"'
    image = directory.relative_to(linux.state.parent) / disks.IMAGE
    bind = ("unshare", "--mount", "sh", "-c", script, "sh", str(linux.state.parent), str(image))
    process = await asyncio.to_thread(subprocess.run, bind, capture_output=True, text=True, check=True)
    bound_device = Path(process.stdout.strip())
    await asyncio.to_thread((directory / disks.NUMBER).write_text, bound_device.name.removeprefix("loop"))
    assert await asyncio.to_thread(bound, linux) == [f"/{image}\n"]
    assert device(linux) == bound_device
    await linux.runtime.release(TASK)
    assert await asyncio.to_thread(bound, linux) == []


async def test_a_disk_larger_than_the_free_space_is_refused(linux):
    with pytest.raises(SandboxFailed, match="ephemeralStorage: 1000000000 GiB"):
        await linux.runtime.prepare(sandbox(storage_gib=10**9))
    assert await linux.runtime.inspect(TASK) is None


@pytest.mark.parametrize("storage", [1, 30])
async def test_a_task_runs_without_a_disk_where_none_can_be_made(linux, monkeypatch, storage):
    monkeypatch.setattr(disks, "_SEARCH_PATH", "/nowhere")
    assert "e2fsprogs" in (disks.missing_requirement() or "")
    await linux.runtime.prepare(sandbox(storage_gib=storage))
    state, _ = await run(linux, shell("echo x > /data/x", volumes=(VOLUME,)))
    assert state.exit_code == 0
