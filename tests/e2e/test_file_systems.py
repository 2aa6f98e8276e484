"""File systems that tasks share: owners inside and on the disk, access points, hostile content, and what remains."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import NoNetwork
from moyai.domain.sandbox.spec import ContainerSpec, DirectoryOwner, FileSystemMount, FileSystemUser, VolumeMount
from moyai.images.imports.importing import import_image
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, SandboxFailed
from moyai.runtime.linux.tasks import file_systems
from tests.contract.runtime.adapters import IMAGE as HOST_IMAGE
from tests.contract.runtime.adapters import OTHER, TASK, LinuxAdapter, sandbox
from tests.e2e.linux_tasks import run, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

IMAGE, ID = "example/small:1", "fs-0123456789abcdef0"
PLAIN = FileSystemMount(ID, f"{ID}.efs.us-east-1.amazonaws.com")
ACCESS_POINT = replace(
    PLAIN, directory="/web/data", owner=DirectoryOwner(1000, 1001, 0o750), user=FileSystemUser(1000, 1001, (44,))
)
MOUNT = VolumeMount("/data", "data")


@pytest.fixture
def small(linux: LinuxAdapter, small_root: Path) -> LinuxAdapter:
    """A runtime that has the image."""
    import_image(linux.runtime.images, IMAGE, small_root)
    return linux


async def prepare(adapter: LinuxAdapter, source: FileSystemMount, task: TaskId = TASK) -> None:
    """Make a sandbox without a network, whose volume ``data`` is the file system."""
    await adapter.runtime.prepare(
        replace(sandbox(), task=task, network=NoNetwork("task"), file_systems={"data": source})
    )


def line(words: str, name: str = "app", task: TaskId = TASK, **rest: object) -> ContainerSpec:
    """A container that runs a shell command with the volume at /data."""
    return shell(words, name, task, **{"image": IMAGE, "volumes": (MOUNT,)} | rest)


async def lines_of(adapter: LinuxAdapter, container: ContainerSpec) -> list[str]:
    """The output of a container that ends well."""
    state, lines = await run(adapter, container)
    assert state.exit_code == 0, lines
    return lines


def on_disk(adapter: LinuxAdapter, path: str = "") -> os.stat_result:
    """A file of the file system as this machine sees it."""
    return (adapter.state / "efs" / ID / path).lstat()


def owners(adapter: LinuxAdapter, path: str) -> tuple[int, int]:
    """Its uid and gid."""
    return on_disk(adapter, path).st_uid, on_disk(adapter, path).st_gid


async def test_tasks_share_a_file_system_with_the_ids_they_have_inside(small):
    await prepare(small, PLAIN)
    await prepare(small, PLAIN, OTHER)
    await lines_of(small, line("echo hello > /data/a; touch /data/b; chown 33:44 /data/b"))
    lines = await lines_of(small, line("cat /data/a; stat -c %u:%g /data /data/a /data/b", task=OTHER))
    assert lines == ["hello", "0:0", "0:0", "33:44"]
    assert (owners(small, "a"), owners(small, "b")) == ((0, 0), (33, 44))
    assert stat.S_IMODE(on_disk(small).st_mode) == 0o755
    refused = line("echo x > /data/c || echo refused", "web", OTHER, user="web")
    assert await lines_of(small, refused) == ["refused"], "its root directory is root's"


async def test_an_access_point_makes_its_root_directory_and_replaces_the_user(small):
    await prepare(small, ACCESS_POINT)
    await prepare(small, ACCESS_POINT, OTHER)
    words = "cd /data; id -u; echo x > a; mkdir d; ln -s a s; stat -c %u:%g . a d s; test -O a"
    assert await lines_of(small, line(words)) == ["0", "0:0", "0:0", "0:0", "0:0"]
    assert (stat.S_IMODE(on_disk(small, "web/data").st_mode), owners(small, "web/data")) == (0o750, (1000, 1001))
    assert {owners(small, f"web/data/{name}") for name in ("a", "d", "s")} == {(1000, 1001)}
    words = "cd /data; id -u; cat a; echo y >> a; touch b; stat -c %u:%g a b"
    assert await lines_of(small, line(words, task=OTHER, user="33:33")) == ["33", "x", "33:33", "33:33"]
    assert owners(small, "web/data/b") == (1000, 1001)
    same = line("stat -c %u:%g /data/a; id -G", "same", OTHER, user="1000:1001")
    assert await lines_of(small, same) == ["1000:1001", "1001 44"]


async def test_a_process_becomes_the_access_points_user(small):
    """As entry points of databases do that begin as root."""
    user = replace(ACCESS_POINT, user=FileSystemUser(33, 33), owner=DirectoryOwner(33, 33, 0o700))
    await prepare(small, user)
    words = "mkdir /data/db; chown web:web /data/db /data; su web -c 'echo x > /data/db/f; stat -c %u:%g /data/db/f'"
    assert await lines_of(small, line(words)) == ["33:33"]
    assert owners(small, "web/data/db/f") == (2**31 + 33, 2**31 + 33)
    assert await lines_of(small, line("cat /data/db/f; su web -c 'rm /data/db/f'", "again")) == ["x"]


async def test_an_access_point_gives_no_rights_to_files_of_others(small):
    await prepare(small, PLAIN)
    before = (
        "cd /data; mkdir -m 777 -p web/data; cd web/data; echo s > 0; chmod 600 0;",
        "echo p > 44; chown 0:44 44; chmod 640 44",
    )
    await lines_of(small, line(" ".join(before)))
    await prepare(small, replace(ACCESS_POINT, owner=None), OTHER)
    words = (
        "cd /data; stat -c %u:%g 0; cat 0 || echo unread; cat 44; chown 0:0 0 || echo unowned;",
        "chmod 777 0 || echo unchanged; echo x > own; chown 5:5 own || echo ungiven;",
        "su web -c 'touch other' || echo unmade",
    )
    lines = await lines_of(small, line(" ".join(words), task=OTHER))
    assert lines == ["65534:65534", "unread", "p", "unowned", "unchanged", "ungiven", "unmade"]
    assert (owners(small, "web/data/0"), stat.S_IMODE(on_disk(small, "web/data/0").st_mode)) == ((0, 0), 0o600)


async def test_an_access_point_replaces_the_user_of_a_container_on_the_machines_root(small):
    await prepare(small, ACCESS_POINT)
    assert await lines_of(small, line("touch /data/a; stat -c %u /data/a", image=HOST_IMAGE)) == ["0"]
    assert owners(small, "web/data/a") == (1000, 1001)


async def test_a_second_group_of_an_access_point_has_to_be_one_inside(small):
    await prepare(small, replace(ACCESS_POINT, user=FileSystemUser(1, 1, (70000,))))
    with pytest.raises(CannotCreate, match="SecondaryGids of an access point must be in range 0-65535: 70000"):
        await small.runtime.start(line("true"))
    await prepare(small, ACCESS_POINT, OTHER)
    with pytest.raises(CannotCreate, match="SecondaryGid 44 of an access point is also the container's own group"):
        await small.runtime.start(line("true", task=OTHER, user="33:44"))


async def test_a_read_only_mount_is_not_writable_and_has_no_privileged_programs(small):
    await prepare(small, PLAIN)
    await lines_of(small, line("cp /usr/bin/setuid-id /data/; chmod 4755 /data/setuid-id; ls /data"))
    mount = replace(MOUNT, read_only=True)
    words = "echo x > /data/a || echo refused; su web -c '/data/setuid-id -u'"
    assert await lines_of(small, line(words, "reader", volumes=(mount,))) == ["refused", "33"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (replace(PLAIN, directory="/missing"), "No such file or directory"),
        (replace(PLAIN, directory="/link"), "Too many levels of symbolic links"),
        (replace(PLAIN, directory="/link/etc"), "Too many levels of symbolic links"),
        (replace(PLAIN, directory="/file"), "Not a directory"),
        (replace(ACCESS_POINT, directory="/link/x"), "Too many levels of symbolic links"),
    ],
    ids=["missing", "a link", "below a link", "a file", "an access point below a link"],
)
async def test_a_root_directory_that_can_not_be_mounted_ends_the_task(small, source, reason):
    await prepare(small, PLAIN)
    await lines_of(small, line("ln -s / /data/link; touch /data/file"))
    with pytest.raises(SandboxFailed, match=reason) as caught:
        await prepare(small, source, OTHER)
    assert caught.value.reason == (
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4:"
        f" mounting {PLAIN.host_name}:{source.directory} failed, reason given by server: {reason}' : unsuccessful EFS"
        " utils command execution; code: 32"
    )
    assert sorted(path.name for path in (small.state / "efs" / ID).iterdir()) == ["file", "link"]


async def test_a_root_directory_that_was_removed_is_not_made_again(small):
    await prepare(small, ACCESS_POINT)
    (small.state / "efs" / ID / "web/data").rmdir()
    with pytest.raises(CannotCreate, match="No such file or directory"):
        await small.runtime.start(line("true"))
    assert list((small.state / "efs" / ID / "web").iterdir()) == []


async def test_content_outlives_tasks_and_control_planes(small):
    await prepare(small, PLAIN)
    await lines_of(small, line("head -c 300000 /dev/zero > /data/a; ln /data/a /data/b"))
    assert await small.runtime.file_system_size("fs-00000000") == 0
    size = await small.runtime.file_system_size(ID)
    assert size is not None
    assert 300_000 <= size < 400_000, "a hard link counts once"
    assert await small.runtime.remove_file_system(ID) is False, "a sandbox has it"
    await small.runtime.release(TASK)
    another = small.another_runtime()
    assert (await another.file_system_size(ID)) == size
    await another.close()
    await small.runtime.destroy()
    assert on_disk(small, "a").st_size == 300_000


async def test_a_file_system_is_removed_with_everything_in_it(small):
    await prepare(small, PLAIN)
    words = "cd /data; n=0; while [ $n -lt 1200 ]; do mkdir d; cd d; n=$((n+1)); done; ln -s / top; echo $n"
    assert await lines_of(small, line(f"{words}; mkdir /data/locked; chmod 0 /data/locked")) == ["1200"]
    await small.runtime.release(TASK)
    (small.state / "efs/new-abc").mkdir()
    assert await small.runtime.remove_file_system(ID) is True
    assert list((small.state / "efs").iterdir()) == []
    assert await small.runtime.remove_file_system(ID) is True, "again"


async def test_a_removal_that_is_cancelled_ends_at_once_and_is_continued_later(small, monkeypatch):
    await prepare(small, PLAIN)
    await lines_of(small, line("cd /data; for n in 1 2 3; do mkdir d$n; touch d$n/file; done"))
    await small.runtime.release(TASK)
    has_begun, is_cancelled = Event(), Event()
    unlink = os.unlink

    def unlink_slowly(path: str) -> None:
        unlink(path)
        has_begun.set()
        is_cancelled.wait()

    monkeypatch.setattr(os, "unlink", unlink_slowly)
    first, second = small.another_runtime(), small.another_runtime()
    removal = asyncio.create_task(first.remove_file_system(ID))
    await asyncio.to_thread(has_begun.wait)
    removal.cancel()
    await asyncio.wait({removal})
    is_cancelled.set()
    monkeypatch.undo()
    await first.close()
    left = [path for path in (small.state / "efs").rglob("*") if path.is_file()]
    assert len(left) == 2
    assert await second.remove_file_system(ID) is True
    assert list((small.state / "efs").iterdir()) == []
    await second.close()


async def test_counting_ends_when_it_is_cancelled(small, monkeypatch, tmp_path):
    await prepare(small, PLAIN)
    program, process_id = tmp_path / "du", tmp_path / "pid"
    program.write_text(
        f"#!/bin/sh\necho $$ >{process_id}.new && mv {process_id}.new {process_id}\nexec sleep infinity\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(file_systems, "_SEARCH_PATH", f"{tmp_path}:/usr/bin:/bin")
    count = asyncio.create_task(small.runtime.file_system_size(ID))
    await asyncio.to_thread(eventually, process_id.exists, "du runs")
    count.cancel()
    await asyncio.wait({count})
    with pytest.raises(ProcessLookupError):
        os.kill(int(process_id.read_text()), 0)


async def test_each_task_gets_what_its_own_mount_says(small):
    """A container keeps the mount with which its sandbox was made, whatever the volume is called elsewhere."""
    other = FileSystemMount("fs-11111111", "other")
    volumes: Mapping[str, FileSystemMount] = {"data": PLAIN, "more": other}
    await small.runtime.prepare(replace(sandbox(), network=NoNetwork("task"), file_systems=volumes))
    mounts = (MOUNT, VolumeMount("/data/in/more", "more"), VolumeMount("/own", "own"))
    await lines_of(small, line("touch /data/a /data/in/more/b /own/c", volumes=mounts))
    assert {path.name for path in (small.state / "efs" / ID).iterdir()} == {"a", "in"}
    assert [path.name for path in (small.state / "efs/fs-11111111").iterdir()] == ["b"]
