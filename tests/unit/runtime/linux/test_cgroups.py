"""Limits as files, on a made-up tree of either kind."""

from __future__ import annotations

import pytest

from moyai.domain.sandbox.spec import Memory
from moyai.runtime.linux.cgroups import MEBIBYTE, Bounds, Cgroups

V1 = ("cpu", "cpuacct", "memory", "pids")


@pytest.fixture
def unified(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids")
    for level in ("", "moyai", "moyai/here", "moyai/here/task"):
        (tmp_path / level).mkdir(exist_ok=True)
        (tmp_path / level / "cgroup.subtree_control").write_text("")
    return tmp_path


@pytest.fixture
def legacy(tmp_path):
    for name in V1:
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    return tmp_path


def test_v2_hands_controllers_down_and_sets_bounds(unified):
    group = unified / "moyai/here/task"
    (group / "memory.swap.max").touch()
    membership = Cgroups("here", unified).make("task", Bounds(cpu_units=512, memory=Memory(256)))
    assert (unified / "cgroup.subtree_control").read_text() == "+cpu +memory +pids +io"
    assert (unified / "moyai/here/cgroup.subtree_control").read_text() == "+cpu +memory +pids +io"
    assert (group / "cpu.max").read_text() == "50000 100000"
    assert (group / "memory.max").read_text() == str(256 * MEBIBYTE)
    assert (group / "memory.swap.max").read_text() == "0"
    assert membership.processes == (str(group / "cgroup.procs"),)
    assert membership.oom_events == str(group / "memory.events")


def test_v1_has_a_directory_for_each_controller(legacy):
    membership = Cgroups("here", legacy).make("task/app", Bounds(cpu_units=2048, memory=Memory(64), share=256))
    cpu, memory = legacy / "cpu/moyai/here/task/app", legacy / "memory/moyai/here/task/app"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "200000"
    assert (cpu / "cpu.shares").read_text() == "256"
    assert (memory / "memory.limit_in_bytes").read_text() == str(64 * MEBIBYTE)
    assert membership.processes == tuple(str(legacy / c / "moyai/here/task/app/cgroup.procs") for c in V1)
    assert membership.oom_events == str(memory / "memory.oom_control")


def test_no_bound_writes_no_bound(legacy):
    Cgroups("here", legacy).make("task", Bounds())
    written = {path.name for path in legacy.glob("*/moyai/here/task/*")}
    assert written == {"pids.max"}


@pytest.mark.parametrize(("share", "weight"), [(2, 1), (1024, 39), (262_144, 10_000)])
def test_a_share_becomes_a_weight(unified, share, weight):
    Cgroups("here", unified).make("task", Bounds(share=share))
    assert (unified / "moyai/here/task/cpu.weight").read_text() == str(weight)


def test_usage_of_v2(unified):
    group = unified / "moyai/here/task"
    (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (group / "memory.current").write_text("4096\n")
    (group / "memory.max").write_text("max\n")
    used = Cgroups("here", unified).usage("task")
    assert used is not None
    assert (used.cpu_seconds, used.memory_bytes, used.memory_limit_bytes) == (1.5, 4096, 0)


def test_usage_of_v1_knows_what_unlimited_looks_like(legacy):
    Cgroups("here", legacy).make("task", Bounds())
    (legacy / "cpuacct/moyai/here/task/cpuacct.usage").write_text("2000000000")
    (legacy / "memory/moyai/here/task/memory.usage_in_bytes").write_text("8192")
    (legacy / "memory/moyai/here/task/memory.limit_in_bytes").write_text("9223372036854771712")
    used = Cgroups("here", legacy).usage("task")
    assert used is not None
    assert (used.cpu_seconds, used.memory_bytes, used.memory_limit_bytes) == (2.0, 8192, 0)


def test_what_the_machine_does_not_have_is_missing_and_bounds_nothing(tmp_path):
    bare = Cgroups("here", tmp_path)
    assert bare.missing == V1
    assert bare.make("task", Bounds(cpu_units=1024, memory=Memory(64))).processes == ()
    assert bare.usage("task") is None
    bare.destroy()
