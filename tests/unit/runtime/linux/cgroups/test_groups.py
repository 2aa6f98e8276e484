"""Control groups in simulated trees of version 1, version 2 and both."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import MemoryLimits
from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.cgroups import cgroupfs
from moyai.runtime.linux.cgroups.cgroupfs import INIT, make_group, processes_to_move
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.hierarchies import Hierarchy
from moyai.runtime.linux.cgroups.limits import MEBIBYTE, GroupLimits

BOUNDING = ("cpu", "cpuacct", "memory", "pids", "blkio")
OTHERS = ("cpuset", "devices", "freezer", "net_cls", "name=systemd")
LEVELS = ("moyai", "moyai/here", "moyai/here/task", "moyai/here/task/app")
KERNEL_FILES = {"cpuset.cpus": "", "cpuset.mems": "", "memory.use_hierarchy": "1"}


def v1_hierarchy(root: Path, name: str) -> Hierarchy:
    """A simulated hierarchy of version 1, with the groups and the files that the kernel would make."""
    controllers = frozenset() if "=" in name else frozenset({name})
    for level in ("", *LEVELS, f"{LEVELS[-1]}/payload"):
        (root / name / level).mkdir(exist_ok=True, parents=True)
        for file, text in KERNEL_FILES.items():
            if file.partition(".")[0] == name:
                (root / name / level / file).write_text(text)
    (root / name / "cgroup.procs").write_text("")
    return Hierarchy(root / name, controllers)


def v2_hierarchy(root: Path, *controllers: str) -> Hierarchy:
    """A simulated hierarchy of version 2, with the files that the kernel would make."""
    for level in ("", *LEVELS):
        (root / "unified" / level).mkdir(exist_ok=True, parents=True)
        (root / "unified" / level / "cgroup.subtree_control").write_text("")
    (root / "unified/cgroup.procs").write_text("")
    return Hierarchy(root / "unified", frozenset(controllers), is_v2=True)


def cgroups(*hierarchies: Hierarchy) -> Cgroups:
    return Cgroups("here", lambda: hierarchies)


@pytest.fixture
def v1(tmp_path):
    return tuple(v1_hierarchy(tmp_path, name) for name in (*BOUNDING, *OTHERS))


@pytest.fixture
def v2(tmp_path):
    return v2_hierarchy(tmp_path, "cpu", "cpuset", "io", "memory", "pids", "rdma")


def test_a_container_of_v1_has_a_group_in_every_hierarchy(v1, tmp_path):
    membership = cgroups(*v1).create_for_container("task/app", GroupLimits())
    expected = tuple(str(tmp_path / name / LEVELS[-1] / "payload/tasks") for name in (*BOUNDING, *OTHERS))
    assert membership.processes == expected
    assert membership.oom_events == str(tmp_path / "memory" / LEVELS[-1] / "payload/memory.oom_control")
    shown = ((str(tmp_path / name / LEVELS[-1]), name.removeprefix("name=")) for name in (*BOUNDING, *OTHERS))
    assert membership.shown == tuple(shown)


def test_a_container_of_a_hybrid_machine_has_a_group_in_both_versions(v1, tmp_path):
    membership = cgroups(*v1, v2_hierarchy(tmp_path, "hugetlb")).create_for_container(
        "task/app", GroupLimits(memory=MemoryLimits(64))
    )
    assert membership.processes[-1] == str(tmp_path / "unified" / LEVELS[-1] / "payload/cgroup.procs")
    assert len(membership.processes) == len(BOUNDING) + len(OTHERS) + 1
    assert [name for _, name in membership.shown] == [*BOUNDING, *OTHERS[:-1], "systemd"]
    assert (tmp_path / "unified" / LEVELS[-1] / "payload").is_dir()
    assert (tmp_path / "unified" / "cgroup.subtree_control").read_text() == ""


def test_v1_limits_are_above_the_cgroup_namespace(v1, tmp_path):
    bounds = GroupLimits(cpu_units=2048, memory=MemoryLimits(64, swap=0), share=256)
    cgroups(*v1).create_for_container("task/app", bounds)
    cpu, memory = tmp_path / "cpu" / LEVELS[-1], tmp_path / "memory" / LEVELS[-1]
    assert (cpu / "cpu.cfs_quota_us").read_text() == "200000"
    assert (cpu / "cpu.shares").read_text() == "256"
    assert (memory / "memory.limit_in_bytes").read_text() == str(64 * MEBIBYTE)
    for payload in tmp_path.rglob("payload"):
        assert {path.name for path in payload.iterdir()} <= KERNEL_FILES.keys() | {"cgroup.clone_children"}


def test_a_cpuset_that_its_maker_left_empty_or_half_filled_is_filled(v1, tmp_path):
    root = tmp_path / "cpuset"
    (root / "cpuset.cpus").write_text("0-1\n")
    (root / "cpuset.mems").write_text("0\n")
    (root / LEVELS[0] / "cpuset.cpus").write_text("0-1\n")
    cgroups(*v1).create_for_container("task/app", GroupLimits())
    for level in (*LEVELS, f"{LEVELS[-1]}/payload"):
        cpuset = [(root / level / name).read_text().strip() for name in ("cpuset.cpus", "cpuset.mems")]
        assert cpuset == ["0-1", "0"], level


@pytest.mark.parametrize("error", [errno.ENOENT, errno.ENODEV])
def test_a_group_that_another_installation_removes_is_made_again(tmp_path, monkeypatch, error):
    fill, removals = cgroupfs._fill_cpuset, iter((tmp_path / "moyai",))

    def fill_after_removal(root: Path, group: Path) -> None:
        for removed in removals:
            removed.rmdir()
            raise OSError(error, os.strerror(error))
        fill(root, group)

    monkeypatch.setattr(cgroupfs, "_fill_cpuset", fill_after_removal)
    monkeypatch.setattr(cgroupfs, "_read", lambda _file: "0")
    make_group(Hierarchy(tmp_path, frozenset({"cpuset"})), tmp_path / "moyai/here")
    assert (tmp_path / "moyai/here").is_dir()


def test_a_group_that_cannot_be_made_is_not_tried_for_ever(tmp_path):
    with pytest.raises(FileNotFoundError):
        make_group(Hierarchy(tmp_path, frozenset({"cpuset"})), tmp_path / "moyai")


def test_v2_delegates_controllers_and_sets_limits_above_the_cgroup_namespace(v2, tmp_path):
    group = tmp_path / "unified" / LEVELS[-1]
    (group / "memory.swap.max").touch()
    membership = cgroups(v2).create_for_container("task/app", GroupLimits(cpu_units=512, memory=MemoryLimits(256)))
    for level in ("", *LEVELS[:-1]):
        handed = (tmp_path / "unified" / level / "cgroup.subtree_control").read_text()
        assert handed == ("+cpu +io +memory +pids" if level == LEVELS[-2] else ""), level
    assert (group / "cgroup.subtree_control").read_text() == ""
    assert (group / "cpu.max").read_text() == "50000 100000"
    assert (group / "memory.max").read_text() == str(256 * MEBIBYTE)
    assert (group / "memory.swap.max").read_text() == "0"
    assert list((group / "payload").iterdir()) == []
    assert membership.processes == (str(group / "payload/cgroup.procs"),)
    assert membership.oom_events == str(group / "memory.events")
    assert membership.shown == ((str(group), ""),)


def test_only_the_root_of_the_machine_delegates_beside_processes(tmp_path):
    machine, container, empty = (tmp_path / name for name in ("machine", "container", "empty"))
    for group, processes in ((machine, "1\n2\n"), (container, "1\n7\n"), (empty, "")):
        group.mkdir()
        (group / "cgroup.procs").write_text(processes)
    for group in (container, empty):
        (group / "cgroup.type").write_text("domain\n")
    assert processes_to_move(machine) == processes_to_move(empty) == ()
    assert processes_to_move(container) == ("1", "7")


def test_a_containers_root_that_delegates_already_keeps_its_processes(v2, tmp_path):
    root = tmp_path / "unified"
    (root / "cgroup.type").write_text("domain\n")
    (root / "cgroup.procs").write_text("1\n")
    (root / "cgroup.subtree_control").write_text("cpu memory")
    make_group(v2, root / "moyai", ("cpu", "memory"))
    assert not (root / INIT).exists()


def test_processes_that_stay_in_a_containers_root_are_reported(v2, tmp_path):
    root = tmp_path / "unified"
    (root / "cgroup.type").write_text("domain\n")
    (root / "cgroup.procs").write_text("7\n")
    with pytest.raises(CannotCreate, match="can't be moved, so it can't hand down cpu"):
        make_group(v2, root / "other/group", ("cpu",))
    assert (root / INIT / "cgroup.procs").read_text() == "7"
    assert (root / "cgroup.subtree_control").read_text() == ""


def test_each_controller_is_limited_in_the_version_that_has_it(tmp_path):
    mixed = (v1_hierarchy(tmp_path, "memory"), v2_hierarchy(tmp_path, "cpu", "pids"))
    cgroups(*mixed).create("task", GroupLimits(cpu_units=1024, memory=MemoryLimits(32)))
    assert (tmp_path / "memory/moyai/here/task/memory.limit_in_bytes").read_text() == str(32 * MEBIBYTE)
    assert (tmp_path / "unified/moyai/here/task/cpu.max").read_text() == "100000 100000"


def test_unlimited_groups_write_no_limits(v1, tmp_path):
    cgroups(*v1).create("task", GroupLimits())
    written = {path.name for path in tmp_path.glob("*/moyai/here/task/*") if path.is_file()}
    assert written - KERNEL_FILES.keys() == {"pids.max", "cgroup.clone_children"}


@pytest.mark.parametrize(("share", "weight"), [(2, 1), (1024, 39), (262_144, 10_000)])
def test_a_share_becomes_a_weight(v2, tmp_path, share, weight):
    cgroups(v2).create("task", GroupLimits(share=share))
    assert (tmp_path / "unified/moyai/here/task/cpu.weight").read_text() == str(weight)


@pytest.mark.parametrize(("is_v2", "file", "part"), [(False, "cpu.shares", 1024), (True, "cpu.weight", 100)])
def test_an_installation_beside_processes_counts_as_one_for_each_processor(tmp_path, is_v2, file, part):
    for level in ("", "moyai", "moyai/other", "moyai/here"):
        (tmp_path / level).mkdir(exist_ok=True)
        (tmp_path / level / "cgroup.subtree_control").write_text("cpu")
    (tmp_path / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    groups = cgroups(Hierarchy(tmp_path, frozenset({"cpu"}), is_v2=is_v2))
    groups.create("task", GroupLimits())
    parts = [int((tmp_path / level / file).read_text()) for level in ("moyai", "moyai/here", "moyai/other")]
    assert parts == [2 * part * os.cpu_count(), part * os.cpu_count(), part * os.cpu_count()]


def test_an_installation_beside_groups_has_the_kernels_part(tmp_path):
    (tmp_path / "cgroup.procs").write_text("1\n")
    cgroups(Hierarchy(tmp_path, frozenset({"cpu"}))).create("", GroupLimits())
    assert not (tmp_path / "moyai/cpu.shares").exists()


def test_swap_is_limited_with_the_memory(v1, tmp_path):
    group = tmp_path / "memory" / LEVELS[-1]
    for name in ("memory.memsw.limit_in_bytes", "memory.swappiness"):
        (group / name).touch()
    cgroups(*v1).create_for_container("task/app", GroupLimits(memory=MemoryLimits(64, swap=16)))
    assert (group / "memory.memsw.limit_in_bytes").read_text() == str(80 * MEBIBYTE)
    assert (group / "memory.swappiness").read_text() == "60"
    cgroups(*v1).create_for_container("task/app", GroupLimits(memory=MemoryLimits(64, swap=0)))
    assert (group / "memory.memsw.limit_in_bytes").read_text() == str(64 * MEBIBYTE)
    assert (group / "memory.swappiness").read_text() == "0"


def test_max_swap_is_refused_where_swap_is_not_counted(v1, v2, tmp_path):
    for hierarchies in (v1, (v2,), ()):
        with pytest.raises(CannotCreate, match="maxSwap is not available"):
            cgroups(*hierarchies).create("task", GroupLimits(memory=MemoryLimits(64, swap=16)))
    with pytest.raises(CannotCreate, match="swappiness is not available"):
        cgroups(v2).create("task", GroupLimits(memory=MemoryLimits(64, swappiness=10)))


def test_usage_of_v2(v2, tmp_path):
    group = tmp_path / "unified" / LEVELS[-1]
    (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (group / "memory.current").write_text("4096\n")
    (group / "memory.max").write_text("max\n")
    (group / "io.stat").write_text("8:0 rbytes=5 wbytes=7 rios=1 wios=1\n8:16 rbytes=1 wbytes=0\n")
    used = cgroups(v2).usage("task/app")
    assert used is not None
    assert (used.cpu_seconds, used.memory_bytes, used.memory_limit_bytes) == (1.5, 4096, 0)
    assert (used.read_bytes, used.written_bytes) == (6, 7)


def test_usage_of_v1_recognizes_unlimited_memory(v1, tmp_path):
    (tmp_path / "cpuacct" / LEVELS[-1] / "cpuacct.usage").write_text("2000000000")
    (tmp_path / "memory" / LEVELS[-1] / "memory.usage_in_bytes").write_text("8192")
    (tmp_path / "memory" / LEVELS[-1] / "memory.limit_in_bytes").write_text("9223372036854771712")
    counted = "8:0 Read 5\n8:0 Write 7\n8:0 Total 12\nTotal 12\n"
    (tmp_path / "blkio" / LEVELS[-1] / "blkio.throttle.io_service_bytes_recursive").write_text(counted)
    used = cgroups(*v1).usage("task/app")
    assert used is not None
    assert (used.cpu_seconds, used.memory_bytes, used.memory_limit_bytes) == (2.0, 8192, 0)
    assert (used.read_bytes, used.written_bytes) == (5, 7)


def test_a_process_is_found_in_any_group_below(v1, tmp_path):
    below = tmp_path / "cpu" / LEVELS[-1] / "payload/own"
    below.mkdir()
    (below / "cgroup.procs").write_text("17\n")
    assert cgroups(*v1).any_process("task/app") == 17
    assert cgroups(*v1).any_process("task/other") is None


def test_groups_are_removed_in_every_hierarchy(tmp_path):
    hierarchies = [Hierarchy(tmp_path / name) for name in ("one", "other")]
    for hierarchy in hierarchies:
        hierarchy.root.mkdir()
    groups = cgroups(*hierarchies)
    groups.create_for_container("task/app", GroupLimits())
    groups.create_for_container("~gateway", GroupLimits())
    assert groups.tasks() == {"task"}
    assert groups.exists("task/app")
    groups.remove("task")
    assert groups.tasks() == frozenset()
    groups.destroy()
    assert list(tmp_path.glob("*/*")) == []


def test_missing_controllers_limit_nothing():
    bare = cgroups()
    bare.create("task", GroupLimits(cpu_units=1024, memory=MemoryLimits(64)))
    assert bare.create_for_container("task/app", GroupLimits()).processes == ()
    assert bare.usage("task") is None
    bare.destroy()
