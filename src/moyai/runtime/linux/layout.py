"""Where things are in the state directory, so that two installations never meet and one ``rm`` forgets everything.

    <state>/run/                    0711
      doorbell.sock                 keepers ring, the control plane listens
      xds.sock                      the proxies' control plane (made by the xds room)
      statistics.sock               where they leave their statistics (made by the telemetry room)
      python                        this interpreter, read-only: what keepers are started from
      netns/<name>                  pinned network namespaces
      tasks/<task>/                 sandbox.json, hosts, hostname, resolv.conf
        disk.img, disk.loop         the task's disk, and the number of its loop device
        containers/<name>/          order, lock, state.json, stop; disk (where the task's disk is mounted, in the
                                    container only); without a disk: upper, work (the writable layer)
        pause/                      the process that holds namespaces which containers share
        volumes/<name>/             volumes that end with the task, where it has no disk
        proxy/                      the proxy's own directory, its user's
      gone/<task>/                  what is being removed
      disks/<GiB>.img               an empty disk of each size, which tasks get a copy of
      cgroups/<hierarchy>/          hierarchies of control groups that are mounted nowhere else
      gateway/                      the Envoy that public addresses lead through
      outside/outside-<vpc>/        what leads a VPC's tasks outside
    <state>/logs/<task>/<container>/{previous,current}.log
    <state>/volumes/<name>/         volumes with the scope shared
    <state>/images/<name>/<tag>/    manifest.json, rootfs/

Names come from outside (a task definition's container names), so each is checked before it becomes a path.
"""

from __future__ import annotations

import re
from pathlib import Path

from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import CannotCreate

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


def checked(name: str) -> str:
    """The name, if it can be one part of a path; otherwise raises CannotCreate."""
    if not _NAME.fullmatch(name):
        raise CannotCreate(f"{name!r} can't be a name: letters, digits, hyphens and underscores, at most 255")
    return name


def children(directory: Path) -> list[Path]:
    """The directories in it; none when it isn't there."""
    try:
        return sorted(path for path in directory.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


class Layout:
    """The paths of one installation."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.run = self.state / "run"
        self.doorbell = self.run / "doorbell.sock"
        self.netns = self.run / "netns"
        self.tasks = self.run / "tasks"
        self.gone = self.run / "gone"
        self.gateway = self.run / "gateway"
        self.outside = self.run / "outside"
        self.cgroups = self.run / "cgroups"
        self.images = self.state / "images"
        self.logs = self.state / "logs"
        self.disks = self.run / "disks"
        self.volumes = self.state / "volumes"
        self.fleeting = (self.netns, self.tasks, self.gone, self.gateway, self.outside, self.disks, self.logs)
        """Whatever ends with everything else; images and shared volumes stay."""

    def make(self) -> None:
        """Make the directories. Only root can look into them; proxies may pass through ``run`` and ``netns``."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.run, self.cgroups, *self.fleeting):
            path.mkdir(exist_ok=True)
            path.chmod(0o711 if path in {self.run, self.netns} else 0o700)

    def known_tasks(self) -> frozenset[TaskId]:
        """Tasks that have a directory, the rest of one, or a namespace."""
        pins = (path.name.removeprefix("task-") for path in self.netns.glob("task-*"))
        homes = (path.name for home in (self.tasks, self.gone) for path in children(home))
        return frozenset(TaskId(name) for name in (*pins, *homes))

    def task(self, task: TaskId) -> Path:
        """A task's directory."""
        return self.tasks / checked(task)

    def sandbox(self, task: TaskId) -> Path:
        """A task's specification; it exists once the sandbox is whole."""
        return self.task(task) / "sandbox.json"

    def containers(self, task: TaskId) -> Path:
        """The directory of a task's containers."""
        return self.task(task) / "containers"

    def container(self, task: TaskId, name: str) -> Path:
        """A container's directory."""
        return self.containers(task) / checked(name)

    def pause(self, task: TaskId) -> Path:
        """The directory of the process that holds a sandbox's shared namespaces; no container can have this place."""
        return self.task(task) / "pause"

    def proxy(self, task: TaskId) -> Path:
        """The run directory of a task's proxy."""
        return self.task(task) / "proxy"

    def task_volumes(self, task: TaskId) -> Path:
        """The directory of the volumes that end with the task."""
        return self.task(task) / "volumes"

    def log(self, task: TaskId, name: str) -> Path:
        """Where a container's output is kept, also after the task is gone."""
        return self.logs / checked(task) / checked(name)

    def task_netns(self, task: TaskId) -> Path:
        """The file that pins a task's network namespace."""
        return self.netns / f"task-{checked(task)}"

    def router_netns(self, vpc: VpcId) -> Path:
        """The file that pins a VPC's router."""
        return self.netns / f"vpc-{checked(vpc)}"
