"""A process that enters a container is forked into the container's control group of version 2, where it can be."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from moyai.runtime.linux.cgroups.hierarchies import Hierarchies
from moyai.runtime.linux.shim import entry, syscalls
from moyai.runtime.linux.shim.entry import EnteringChild, EnteringProcess

pytestmark = pytest.mark.root


@pytest.fixture
def group(tmp_path):
    """A control group of version 2."""
    hierarchies = Hierarchies(tmp_path)
    root = next(hierarchy.root for hierarchy in hierarchies.available() if hierarchy.is_v2)
    group = root / f"moyai-test-{uuid.uuid4().hex}"
    group.mkdir()
    yield group
    group.rmdir()
    hierarchies.unmount()


def said_by(process: EnteringProcess, words: Callable[[EnteringChild], str]) -> str:
    """What the forked process says, once it has ended."""
    if process.child is not None:
        try:
            os.write(process.child.failure, words(process.child).encode())
        finally:
            os._exit(0)
    text = process.wait_until_started(20)
    assert process.record_end(os.waitpid(process.pid, 0)[0])
    return text


def membership(_child: EnteringChild) -> str:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next(line for line in lines if line.startswith("0::"))


def test_a_process_is_in_the_group_from_the_start(group):
    files = (f"{group}/cgroup.procs",)
    assert said_by(EnteringProcess(files), membership).endswith(f"/{group.name}")
    assert said_by(EnteringProcess(files), lambda child: child.joined) == files[0]


def test_without_a_group_of_version_2_it_joins_later():
    assert said_by(EnteringProcess(("/sys/fs/cgroup/pids/tasks",)), lambda child: child.joined) == ""


def test_where_the_kernel_refuses_it_joins_later(group, monkeypatch):
    def refuse(_group: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(syscalls, "fork_into_group", refuse)
    process = entry.EnteringProcess((f"{group}/cgroup.procs",))
    assert not said_by(process, membership).endswith(f"/{group.name}")
