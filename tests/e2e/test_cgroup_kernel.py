"""Control groups on this machine's kernel."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from moyai.runtime.linux.cgroups.cgroupfs import INIT, make_group
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.hierarchies import Hierarchies, Hierarchy
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.shim import cgroup_processes
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture
def hierarchies(tmp_path) -> Iterator[Hierarchies]:
    """The cgroup hierarchies of this machine."""
    found_hierarchies = Hierarchies(tmp_path / "mounted")
    yield found_hierarchies
    found_hierarchies.unmount()


@pytest.fixture
def box(hierarchies, tmp_path) -> Iterator[Hierarchy]:
    """Version 2 as a container's processes see it: a root with controllers, in which they all are."""
    machine = next(hierarchy for hierarchy in hierarchies.available() if hierarchy.is_v2)
    if not machine.controllers:
        pytest.skip("version 2 has no controllers on this machine")
    before = (machine.root / "cgroup.subtree_control").read_text().split()
    root = machine.root / f"moyai-test-{tmp_path.name}"
    make_group(machine, root, machine.controllers)
    try:
        yield machine._replace(root=root)
    finally:
        assert cgroup_processes.remove([str(root)]) == []
        added = sorted(machine.controllers - set(before))
        with contextlib.suppress(OSError):  # somebody else uses it by now
            (machine.root / "cgroup.subtree_control").write_text(" ".join(f"-{name}" for name in added))


def test_processes_in_a_containers_root_cgroup_move_before_child_cgroups_are_created(box):
    with subprocess.Popen(["sleep", "infinity"]) as first, subprocess.Popen(["sleep", "infinity"]) as other:
        for process in (first, other):
            (box.root / "cgroup.procs").write_text(str(process.pid))
        cgroup = box.root / "moyai/here/task/app"
        make_group(box, cgroup, sorted(box.controllers))
        assert set((cgroup / "cgroup.controllers").read_text().split()) == box.controllers
        assert cgroup_processes.members(str(box.root)) == []
        assert set(cgroup_processes.members(str(box.root / INIT))) == {first.pid, other.pid}
        make_group(box, cgroup.parent / "other", sorted(box.controllers))
        for process in (first, other):
            process.kill()


def test_cgroups_of_every_hierarchy_accept_a_process_and_are_removed(hierarchies, tmp_path):
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    membership = cgroups.create_for_container("task/app", GroupLimits(cpu_units=512, share=128))
    joining = "for file; do echo 0 > $file; done; exec sleep infinity"
    with subprocess.Popen(["sh", "-c", joining, "sh", *membership.processes]) as process:
        file = Path(f"/proc/{process.pid}/cgroup")
        eventually(lambda: all(line.endswith("/task/app/payload") for line in file.read_text().splitlines()))
        assert len(file.read_text().splitlines()) == len(hierarchies.available())
        assert cgroups.any_process("task/app") == process.pid
        assert cgroups.usage("task/app") is not None
        cgroups.remove("task")
        assert process.wait() == -9
    cgroups.destroy()
    assert not cgroups.exists("")


def test_installations_come_and_go_at_the_same_time(hierarchies, tmp_path):
    def come_and_go(number: int) -> None:
        cgroups = Cgroups(f"test-{tmp_path.name}-{number}", hierarchies.available)
        for _ in range(20):
            membership = cgroups.create_for_container("task/app", GroupLimits())
            joining = "for file; do echo 0 > $file || exit; done"
            subprocess.run(["sh", "-c", joining, "sh", *membership.processes], check=True)
            cgroups.destroy()

    with ThreadPoolExecutor(4) as installations:
        list(installations.map(come_and_go, range(4)))


def test_frozen_processes_in_nested_groups_are_killed(hierarchies, tmp_path):
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    cgroups.create_for_container("task/app", GroupLimits())
    frozen = []
    for hierarchy in hierarchies.available():
        name, text = ("cgroup.freeze", "1") if hierarchy.is_v2 else ("freezer.state", "FROZEN")
        top = hierarchy.root / f"moyai/test-{tmp_path.name}/task/app/payload"
        if not (top / name).exists():
            continue
        below = top / "a/b"
        below.mkdir(parents=True)
        process = subprocess.Popen(["sleep", "infinity"])
        (below / "cgroup.procs").write_text(str(process.pid))
        for level in (below, below.parent):
            (level / name).write_text(text)
        frozen.append(process)
    assert frozen
    cgroups.destroy()
    assert [process.wait() for process in frozen] == [-9] * len(frozen)


_FORK_BEFORE_AND_AFTER_A_KILL = """
import os, signal, sys
from moyai.runtime.linux.shim import cgroup_processes, syscalls

def fork():
    return syscalls.fork_into_group(os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY))

first = fork()
if not first:
    signal.pause()
cgroup_processes.kill([sys.argv[1]])
print(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
second = fork()
if not second:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]))
"""


