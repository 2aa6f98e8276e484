"""Containers of tasks: each has a directory, a control group and a container monitor.

Promise: blocking; the caller translates OSErrors. A second start of a container does nothing.
"""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from moyai.domain.sandbox.network import NodesNetwork
from moyai.domain.sandbox.spec import ContainerSpec, MemoryLimits, ProxySpec, SandboxSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, SandboxFailed
from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.container_config import ContainerPlace, HostEnvironment, container_config
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.mounts import current_mounts, disk_mounts
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.record import RUNNING
from moyai.runtime.linux.system_containers import proxies
from moyai.runtime.linux.system_containers.configs import pause_container
from moyai.runtime.linux.tasks import disks, sandboxes, user_ids
from moyai.runtime.linux.tasks.images import TaskImages

_log = logging.getLogger(__name__)

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PAUSE = f"{SYSTEM_PREFIX}pause"


class Containers:
    """The containers of one installation."""

    def __init__(  # noqa: PLR0913, PLR0917 (each part of a runtime)
        self,
        paths: RuntimePaths,
        cgroups: Cgroups,
        images: TaskImages,
        envoy: Path,
        path_prefix: str,
        access: HostAccess,
        server: MonitorServer,
    ) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._paths = paths
        self._cgroups = cgroups
        self._envoy = envoy
        self._access = access
        self._path = f"{path_prefix}:{_SYSTEM_PATH}"
        self._images = images
        self._monitors = server

    def start(self, spec: ContainerSpec) -> None:
        """Start a container. Raises RuntimeFault."""
        sandbox = sandboxes.load_required(self._paths, spec.task)
        image = self._images.find(spec)
        place = self._make_place(spec.task, spec.name, spec.memory, spec.cpu_units)
        monitors.start_monitor(
            self._monitors, container_config(spec, image, place, self._environment_of(sandbox, spec))
        )

    def start_proxy(self, spec: ProxySpec) -> None:
        """Start a task's Envoy. Raises RuntimeFault."""
        sandbox = sandboxes.load_required(self._paths, spec.task)
        intercept = sandbox.intercept_all
        host = self._environment_of(sandbox, spec.container)
        if spec.serves_host:  # only privileges on the machine open other tasks' namespaces
            host = host._replace(users=0)
        inner_ports = () if intercept is None else (intercept.egress_port,)
        proxies.save_proxy_info(self._paths, spec, host.users, inner_ports)
        proxies.make_run_directory(self._paths.proxy(spec.task), spec)
        container = spec.container
        memory, share = (MemoryLimits(), 0) if container is None else (container.memory, container.cpu_units)
        place = self._make_place(spec.task, spec.name, memory, share)
        image = None if container is None else self._images.find_optional(container)
        is_front = isinstance(sandbox.network, NodesNetwork)
        config = proxies.proxy_config(spec, place, self._envoy, host, image, keeps_client_addresses=is_front)
        monitors.start_monitor(self._monitors, config)

    def start_pause(self, sandbox: SandboxSpec) -> None:
        """Start the process that holds a sandbox's namespaces for others, if it does not run. Raises SandboxFailed."""
        directory = self._paths.pause(sandbox.task)
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            membership = self._cgroups.create_for_container(f"{sandbox.task}/{_PAUSE}", GroupLimits())
            place = ContainerPlace(directory, directory, membership)
            monitors.start_monitor(self._monitors, pause_container(sandbox, place, self._host_environment(sandbox)))
        except (OSError, CannotCreate) as error:
            raise SandboxFailed(f"the task's shared namespaces can't be made: {error}") from error

    def _shared_namespaces(self, sandbox: SandboxSpec) -> Iterator[tuple[str, int, int]]:
        """The value of ``LaunchConfig.joins`` for the containers of a sandbox. Raises CannotCreate."""
        for kind, sharing in (("pid", sandbox.processes), ("ipc", sandbox.ipc)):
            if (holder := sandbox.holder(sharing)) is None:
                continue
            record = monitors.read_record(self._paths.pause(holder))
            runs = record is not None and record.phase == RUNNING and record.monitor_lives() and record.init_lives()
            if record is None or not runs:
                raise CannotCreate(f"the process that held the {kind} namespace of {holder} has ended")
            yield kind, record.init, record.init_ticks

    def _environment_of(self, sandbox: SandboxSpec, container: ContainerSpec | None) -> HostEnvironment:
        """The environment of a container; None = moyai's own proxy. Raises CannotCreate if a namespace to share is
        gone.
        """
        host = self._host_environment(sandbox, tuple(self._shared_namespaces(sandbox)))
        volumes = () if container is None else container.volumes
        paths = [Path(mount.host_path) for mount in volumes if mount.host_path is not None]
        if host.users and (unmappable := user_namespaces.unmappable(host.user_namespace, paths)):
            _log.warning(
                "a container of task %s runs without a user namespace, as root of this machine if its user is root:"
                " the file system of %s can't map ids",
                sandbox.task,
                ", ".join(map(str, unmappable)),
            )
            return host._replace(users=0)
        return host

    def _host_environment(self, sandbox: SandboxSpec, joins: Sequence[tuple[str, int, int]] = ()) -> HostEnvironment:
        """The environment of a sandbox's containers. ``joins``: see ``LaunchConfig``. Raises CannotCreate."""
        owner = sandbox.user_namespace
        users, user_namespace = user_ids.first_id(self._paths.task(owner)), self._paths.task_users(owner)
        if not users and namespaces.exists(user_namespace):
            raise CannotCreate("the record of the task's user ids is lost")
        return HostEnvironment(
            self._paths,
            self._path,
            sandbox.network.host_name,
            sandboxes.netns_of(self._paths, sandbox),
            _most_open_files(),
            disk_mounts(current_mounts(), self._paths.state),
            self._access,
            joins,
            disks.device(self._paths.task(sandbox.task)),
            users,
            user_namespace,
            sandbox.file_systems,
        )

    def stop(self, task: TaskId, name: str) -> None:
        """Begin to stop a container, if there is one."""
        directory = self._paths.container(task, name)
        if directory.exists():
            monitors.request_stop(directory)

    def _make_place(self, task: TaskId, name: str, memory: MemoryLimits, share: int) -> ContainerPlace:
        """Make a container's directories and groups. With a memory limit it gets swap space only if that is set."""
        if memory.limit and memory.swap is None:
            memory = replace(memory, swap=0)
        limits = GroupLimits(memory=memory, share=share)
        directory, log = self._paths.container(task, name), self._paths.log(task, name)
        for path in (directory, log):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ContainerPlace(directory, log, self._cgroups.create_for_container(f"{task}/{name}", limits))


def _most_open_files() -> int:
    """The largest limit of open files that a container can have: this process's hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
