"""Containers of this machine: each has a directory, a group of its limits and a keeper.

Promise: blocking; an OSError in here is for the caller to translate. Starting one twice starts it once.
"""

from __future__ import annotations

import os
from pathlib import Path

from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec
from moyai.kernel.ids import TaskId
from moyai.runtime.linux import attendants, host, orders, processes, sandboxes
from moyai.runtime.linux.cgroups import Bounds, Cgroups
from moyai.runtime.linux.images import ImageStore
from moyai.runtime.linux.layout import Layout

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXY_UID = int(attendants.PROXY_USER.partition(":")[0])


class Containers:
    """The containers of one installation."""

    def __init__(self, layout: Layout, cgroups: Cgroups, envoy: Path, path_prefix: str) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._layout = layout
        self._cgroups = cgroups
        self._envoy = envoy
        self._path = f"{path_prefix}:{_SYSTEM_PATH}"
        self.images = ImageStore(layout.images)

    def start(self, spec: ContainerSpec) -> None:
        """Start one. Raises RuntimeFault."""
        surroundings = orders.Surroundings(
            self._layout,
            self._path,
            sandboxes.required(self._layout, spec.task).network.host_name,
            host.disks(self._layout.state),
        )
        image = self.images.find(spec.image)
        place = self._place(spec.task, spec.name, Bounds(memory_mib=spec.memory_mib, share=spec.cpu_units))
        processes.start(orders.container(spec, image, place, surroundings))

    def start_proxy(self, spec: ProxySpec) -> None:
        """Start a task's Envoy. Raises RuntimeFault."""
        sandboxes.required(self._layout, spec.task)
        run = self._layout.proxy(spec.task)
        run.mkdir(exist_ok=True)
        os.chown(run, _PROXY_UID, _PROXY_UID)
        run.chmod(0o700)
        bootstrap = run / "bootstrap.json"
        fd = os.open(bootstrap, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            os.fchown(fd, _PROXY_UID, _PROXY_UID)
            filled = spec.bootstrap.replace(b"{run}", attendants.RUN_IN_PROXY.encode())
            file.write(filled.replace(b"{xds}", attendants.XDS_IN_PROXY.encode()))
        place = self._place(spec.task, spec.name, Bounds())
        processes.start(attendants.proxy(spec, place, self._layout, self._envoy))

    def stop(self, task: TaskId, name: str) -> None:
        """Begin to stop one, if there is one."""
        directory = self._layout.container(task, name)
        if directory.exists():
            processes.ask_to_stop(directory)

    def _place(self, task: TaskId, name: str, bounds: Bounds) -> orders.Place:
        directory, log = self._layout.container(task, name), self._layout.log(task, name)
        for path in (directory, log):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return orders.Place(directory, log, self._cgroups.make(f"{task}/{name}", bounds))
