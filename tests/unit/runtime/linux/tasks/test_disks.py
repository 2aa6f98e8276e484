"""Disks that stay mounted until the first container has started."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from moyai.kernel.ids import TaskId
from moyai.runtime.linux.tasks import disks
from tests.e2e.waiting import eventually

TASK = TaskId("0" * 32)

pytestmark = pytest.mark.root


@pytest.fixture
def directory(tmp_path):
    """The directory of a task with a disk of 1 GiB."""
    if (reason := disks.missing_requirement()) is not None:
        pytest.skip(reason)
    disks.create(tmp_path / "task", 1, tmp_path)
    yield tmp_path / "task"
    disks.detach(tmp_path / "task")


def is_mounted(directory: Path) -> bool:
    device = disks.device(directory)
    assert device is not None
    return Path("/sys/fs/ext4", device.name).exists()


@pytest.mark.parametrize("end", [lambda mounted: mounted.unmount(TASK), lambda mounted: mounted.close()])
def test_a_disk_is_mounted_until_it_is_left_to_its_containers(directory, end):
    mounted = disks.MountedDisks()
    mounted.mount(TASK, directory)
    mounted.mount(TASK, directory)
    assert is_mounted(directory)
    end(mounted)
    eventually(lambda: not is_mounted(directory))


def test_a_mount_that_ends_with_an_error_is_logged_and_its_successor_ends_too(directory, caplog):
    mounted, before = disks.MountedDisks(), set(Path("/proc/self/fd").iterdir())
    mounted.mount(TASK, directory)
    (root,) = (int(path.name) for path in set(Path("/proc/self/fd").iterdir()) - before if path.exists())
    with contextlib.ExitStack() as stack:
        while (filler := os.dup(root)) < root:  # so that the next mount has a greater number
            stack.callback(os.close, filler)
        os.close(filler)
        os.close(root)
        mounted.mount(TASK, directory)
    assert str(TASK) in caplog.text
    mounted.unmount(TASK)
    eventually(lambda: not is_mounted(directory))


def test_a_task_without_a_disk_has_nothing_to_mount(tmp_path):
    mounted = disks.MountedDisks()
    mounted.mount(TASK, tmp_path)
    mounted.unmount(TASK)
