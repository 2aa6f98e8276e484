"""The configuration of one container, written by the control plane and read by the container's monitor.

It is encoded with ``marshal``, because a monitor must not load a JSON library for the one time it reads it. It stays in
the container's directory under the name ``order``, where exec sessions read it, also those of a later version of moyai:
the names of fields that sessions use never change.
"""

from __future__ import annotations

import marshal

NO_PROBE: tuple[str, ...] = ()
ENVOY, ENVOY_PORT = "ENVOY", "ENVOY-PORT"
"""Health checks that ask Envoy instead of running a command in the container."""

BIND, BIND_READ_ONLY, EMPTY, EMPTY_READ_ONLY = "bind", "bind-ro", "empty", "empty-ro"
MAPPED, MAPPED_READ_ONLY = "mapped", "mapped-ro"
"""A bind mount whose files have the ids of the container's user namespace, without the mounts below it."""
COPY = "copy"
"""A file that the container may write unless its root is read-only: MAPPED, but of a copy on the task's disk where the
task has one. A file in the container's directory is copied at each start, any other once for the task."""

DISK_OPTIONS = "noinit_itable,discard"
"""The mount options of a task's disk."""
DISK, DISK_VOLUMES, DISK_FILES = "disk", "disk/volumes", "disk/files"
"""In a container's directory: the mount point of the task's disk, and there the task's volumes and the copies of COPY.
"""


VolumeFields = tuple[str, str, str, bool, bool, bool, tuple[int, ...] | None]
"""A volume: see ``LaunchConfig.volumes``."""


class LaunchConfig:
    """Everything that a monitor needs, with no decision left. Times are in seconds, paths are absolute."""

    task: str
    """The task's id, which notifications carry."""
    attempt: int
    """The number of this start of the container, from 0."""
    directory: str
    """The container's own directory: this file, record, lock, writable layer."""
    disk: str
    """The device of the task's disk, for the writable layer and volumes; empty = they are in the directory itself."""
    run: str
    """The directory of the notification socket."""
    logs: str
    """The directory of the container's output."""
    held_output: int
    """The minimum number of bytes of output to keep."""
    router: str = ""
    """The directory of the container that output is forwarded to, the log router; empty = there is none."""
    forward_volumes: str = ""
    """The directory of the task's volumes; of no effect with ``disk``."""
    forward_socket: str = ""
    """The router's socket, relative to the task's volumes, or to the task's disk."""
    forward_tag: str = ""
    forward_fields: tuple[tuple[str, str], ...] = ()
    """The fields of each record, with their values."""
    forward_events: int = 0
    """The greatest number of events that wait for the router."""
    netns: str | None
    """The file of the network namespace; None = the host's."""
    users: int = 0
    """The id outside of the container's user namespace that its id 0 is; 0 = it is in this machine's user namespace."""
    user_namespace: str = ""
    """The file of the user namespace."""
    processes: tuple[str, ...]
    """The ``cgroup.procs`` (or v1 ``tasks``) files into which each process of the container writes itself."""
    cgroups: tuple[tuple[str, str], ...]
    """(directory of the container's control group, its name below /sys/fs/cgroup; empty = version 2)."""
    oom_events: str | None
    """A file with a line ``oom_kill N``."""
    layers: tuple[str, ...]
    """Read-only lower directories, the topmost first; empty = a bare root with only ``mounts`` in it."""
    mounts: tuple[tuple[str, str, str], ...]
    """(kind, source, target), in order, on top of the root. Kinds: the constants above."""
    tmpfs: tuple[tuple[str, int, str], ...]
    """(target, mount flags, options): file systems in memory."""
    volumes: tuple[VolumeFields, ...]
    """(directory, relative path, target, read-only, own, public, user): directories to mount. One that is moyai's
    ``own`` takes its owner and mode from the image's directory at the target; in a ``public`` one every user makes
    files. ``user`` of a file system, which must have the directory: the uid and gids as which the container's user acts
    in it (see access_point.py), empty = all users act as themselves. None = no file system."""
    image_volumes: tuple[str, ...]
    """Directories of the image that stay writable if ``read_only``."""
    shared_memory: str
    """The size of /dev/shm, as a mount option."""
    sysctls: tuple[tuple[str, str], ...]
    """(file below /proc/sys, text)."""
    networkless: bool
    """A network namespace of its own with loopback only, instead of ``netns``."""
    holds: bool
    """A pause process: it runs no command, keeps its namespaces for other containers, and reaps orphans."""
    joins: tuple[tuple[str, int, int], ...]
    """(``pid`` or ``ipc``, pid, start time): the pause process whose namespace the container shares."""
    init: bool
    """The first process is a reaper, with the command as its child."""
    interactive: bool
    """Standard input is open, but nothing is ever written to it."""
    terminal: bool
    """Standard input, output and error are a terminal."""
    read_only: bool
    host_name: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    working_directory: str
    user: str
    """``user[:group]``, names or numbers; names are looked up in the container's own files."""
    groups: tuple[int, ...]
    """The ids of further groups."""
    capabilities: tuple[int, ...]
    filtered_as: tuple[int, ...] | None = None
    """The capabilities whose system calls are allowed; None = those of ``capabilities``."""
    further_calls: tuple[str, ...]
    """System calls that are allowed beyond those that the capabilities imply."""
    seccomp_filter: bytes
    """The filter that the kernel runs at each system call, in classic BPF."""
    no_new_privileges: bool = True
    """No program that the container executes gains any privileges. False needs a user namespace."""
    ambient: bool
    """Give the capabilities to a user that is not root."""
    limits: tuple[tuple[int, int, int], ...]
    """(RLIMIT_*, soft, hard); -1 = unlimited."""
    stop_signal: int
    """The signal that asks the command to end."""
    stop_timeout: float
    probe: tuple[str, ...]
    """The health check's command; ``(ENVOY, path)`` asks Envoy's admin socket, ``(ENVOY_PORT, port)`` its admin
    port in the container's network; empty = none.
    """
    interval: float
    settled_interval: float
    """The interval of health checks once healthy."""
    timeout: float
    retries: int
    start_period: float

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)

    def pack(self) -> bytes:
        """The configuration as bytes."""
        return marshal.dumps(self.__dict__)


def unpack(raw: bytes) -> LaunchConfig:
    """The configuration that ``pack`` encoded."""
    return LaunchConfig(marshal.loads(raw))  # noqa: S302 - written by root into a directory only root can write
