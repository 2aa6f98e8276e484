"""The paths in the state directory. Two installations share none, and removing the directory removes everything.

    <state>/run/                    0711
      doorbell.sock                 container monitors send notifications, the control plane receives them
      xds.sock                      the xDS server for proxies (made by the package xds)
      statistics.sock               the receiver of proxies' statistics (made by the package telemetry)
      python                        this interpreter, read-only: the program of container monitors
      netns/<name>                  named network namespaces, and users-<task>: user namespaces
      tasks/<task>/                 sandbox.json, hosts, hostname, resolv.conf; users (the first id outside)
        disk.img, disk.loop         the task's disk, and the number of its loop device
        containers/<name>/          order, lock, state.json, stop; disk (where the task's disk is mounted, in the
                                    container only); without a disk: upper, work (the writable layer)
        pause/                      the process that holds namespaces which containers share
        volumes/<name>/             volumes that end with the task, where it has no disk
        proxy/                      the proxy's own directory, its user's
      gone/<task>/                  directories that are being removed
      disks/<GiB>.img               an empty disk of each size, which tasks get a copy of
      cgroups/<hierarchy>/          cgroup hierarchies that are mounted nowhere else
      gateway/                      the Envoy of public addresses
      datagrams/datagrams-<vpc>/    the Envoy of a VPC's public UDP ports
      outside/outside-<vpc>/        the egress process of a VPC
    <state>/logs/<task>/<container>/{previous,current}.log
    <state>/volumes/<name>/         volumes with the scope shared
    <state>/efs/<file system>/      the content of a file system of Amazon EFS
    <state>/images/                 see images/store/store_directory.py

These names are fixed: tasks that an earlier version started are found by them. Some come from outside (the container
names of a task definition), so each is checked before it becomes a part of a path.
"""

from __future__ import annotations

import re
from pathlib import Path

from moyai.domain.sandbox.host_proxy import namespace_name
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import CannotCreate

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


def path_component(name: str) -> str:
    """The name, if it can be one part of a path. Raises CannotCreate otherwise."""
    if not _NAME.fullmatch(name):
        raise CannotCreate(f"{name!r} can't be a name: letters, digits, hyphens and underscores, at most 255")
    return name


def subdirectories(directory: Path) -> list[Path]:
    """The directories in a directory; none if it does not exist."""
    try:
        return sorted(path for path in directory.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


class RuntimePaths:
    """The paths of one installation."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.run = self.state / "run"
        self.notifications = self.run / "doorbell.sock"
        self.netns = self.run / "netns"
        self.tasks = self.run / "tasks"
        self.removing = self.run / "gone"
        self.gateway = self.run / "gateway"
        self.datagrams = self.run / "datagrams"
        self.egress = self.run / "outside"
        self.cgroups = self.run / "cgroups"
        self.images = self.state / "images"
        self.logs = self.state / "logs"
        self.empty_disks = self.run / "disks"
        self.volumes = self.state / "volumes"
        self.file_systems = self.state / "efs"
        self.transient = (
            self.netns,
            self.tasks,
            self.removing,
            self.gateway,
            self.datagrams,
            self.egress,
            self.empty_disks,
            self.logs,
        )
        """The directories that end with the installation; images, shared volumes and file systems stay."""

    def create_directories(self) -> None:
        """Make the directories. Only root can read them; proxies may pass through ``run`` and ``netns``."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.run, self.cgroups, *self.transient):
            path.mkdir(exist_ok=True)
            path.chmod(0o711 if path in {self.run, self.netns} else 0o700)

    def known_tasks(self) -> frozenset[TaskId]:
        """The tasks that have a directory, also one that is being removed, or a namespace."""
        files = (path.name.partition("-")[2] for kind in ("task", "users") for path in self.netns.glob(f"{kind}-*"))
        directories = (path.name for parent in (self.tasks, self.removing) for path in subdirectories(parent))
        return frozenset(TaskId(name) for name in (*files, *directories))

    def task(self, task: TaskId) -> Path:
        """The directory of a task."""
        return self.tasks / path_component(task)

    def sandbox(self, task: TaskId) -> Path:
        """The file with a task's specification. It exists once the sandbox is complete."""
        return self.task(task) / "sandbox.json"

    def containers(self, task: TaskId) -> Path:
        """The directory of a task's containers."""
        return self.task(task) / "containers"

    def container(self, task: TaskId, name: str) -> Path:
        """The directory of a container."""
        return self.containers(task) / path_component(name)

    def pause(self, task: TaskId) -> Path:
        """The directory of the process that holds a sandbox's shared namespaces. No container has this path."""
        return self.task(task) / "pause"

    def proxy(self, task: TaskId) -> Path:
        """The run directory of a task's proxy."""
        return self.task(task) / "proxy"

    def task_volumes(self, task: TaskId) -> Path:
        """The directory of the volumes that end with the task."""
        return self.task(task) / "volumes"

    def file_system(self, identity: str) -> Path:
        """The directory of a file system, which outlives the tasks."""
        return self.file_systems / path_component(identity)

    def log(self, task: TaskId, name: str) -> Path:
        """The directory of a container's output, which outlives the task."""
        return self.logs / path_component(task) / path_component(name)

    def task_netns(self, task: TaskId) -> Path:
        """The file on which a task's network namespace is mounted (see ``network.namespaces``)."""
        return self.netns / namespace_name(TaskId(path_component(task)))

    def task_users(self, task: TaskId) -> Path:
        """The file of a task's user namespace."""
        return self.netns / f"users-{path_component(task)}"

    def router_netns(self, vpc: VpcId) -> Path:
        """The file of a VPC's router."""
        return self.netns / f"vpc-{path_component(vpc)}"
