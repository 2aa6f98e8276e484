"""A process that enters a container is forked into the container's control group of version 2, where it can be."""

from __future__ import annotations

import errno
import marshal
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from moyai.runtime.linux.cgroups.hierarchies import Hierarchies
from moyai.runtime.linux.shim import entry, syscalls
from moyai.runtime.linux.shim.entry import EnteringChild, EnteringProcess
from moyai.runtime.linux.shim.exec_session import ExecRequest, ExecSession
from moyai.runtime.linux.shim.record import start_ticks

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


FIRST_OF_A_PID_NAMESPACE = """
import marshal, os, sys
from moyai.runtime.linux.shim.entry import EnteringProcess
from moyai.runtime.linux.shim.launch_config import unpack
from moyai.runtime.linux.shim.shared_namespaces import SharedNamespaces

namespaces = SharedNamespaces(unpack(marshal.dumps({"joins": ()})))
process = EnteringProcess((sys.argv[1],), namespaces.make_pid_namespace)
if process.child is not None:
    os.write(process.child.failure, f"{os.getpid()}{process.child.joined_file}".encode())
    os._exit(0)
print(process.wait_until_started(20), end="")
"""
"""A program of its own: a process whose children get another PID namespace can't start threads any more, and gRPC,
which other tests have loaded, starts some at each fork.
"""


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
    assert said_by(EnteringProcess(files), lambda child: child.joined_file) == files[0]


def test_without_a_group_of_version_2_it_joins_later():
    assert said_by(EnteringProcess(("/sys/fs/cgroup/pids/tasks",)), lambda child: child.joined_file) == ""


def test_where_the_kernel_refuses_it_joins_later(group, monkeypatch):
    def refuse(_group: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(syscalls, "fork_into_group", refuse)
    process = entry.EnteringProcess((f"{group}/cgroup.procs",))
    assert not said_by(process, membership).endswith(f"/{group.name}")


def test_the_first_process_of_a_pid_namespace_starts_though_the_kernel_refuses_its_group(tmp_path):
    """A directory that is no control group is refused after the kernel has given the process its number, as a full
    group is: the PID namespace can't get a process any more.
    """
    command = [sys.executable, "-c", FIRST_OF_A_PID_NAMESPACE, f"{tmp_path}/cgroup.procs"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1"


def test_a_fork_that_fails_leaves_no_descriptor_open(tmp_path):
    before = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(FileNotFoundError, match="removed"):
        EnteringProcess((f"{tmp_path}/removed/cgroup.procs",))
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_a_session_whose_group_cannot_be_made_says_which(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "order").write_bytes(
        marshal.dumps({"environment": {}, "user": "", "processes": (f"{tmp_path}/file/cgroup.procs",)})
    )
    fields = {"directory": str(tmp_path), "init": os.getpid(), "init_ticks": start_ticks(os.getpid())}
    command: dict[str, object] = {"arguments": (), "environment": {}, "user": None, "terminal": False}
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        helper = os.fork()  # it blocks signals
        if helper == 0:
            try:
                ExecSession(ExecRequest(fields | command), there).run()
            finally:
                os._exit(0)
        os.waitpid(helper, 0)
        there.close()
        assert here.recv(4096).decode().startswith(f"failed {os.strerror(errno.ENOTDIR)}: {tmp_path}/file/session-")
