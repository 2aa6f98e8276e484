"""Containers of this machine: each has a directory, a group of its limits and a keeper.

Promise: blocking; an OSError in here is for the caller to translate. Starting one twice starts it once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from moyai.domain.sandbox.spec import ContainerSpec, Memory, ProxySpec, SandboxSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, ImageNotFound, SandboxFailed
from moyai.runtime.linux import attendants, disks, host, orders, processes, proxies, sandboxes
from moyai.runtime.linux.cgroups import NO_TASK, Cgroups
from moyai.runtime.linux.images import ImageStore
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.limits import Bounds
from moyai.runtime.linux.shim.record import RUNNING
from moyai.runtime.linux.trust import Trust

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MACHINES: Mapping[str, str] = MappingProxyType({"X86_64": "x86_64", "ARM64": "aarch64"})
_PAUSE = f"{NO_TASK}pause"


class Containers:
    """The containers of one installation."""

    def __init__(self, layout: Layout, cgroups: Cgroups, envoy: Path, path_prefix: str, trust: Trust) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._layout = layout
        self._cgroups = cgroups
        self._envoy = envoy
        self._trust = trust
        self._path = f"{path_prefix}:{_SYSTEM_PATH}"
        self.images = ImageStore(layout.images)

    def resolved(self, sandbox: SandboxSpec) -> SandboxSpec:
        """The sandbox with the digests that its images have now; one that isn't here has none."""
        return replace(sandbox, images={image: self._digest(image) for image in sandbox.images})

    def _digest(self, image: str) -> str | None:
        try:
            return self.images.find(image).digest
        except ImageNotFound:
            return None

    def hold(self, holder: SandboxSpec) -> None:
        """Start the process that holds a sandbox's namespaces for others, if it isn't there. Raises SandboxFailed."""
        directory = self._layout.pause(holder.task)
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            membership = self._cgroups.make_container(f"{holder.task}/{_PAUSE}", Bounds())
            place = orders.Place(directory, directory, membership)
            netns = sandboxes.namespace(self._layout, holder)
            processes.start(attendants.pause(holder, place, self._layout, netns))
        except (OSError, CannotCreate) as error:
            raise SandboxFailed(f"the task's shared namespaces can't be made: {error}") from error

    def _joins(self, sandbox: SandboxSpec) -> Iterator[tuple[str, int, int]]:
        """What a container is in that isn't its own, as ``Order.joins`` has it. Raises CannotCreate."""
        for kind, sharing in (("pid", sandbox.processes), ("ipc", sandbox.ipc)):
            if (holder := sandbox.holder(sharing)) is None:
                continue
            kept = processes.read(self._layout.pause(holder))
            if kept is None or kept.phase != RUNNING or not kept.keeper_lives() or not kept.init_lives():
                raise CannotCreate(f"what held the {kind} namespace of {holder} has ended")
            yield kind, kept.init, kept.init_ticks

    def start(self, spec: ContainerSpec) -> None:
        """Start one. Raises RuntimeFault."""
        sandbox = sandboxes.required(self._layout, spec.task)
        image = self.images.find(spec.image, spec.digest)
        self._check_platform(spec)
        place = self._place(spec.task, spec.name, spec.memory, spec.cpu_units)
        processes.start(orders.container(spec, image, place, self._surroundings(sandbox)))

    def _surroundings(self, sandbox: SandboxSpec) -> orders.Surroundings:
        """What the containers of a task share. Raises CannotCreate."""
        return orders.Surroundings(
            self._layout,
            self._path,
            sandbox.network.host_name,
            sandboxes.namespace(self._layout, sandbox),
            host.disks(self._layout.state),
            self._trust,
            tuple(self._joins(sandbox)),
            disks.device(self._layout.task(sandbox.task)),
        )

    def _check_platform(self, spec: ContainerSpec) -> None:
        """Images are this machine's: there is none for another processor."""
        here = os.uname().machine
        if spec.architecture is not None and _MACHINES.get(spec.architecture) != here:
            wanted = "arm64" if spec.architecture == "ARM64" else "amd64"
            raise ImageNotFound(
                f"{spec.image}: image Manifest does not contain descriptor matching platform 'linux/{wanted}';"
                f" this machine is {here}"
            )

    def start_proxy(self, spec: ProxySpec) -> None:
        """Start a task's Envoy. Raises RuntimeFault."""
        sandbox = sandboxes.required(self._layout, spec.task)
        led = sandbox.intercept_all
        proxies.note(self._layout, spec, () if led is None else (led.egress_port,))
        proxies.make_run(self._layout.proxy(spec.task), spec)
        stands_for = spec.container
        memory, share = (Memory(), 0) if stands_for is None else (stands_for.memory, stands_for.cpu_units)
        place = self._place(spec.task, spec.name, memory, share)
        processes.start(proxies.order(spec, place, self._envoy, self._surroundings(sandbox), self.images))

    def stop(self, task: TaskId, name: str) -> None:
        """Begin to stop one, if there is one."""
        directory = self._layout.container(task, name)
        if directory.exists():
            processes.ask_to_stop(directory)

    def _place(self, task: TaskId, name: str, memory: Memory, share: int) -> orders.Place:
        """Where a container is to be. One with a bound of its own that says nothing of swap space has none."""
        if memory.limit and memory.swap is None:
            memory = replace(memory, swap=0)
        bounds = Bounds(memory=memory, share=share)
        directory, log = self._layout.container(task, name), self._layout.log(task, name)
        for path in (directory, log):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return orders.Place(directory, log, self._cgroups.make_container(f"{task}/{name}", bounds))
