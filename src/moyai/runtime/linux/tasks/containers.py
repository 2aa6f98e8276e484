"""Containers of tasks: each has a directory, a control group and a container monitor.

Promise: blocking; the caller translates OSErrors. A second start of a container does nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerSpec, MemoryLimits, ProxySpec, SandboxSpec
from moyai.images.imports.older_store import open_store
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, CannotPull, SandboxFailed
from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.container_config import ContainerPlace, HostEnvironment, container_config
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.mounts import current_mounts, disk_mounts
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.record import RUNNING
from moyai.runtime.linux.system_containers import proxies
from moyai.runtime.linux.system_containers.configs import pause_container
from moyai.runtime.linux.tasks import disks, sandboxes, user_ids

_log = logging.getLogger(__name__)

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MACHINES: Mapping[str, str] = MappingProxyType({"X86_64": "x86_64", "ARM64": "aarch64"})
_HOLDER = "task-"
_PAUSE = f"{SYSTEM_PREFIX}pause"


class Containers:
    """The containers of one installation."""

    def __init__(
        self, paths: RuntimePaths, cgroups: Cgroups, envoy: Path, path_prefix: str, access: HostAccess
    ) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._paths = paths
        self._cgroups = cgroups
        self._envoy = envoy
        self._access = access
        self._path = f"{path_prefix}:{_SYSTEM_PATH}"
        self.images = open_store(paths.images)

    def find_image(self, pull: ImagePull) -> str | None:
        """The digest of the image that a container needs. Raises CannotPull."""
        _check_platform(pull)
        return self.images.find(pull.image, pull.digest).digest

    def hold_images(self, task: TaskId, pulls: Sequence[ImagePull]) -> None:
        """Keep the images of a task that are here until ``release_images``."""
        self.images.hold(_image_holder(task), [_with_digest(pull.image, pull.digest) for pull in pulls])

    def release_images(self, task: TaskId) -> None:
        """Let go the images of a task."""
        self.images.release(_image_holder(task))

    def image_holders(self) -> frozenset[TaskId]:
        """The tasks that hold images."""
        holders = (name for name in self.images.holders() if name.startswith(_HOLDER))
        return frozenset(TaskId(name.removeprefix(_HOLDER)) for name in holders)

    def start(self, spec: ContainerSpec) -> None:
        """Start a container. Raises RuntimeFault."""
        sandbox = sandboxes.load_required(self._paths, spec.task)
        self.images.hold(_image_holder(spec.task), [_with_digest(spec.image, spec.digest)])
        image = self.images.find(spec.image, spec.digest)
        place = self._make_place(spec.task, spec.name, spec.memory, spec.cpu_units)
        monitors.start_monitor(container_config(spec, image, place, self._environment_of(sandbox, spec)))

    def start_proxy(self, spec: ProxySpec) -> None:
        """Start a task's Envoy. Raises RuntimeFault."""
        sandbox = sandboxes.load_required(self._paths, spec.task)
        intercept = sandbox.intercept_all
        proxies.save_proxy_info(self._paths, spec, () if intercept is None else (intercept.egress_port,))
        proxies.make_run_directory(self._paths.proxy(spec.task), spec)
        replaced = spec.container
        memory, share = (MemoryLimits(), 0) if replaced is None else (replaced.memory, replaced.cpu_units)
        place = self._make_place(spec.task, spec.name, memory, share)
        host = self._environment_of(sandbox, replaced)
        monitors.start_monitor(proxies.proxy_config(spec, place, self._envoy, host, self.images))

    def start_pause(self, sandbox: SandboxSpec) -> None:
        """Start the process that holds a sandbox's namespaces for others, if it does not run. Raises SandboxFailed."""
        directory = self._paths.pause(sandbox.task)
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            membership = self._cgroups.create_for_container(f"{sandbox.task}/{_PAUSE}", GroupLimits())
            place = ContainerPlace(directory, directory, membership)
            monitors.start_monitor(pause_container(sandbox, place, self._host_environment(sandbox)))
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
                raise CannotCreate(f"what held the {kind} namespace of {holder} has ended")
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
        """The environment of a sandbox's containers. ``joins``: see ``LaunchConfig``."""
        return HostEnvironment(
            self._paths,
            self._path,
            sandbox.network.host_name,
            sandboxes.netns_of(self._paths, sandbox),
            disk_mounts(current_mounts(), self._paths.state),
            self._access,
            joins,
            disks.device(self._paths.task(sandbox.task)),
            user_ids.first_id(self._paths.task(sandbox.user_namespace)),
            self._paths.task_users(sandbox.user_namespace),
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


def _image_holder(task: TaskId) -> str:
    """The name under which a task holds its images."""
    return f"{_HOLDER}{task}"


def _with_digest(image: str, digest: str | None) -> str:
    """The reference of an image with its digest, if there is one that it doesn't have."""
    return image if digest is None or "@" in image else f"{image}@{digest}"


def _check_platform(pull: ImagePull) -> None:
    """Raise CannotPull for another processor's image: all images are this machine's."""
    machine = os.uname().machine
    if pull.architecture is not None and _MACHINES.get(pull.architecture) != machine:
        wanted = "arm64" if pull.architecture == "ARM64" else "amd64"
        raise CannotPull(
            f"{pull.image}: image Manifest does not contain descriptor matching platform 'linux/{wanted}';"
            f" this machine is {machine}"
        )
