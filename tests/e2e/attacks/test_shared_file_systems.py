"""Attacks of a task on others that share a file system with it, by what it writes there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import NoNetwork
from moyai.images.imports.importing import import_image
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, RuntimeFault, SandboxFailed
from tests.contract.runtime.adapters import OTHER, LinuxAdapter, sandbox
from tests.e2e.linux_tasks import end_of, wait_for_output
from tests.e2e.test_file_systems import ACCESS_POINT, ID, IMAGE, PLAIN, line, lines_of, prepare

THIRD = TaskId("0" * 31 + "3")
pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture
async def two_tasks(linux: LinuxAdapter, small_root: Path) -> LinuxAdapter:
    """The victim's task, which uses an access point, and the attacker's (OTHER), which has the whole file system."""
    import_image(linux.runtime.images, IMAGE, small_root)
    await prepare(linux, ACCESS_POINT)
    await prepare(linux, PLAIN, OTHER)
    return linux


async def test_a_root_directory_that_becomes_a_link_leads_nowhere(two_tasks):
    await lines_of(two_tasks, line("cd /data/web; mv data old; ln -s /etc data", task=OTHER))
    assert (two_tasks.state / "efs" / ID / "web/data/passwd").exists(), "who follows the link is in the machine's files"
    with pytest.raises(CannotCreate, match="Too many levels of symbolic links"):
        await two_tasks.runtime.start(line("ls /data"))
    await lines_of(two_tasks, line("cd /data/web; rm data; mv old data", "back", OTHER))
    assert await lines_of(two_tasks, line("ls /data", "later")) == []


async def test_links_in_a_file_system_lead_to_the_tasks_own_files(two_tasks):
    await lines_of(two_tasks, line("ln -s / /data/web/data/top; ln -s /proc/1/root /data/web/data/init", task=OTHER))
    assert await lines_of(two_tasks, line("ls -d /data/top/srv/owned /data/init/srv/owned")) == [
        "/data/init/srv/owned",
        "/data/top/srv/owned",
    ]


async def test_a_root_directory_that_keeps_changing_is_never_another(two_tasks):
    """The attacker exchanges it with a link, over and over, while the victim mounts it."""
    swap = (
        "import os; os.chdir('/data'); os.symlink('/etc', 'link'); os.makedirs('other/data'); swaps = 0\n"
        "print('swapping', flush=True)\n"
        "while not os.path.exists('stop'):\n"
        "  for name in ('link', 'other'):\n"
        "    os.rename('web', 'old'); os.rename(name, 'web'); os.rename('web', name); os.rename('old', 'web')\n"
        "    swaps += 1\n"
        "print(swaps > 100)"
    )
    (two_tasks.state / "efs" / ID / "web/data/own").touch()
    await two_tasks.runtime.start(replace(line("", "swaps", OTHER), command=("python3", "-c", swap)))
    await wait_for_output(two_tasks, "swapping", OTHER, "swaps")
    seen: set[str] = set()
    for number in range(12):
        try:
            seen |= set(await lines_of(two_tasks, line("ls -A /data", f"try-{number}")))
        except RuntimeFault:
            continue
    (two_tasks.state / "efs" / ID / "stop").touch()
    _, lines = await end_of(two_tasks, OTHER, "swaps")
    assert lines == ["swapping", "True"]
    assert seen <= {"own"}


async def test_a_program_or_a_device_in_a_file_system_gives_no_rights(two_tasks):
    make = "cp /usr/bin/setuid-id /data/web/data; chmod 6755 /data/web/data/setuid-id; mknod /data/web/data/null c 1 3"
    printed = await lines_of(two_tasks, line(f"{make} || echo refused", task=OTHER))
    assert printed == ["refused"]
    device = two_tasks.state / "efs" / ID / "web/data/zero"
    make_device(device)
    words = "head -c 1 /data/zero || echo no device; /data/setuid-id -u"
    assert await lines_of(two_tasks, line(words, user="web")) == ["no device", "33"]
    device.unlink()


def make_device(path: Path) -> None:
    """As a task could if it had the right."""
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


async def test_a_fifo_in_place_of_the_root_directory_blocks_no_task(two_tasks):
    await lines_of(two_tasks, line("cd /data; rm -r web/data; mkfifo web/data", task=OTHER))
    with pytest.raises(CannotCreate, match="Not a directory"):
        await two_tasks.runtime.start(line("ls /data"))
    with pytest.raises(SandboxFailed, match="Not a directory"):
        await two_tasks.runtime.prepare(
            replace(sandbox(), task=THIRD, network=NoNetwork("task"), file_systems={"data": ACCESS_POINT})
        )
    assert await two_tasks.runtime.file_system_size(ID) is not None