def test_a_process_starts_in_a_group_whose_processes_were_killed(hierarchies, tmp_path):
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    cgroups.create_for_container("task/app", GroupLimits())
    machine = next(hierarchy for hierarchy in hierarchies.available() if hierarchy.is_v2)
    group = machine.root / f"moyai/test-{tmp_path.name}/task/app/payload"
    words = [sys.executable, "-c", _FORK_BEFORE_AND_AFTER_A_KILL, str(group)]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    cgroups.destroy()
    assert printed.split() == ["-9", "7"]


_FORK_WITHOUT_END = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for name in sys.argv[1:]:
    with open(name, "w") as file:
        file.write("0")
while True:
    try:
        os.fork()
    except OSError:
        pass
"""


def test_processes_that_fork_without_end_are_killed_in_a_group_that_stays(hierarchies, tmp_path):
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    membership = cgroups.create_for_container("task/app", GroupLimits())
    for hierarchy in hierarchies.available():
        if "pids" in hierarchy.controllers:
            (hierarchy.root / f"moyai/test-{tmp_path.name}/task/app/pids.max").write_text("100")
    groups = [file.rpartition("/")[0] for file in membership.processes]
    with subprocess.Popen([sys.executable, "-c", _FORK_WITHOUT_END, *membership.processes]) as process:
        try:
            eventually(lambda: len(cgroup_processes.members_below(groups)) > 50, "they fork")
            assert cgroup_processes.kill_all(groups) == []
            assert process.wait() == -9
        finally:
            cgroups.destroy()


_REPLACE_WHO_ENDS = """
import os, signal, sys
top, below = sys.argv[1:]

def join(group):
    with open(group + "/cgroup.procs", "w") as file:
        file.write("0")

join(below)
while True:
    if not os.fork():
        join(top)
        print("joined", flush=True)
        signal.pause()
    os.wait()
"""


def test_nothing_in_a_group_runs_while_its_processes_are_killed(hierarchies, tmp_path):
    """A process that is killed first has a parent that is killed last, and would start another one in between."""
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    cgroups.create_for_container("task/app", GroupLimits())
    machine = next(hierarchy for hierarchy in hierarchies.available() if hierarchy.is_v2)
    top = machine.root / f"moyai/test-{tmp_path.name}/task/app/payload"
    if not (top / "cgroup.freeze").exists():
        pytest.skip("this kernel can't freeze groups of version 2")
    for number in range(300):
        (top / f"empty-{number}").mkdir()
    *_, (last, _, _) = os.walk(top)
    words = [sys.executable, "-c", _REPLACE_WHO_ENDS, str(top), last]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "joined\n"
            cgroup_processes.kill([str(top)])
            assert process.wait() == -9
            eventually(lambda: not cgroup_processes.members_below([str(top)]), "nobody is left after one pass")
        finally:
            cgroups.destroy()


_FORK = """
import os, sys
from moyai.runtime.linux.shim import syscalls

child = syscalls.fork_into_group(os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY))
if not child:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_container_starts_in_groups_that_were_left_frozen_and_killed(hierarchies, tmp_path):
    cgroups = Cgroups(f"test-{tmp_path.name}", hierarchies.available)
    cgroups.create_for_container("task/app", GroupLimits())
    machine = next(hierarchy for hierarchy in hierarchies.available() if hierarchy.is_v2)
    group = machine.root / f"moyai/test-{tmp_path.name}/task/app/payload"
    for name in ("cgroup.freeze", "cgroup.kill"):
        if (group / name).exists():
            (group / name).write_text("1")
    cgroups.create_for_container("task/app", GroupLimits())
    words = [sys.executable, "-c", _FORK, str(group)]
    try:
        assert subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout == "7\n"
    finally:
        cgroups.destroy()


_WITHOUT_MOUNTS = """
import sys
from pathlib import Path
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.hierarchies import Hierarchies
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.mounts import parse
from moyai.runtime.linux.shim import syscalls

def mounted():
    text = Path("/proc/self/mountinfo").read_text()
    return [mount.point for mount in parse(text) if mount.file_system in ("cgroup", "cgroup2")]

syscalls.unshare(syscalls.CLONE_NEWNS)
syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
for point in mounted():
    syscalls.umount(point)
hierarchies = Hierarchies(Path(sys.argv[1]))
cgroups = Cgroups(sys.argv[2], hierarchies.available)
print(*cgroups.create_for_container("task/app", GroupLimits()).processes)
cgroups.destroy()
hierarchies.unmount()
print(*mounted(), *Path(sys.argv[1]).parent.iterdir())
"""


def test_unmounted_hierarchies_are_mounted_privately(tmp_path):
    there = tmp_path / "state/mounted"
    words = [sys.executable, "-c", _WITHOUT_MOUNTS, str(there), f"test-{tmp_path.name}"]
    files, mounts = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    splitlines = Path("/proc/self/cgroup").read_text().splitlines()
    names = {line.split(":")[1] or "unified" for line in splitlines}
    group = f"moyai/test-{tmp_path.name}/task/app/payload"
    found = {Path(file).relative_to(there).parts[0]: Path(file).parent for file in files.split()}
    assert found == {name: there / name / group for name in names}
    assert mounts == ""
