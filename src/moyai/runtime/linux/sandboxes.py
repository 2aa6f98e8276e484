"""Sandboxes of this machine: a directory, a group of limits and a network namespace for each.

A sandbox's specification is kept in its directory: what it was made from, and the names that it was told last.
Blocking; ``make`` runs on the network's thread.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.spec import (
    DEFAULT_STORAGE_GIB,
    Bridged,
    HostName,
    Memory,
    Network,
    NoNetwork,
    OfHost,
    SandboxSpec,
)
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, SandboxFailed
from moyai.runtime.linux import bridge, disks, link, listeners, names, netns, network, processes, rules
from moyai.runtime.linux.cgroups import Cgroups
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.limits import Bounds
from moyai.runtime.linux.shim.order import DISK_FILES

_GIBIBYTE = 1024**3
_INTENDED = "sandbox.new"
_READER = msgspec.json.Decoder(SandboxSpec)


def is_whole(layout: Layout, spec: SandboxSpec) -> bool:
    """Whether it has been made, and is still there."""
    return layout.sandbox(spec.task).exists() and netns.is_pinned(namespace(layout, spec))


def make(layout: Layout, cgroups: Cgroups, spec: SandboxSpec) -> None:
    """Make a task's or an instance's sandbox. It counts as whole once it is kept. Raises SandboxFailed."""
    task = spec.task
    try:
        layout.containers(task).mkdir(parents=True, exist_ok=True)
        _intend(layout, spec)
        names.write(spec, layout.task(task))
        cgroups.make(task, Bounds(spec.cpu_units, Memory(spec.memory_mib)))
        _connect(layout, spec)
    except (OSError, CannotCreate) as error:
        raise SandboxFailed(f"the task's sandbox can't be made: {error}") from error


def make_disk(layout: Layout, spec: SandboxSpec) -> None:
    """Make a task's disk, if it has none. More than what every task has must be free. Raises SandboxFailed."""
    free = shutil.disk_usage(layout.state).free
    if spec.storage_gib > DEFAULT_STORAGE_GIB and spec.storage_gib * _GIBIBYTE > free:
        raise SandboxFailed(f"ephemeralStorage: {spec.storage_gib} GiB, and this machine has {free // _GIBIBYTE}")
    try:
        disks.make(layout.task(spec.task), spec.storage_gib, layout.disks)
    except OSError as error:
        raise SandboxFailed(f"the task's disk can't be made: {error.strerror}") from error


def bury(directory: Path, grave: Path) -> None:
    """End what runs in a sandbox and remove its files, by way of ``grave``."""
    for place in (directory, grave):
        disks.let_go(place)
    processes.bury(directory, grave, "containers/*", "pause")


def stands(layout: Layout, spec: SandboxSpec) -> bool:
    """Whether it is still there: of a container instance, the namespace is all there is, and goes with the machine."""
    instance = isinstance(spec.network, Network) and spec.network.bridge is not None
    return not instance or netns.is_pinned(layout.task_netns(spec.task))


def _connect(layout: Layout, spec: SandboxSpec) -> None:
    task, pin, wanted = spec.task, namespace(layout, spec), spec.network
    match wanted:
        case Network():
            router = layout.router_netns(wanted.vpc)
            network.prepare_router(router, wanted.vpc_cidr)
            link.join(task, wanted, router, pin)
            if wanted.bridge is not None:
                bridge.open_up(pin, wanted, wanted.bridge)
        case Bridged():
            bridge.join(task, wanted, layout.task_netns(wanted.instance), pin)
        case OfHost():
            instance(layout, wanted.instance)
        case NoNetwork():
            network.enclose(pin)
    ipv6 = isinstance(wanted, Network) and wanted.ipv6 is not None
    if spec.intercept is not None:
        network.intercept(pin, rules.interception(spec.intercept, ipv6=ipv6))
    elif spec.intercept_all is not None:
        network.intercept(pin, rules.interception_of_all(spec.intercept_all, ipv6=ipv6))


def disconnect(layout: Layout, task: TaskId, spec: SandboxSpec | None) -> None:
    """Remove a sandbox's link and namespace. ``spec`` None: its link may be anywhere."""
    pin = layout.task_netns(task)
    match None if spec is None else spec.network:
        case Network() as own:
            near = [layout.router_netns(own.vpc)]
        case Bridged() as behind:
            near = [layout.task_netns(behind.instance)]
        case None:
            near = sorted(layout.netns.glob("vpc-*"))
        case _:
            near = []
    network.leave(task, near, pin)


def shut(layout: Layout, spec: SandboxSpec | None) -> None:
    """Lead no port of an instance to the task any more."""
    if spec is not None and isinstance(spec.network, Bridged):
        bridge.leave(layout.task_netns(spec.network.instance), spec.network.address)


def namespace(layout: Layout, spec: SandboxSpec) -> Path:
    """The file that pins the network namespace of a sandbox's containers."""
    return layout.task_netns(spec.network.instance if isinstance(spec.network, OfHost) else spec.task)


def listening(layout: Layout, task: TaskId, expected: Iterable[ExpectedListener]) -> frozenset[ExpectedListener]:
    """Those of the expected listeners that are there. Only for the network thread. Raises RuntimeFault."""
    spec = read(layout, task)
    return frozenset() if spec is None else listeners.listening(namespace(layout, spec), expected)


def instance(layout: Layout, task: TaskId) -> SandboxSpec:
    """A container instance's own sandbox. Raises SandboxFailed when it isn't there."""
    spec = read(layout, task)
    if spec is None or not netns.is_pinned(layout.task_netns(task)):
        raise SandboxFailed(f"the container instance {task} is not there")
    return spec


def name(layout: Layout, task: TaskId, hosts: tuple[HostName, ...]) -> None:
    """Make these the names in its hosts file. Raises SandboxFailed."""
    spec, directory = required(layout, task), layout.task(task)
    try:
        names.rewrite(directory / "hosts", spec.hosts, hosts)
        with disks.mounted(directory) as disk:
            on_disk = None if disk is None else disk / Path(DISK_FILES).name / "hosts"
            if on_disk is not None and on_disk.exists():
                names.rewrite(on_disk, spec.hosts, hosts)
    except OSError as error:
        raise SandboxFailed(f"the task's names can't be changed: {error}") from error
    keep(layout, replace(spec, hosts=hosts))


def keep(layout: Layout, spec: SandboxSpec) -> None:
    """Write it down, whole or not at all."""
    _intend(layout, spec).replace(layout.sandbox(spec.task))


def _intend(layout: Layout, spec: SandboxSpec) -> Path:
    fresh = layout.task(spec.task) / _INTENDED
    fresh.write_bytes(msgspec.json.encode(spec))
    return fresh


def read(layout: Layout, task: TaskId) -> SandboxSpec | None:
    """What a task's sandbox is; None when it isn't whole."""
    return _read(layout.sandbox(task))


def begun(layout: Layout, task: TaskId) -> SandboxSpec | None:
    """What a task's sandbox is or was to be; None when that can't be told."""
    return read(layout, task) or _read(layout.task(task) / _INTENDED)


def _read(path: Path) -> SandboxSpec | None:
    try:
        return _READER.decode(path.read_bytes())
    except (
        FileNotFoundError,
        msgspec.DecodeError,
        UnicodeDecodeError,
    ):  # another version's, or damaged: as good as none
        return None


def required(layout: Layout, task: TaskId) -> SandboxSpec:
    """The same; raises SandboxFailed instead of None."""
    spec = read(layout, task)
    if spec is None:
        raise SandboxFailed(f"task {task} has no sandbox")
    return spec
