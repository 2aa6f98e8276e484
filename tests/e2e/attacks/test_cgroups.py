"""Attacks on cgroups: a container sees only its own, cannot raise its limits, and cannot prevent being stopped."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.attacks.programs.cgroups import BOUND, VICTIM
from tests.e2e.attacks.rig import PLAIN_USER, ROOT, MoyaiRig, command
from tests.e2e.leftovers import Leftovers, hierarchies
from tests.e2e.stack import processes, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture
def victim(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine in groups of its own, outside of every task."""
    groups = [top / f"{VICTIM}-{tmp_path.name}" for top in hierarchies()]
    with subprocess.Popen(["sleep", "infinity"]) as process:
        try:
            for group in groups:
                group.mkdir()
                for name in ("cpuset.cpus", "cpuset.mems"):
                    if (group / name).exists():
                        (group / name).write_text((group.parent / name).read_text())
                (group / "cgroup.procs").write_text(str(process.pid))
            yield process
        finally:
            process.kill()
            for group in groups:
                if (group / "freezer.state").exists():
                    (group / "freezer.state").write_text("THAWED")
            process.wait()
            for group in groups:
                eventually(partial(_remove, group), f"{group} is empty")


def _remove(group: Path) -> bool:
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


@pytest.mark.parametrize("user", [ROOT, PLAIN_USER])
@pytest.mark.parametrize("added", [(), ("SYS_ADMIN",), ("SYS_ADMIN", "DAC_READ_SEARCH")])
def test_a_container_reaches_no_foreign_cgroup(rig, victim, added, user):
    arn = rig.start(command("cgroups"), capabilities=added, user=user, memory=BOUND)
    assert {name: attempt.detail for name, attempt in rig.attempts_of(arn).items() if not attempt.refused} == {}
    assert victim.poll() is None
    state = Path(f"/proc/{victim.pid}/status").read_text()
    assert "State:\tS" in state, state


def test_every_process_of_a_task_is_in_its_own_group_of_every_hierarchy(rig):
    check = {"command": ["CMD", "sleep", "86399"], "interval": 5, "timeout": 60}
    arn = rig.start(["sleep", "31536000"], healthCheck=check)
    rig.cluster.until(arn, "RUNNING")
    (main,) = eventually(lambda: list(processes(arn, "sleep 31536000")), "the application runs")
    (probe,) = eventually(lambda: list(processes(arn, "sleep 86399")), "the health check runs")
    groups = [Path(f"/proc/{pid}/cgroup").read_text() for pid in (main, probe)]
    for line in "".join(groups).splitlines():
        assert f"/{task_id(arn)}/main/" in line, groups
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)


_FREEZE = {
    "v1": "mount -t cgroup -o freezer x /tmp; f=/tmp/ice/freezer.state; s=FROZEN",
    "v2": "mount -t cgroup2 x /tmp; f=/tmp/ice/cgroup.freeze; s=1",
}
_REFREEZE = """
    mkdir /tmp/ice; echo freezing
    (while :; do echo $s > $f; done) &
    echo 0 > /tmp/ice/cgroup.procs; exec sleep infinity
"""


def _frozen(rig: MoyaiRig, version: str) -> str:
    """Start a task that freezes its first process, with another process that freezes it again after every thaw."""
    if rig.has_user_namespace:
        pytest.skip("SYS_ADMIN in a user namespace does not mount cgroups, as the other tests show")
    if version == "v1" and "freezer" not in Path("/proc/self/cgroup").read_text():
        pytest.skip("this machine has no freezer of version 1")
    line = f"{_FREEZE[version]}; {_REFREEZE}"
    arn = rig.start(["sh", "-c", line], capabilities=["SYS_ADMIN"])
    eventually(lambda: "freezing" in rig.cluster.output_lines(arn), "the task freezes itself")
    return arn


@pytest.mark.parametrize("version", sorted(_FREEZE))
def test_a_task_that_froze_itself_is_stopped(rig, version):
    arn = _frozen(rig, version)
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)
    assert rig.cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 137


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.heavy), True])
def test_down_ends_a_task_that_froze_itself(make_installation, tmp_path, killed):
    installation = make_installation(*MoyaiRig.OPTIONS)
    installation.up()
    rig = MoyaiRig(installation, tmp_path / "image", has_user_namespace=False)
    for version in _FREEZE:
        _frozen(rig, version)
    if killed:
        installation.kill()
    installation.down()
    left = Leftovers.of(installation.state)
    assert [*left.processes(), *left.groups(), *left.mounts()] == []
