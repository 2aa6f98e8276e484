"""``moyai down`` reports success only if everything is stopped, and names what is left otherwise."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import GRACE, MOYAI
from tests.e2e.leftovers import Leftovers
from tests.e2e.stack import Cluster, processes, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

_FIFREEZE, _FITHAW = 0xC0045877, 0xC0045878  # linux/fs.h


@contextlib.contextmanager
def _frozen(directory: Path, state: Path) -> Iterator[None]:
    """Freeze the file system of this directory for the block: a process that writes sleeps, and SIGKILL does not wake
    it. It must not be the machine's own.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        device = os.fstat(fd).st_dev
        backing = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/loop/backing_file")
        if not backing.exists():
            pytest.skip("tasks have no disks of their own on this machine")
        assert backing.read_text().startswith(f"{state}/")
        fcntl.ioctl(fd, _FIFREEZE, 0)
        try:
            yield
        finally:
            fcntl.ioctl(fd, _FITHAW, 0)
    finally:
        os.close(fd)


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.heavy), True])
def test_down_names_the_processes_that_it_cannot_stop(make_installation, killed):
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "down")
    mounts = [{"sourceVolume": "data", "containerPath": "/data"}]
    writer = shell("while :; do echo x > /data/file; done", mountPoints=mounts)
    stuck = cluster.run(cluster.define("stuck", writer, volumes=[{"name": "data"}]))
    other = cluster.run(cluster.define("other", shell("sleep 31536000")))
    for arn in (stuck, other):
        cluster.until(arn, "RUNNING")
    (writing,) = processes(stuck, "echo x > /data/file")
    if killed:
        installation.kill()
    with _frozen(Path(f"/proc/{writing}/root/data"), installation.state):
        eventually(lambda: _state(writing) == "D", "it waits for its disk")
        words = [*MOYAI, "down", "--forget", "--state", str(installation.state)]
        down = subprocess.run(words, capture_output=True, text=True, check=False, timeout=4 * GRACE)
        assert (down.returncode, down.stdout) == (1, "")
        assert f"moyai: task {task_id(stuck)}: process {writing} (sh) did not end when it was killed" in down.stderr
        assert "uninterruptible sleep" in down.stderr
        assert len(down.stderr.splitlines()) == 1, down.stderr
        assert list(processes(other, "sleep 31536000")) == []
        assert installation.state.joinpath("moyai.db").exists()
    installation.down()
    leftovers = Leftovers.of(installation.state)
    assert [*leftovers.processes(), *leftovers.groups(), *leftovers.mounts(), *leftovers.disks()] == []


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
