"""Sandboxes of this machine: a directory, a group of limits and a network namespace for each.

A sandbox's specification is kept in its directory: what it was made from, and the names that it was told last.
Blocking; ``make`` runs on the network's thread.
"""

from __future__ import annotations

import shutil

import msgspec
from msgspec.structs import replace

from moyai.domain.sandbox.spec import HostName, Memory, SandboxSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, SandboxFailed
from moyai.runtime.linux import names, netns, network
from moyai.runtime.linux.cgroups import Bounds, Cgroups
from moyai.runtime.linux.layout import Layout

_GIBIBYTE = 1024**3


def make(layout: Layout, cgroups: Cgroups, spec: SandboxSpec) -> None:
    """Make a task's sandbox, if there is none. Raises SandboxFailed."""
    task = spec.task
    pin, router = layout.task_netns(task), layout.router_netns(spec.network.vpc)
    if layout.sandbox(task).exists() and netns.is_pinned(pin):
        return
    if spec.storage_gib * _GIBIBYTE > (free := shutil.disk_usage(layout.state).free):
        raise SandboxFailed(f"ephemeralStorage: {spec.storage_gib} GiB, and this machine has {free // _GIBIBYTE}")
    try:
        layout.containers(task).mkdir(parents=True, exist_ok=True)
        names.write(spec, layout.task(task))
        cgroups.make(task, Bounds(spec.cpu_units, Memory(spec.memory_mib)))
        network.prepare_router(router, spec.network.vpc_cidr)
        network.join(spec, router, pin)
        keep(layout, spec)
    except (OSError, CannotCreate) as error:
        raise SandboxFailed(f"the task's sandbox can't be made: {error}") from error


def name(layout: Layout, task: TaskId, hosts: tuple[HostName, ...]) -> None:
    """Make these the names in its hosts file. Raises SandboxFailed."""
    spec = required(layout, task)
    names.rewrite(layout.task(task) / "hosts", spec.hosts, hosts)
    keep(layout, replace(spec, hosts=hosts))


def keep(layout: Layout, spec: SandboxSpec) -> None:
    """Write it down, whole or not at all."""
    fresh = layout.task(spec.task) / "sandbox.new"
    fresh.write_bytes(msgspec.json.encode(spec))
    fresh.replace(layout.sandbox(spec.task))


def read(layout: Layout, task: TaskId) -> SandboxSpec | None:
    """What a task's sandbox is; None when it isn't whole."""
    try:
        return msgspec.json.decode(layout.sandbox(task).read_bytes(), type=SandboxSpec)
    except FileNotFoundError:
        return None


def required(layout: Layout, task: TaskId) -> SandboxSpec:
    """The same; raises SandboxFailed instead of None."""
    spec = read(layout, task)
    if spec is None:
        raise SandboxFailed(f"task {task} has no sandbox")
    return spec
