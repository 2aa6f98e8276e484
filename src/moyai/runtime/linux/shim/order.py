"""What a keeper is told: one value, written by the control plane and read by the keeper.

It travels as ``marshal`` because both ends are the same interpreter at the same moment, and because
the keeper must not carry a JSON library for the one time it reads it.
"""

from __future__ import annotations

import marshal

NO_PROBE: tuple[str, ...] = ()

BIND, BIND_READ_ONLY, EMPTY, EMPTY_READ_ONLY = "bind", "bind-ro", "empty", "empty-ro"
COPY = "copy"
"""A file that the container may write: bound like the others, but where the task has a disk, from a copy on that. The
copy of a file in the container's directory is made with each start, that of any other once for the task."""

DISK_OPTIONS = "noinit_itable,discard"
"""With which a task's disk is mounted."""
DISK, DISK_VOLUMES, DISK_FILES = "disk", "disk/volumes", "disk/files"
"""Where a task's disk is mounted in a container's directory, the task's volumes on it, and what it has of COPY."""


class Order:
    """Everything a keeper needs, with nothing left to choose. Times in seconds, paths absolute."""

    task: str
    """What is rung at the doorbell when something changes."""
    attempt: int
    """Which start of the container this is, from 0."""
    directory: str
    """The container's own directory: order, record, lock, writable layer."""
    disk: str
    """The device of the task's disk, on which writable layer and volumes are; empty = in the directory itself."""
    run: str
    """Where ``doorbell.sock`` is."""
    logs: str
    """Where output goes."""
    held_output: int
    """Bytes of it that are held at least."""
    netns: str | None
    """The network namespace's file; None = the host's."""
    processes: tuple[str, ...]
    """The ``cgroup.procs`` (or v1 ``tasks``) files that a process of the container writes itself into."""
    oom_events: str | None
    """A file with a line ``oom_kill N``."""
    layers: tuple[str, ...]
    """Read-only lower directories, the topmost first; empty = a bare root with only ``mounts`` in it."""
    mounts: tuple[tuple[str, str, str], ...]
    """(kind, source, target), in order, on top of the root. Kinds: the constants above."""
    tmpfs: tuple[tuple[str, int, str], ...]
    """(target, mount flags, options): file systems in memory."""
    volumes: tuple[tuple[str, str, str, bool, bool], ...]
    """(directory, way below it, target, read-only, own): directories to show; one's ``own`` is moyai's, and takes its
    owner and mode from what the image has at the target."""
    shared_memory: str
    """The size of /dev/shm, as a mount option has it."""
    sysctls: tuple[tuple[str, str], ...]
    """(file below /proc/sys, text)."""
    networkless: bool
    """A network of its own, with loopback only, instead of ``netns``."""
    holds: bool
    """There is no command: the first process keeps its namespaces for others, and reaps what they leave behind."""
    joins: tuple[tuple[str, int, int], ...]
    """(``pid`` or ``ipc``, pid, start time): the process that holds a namespace which is used instead of a new one."""
    init: bool
    """A reaper is the first process."""
    interactive: bool
    """Standard input is open, and nothing comes."""
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
    """Further ones, by their numbers."""
    capabilities: tuple[int, ...]
    further_calls: tuple[str, ...]
    """System calls that are allowed beyond what goes with the capabilities."""
    seccomp_filter: bytes
    """What the kernel runs at each system call, in classic BPF."""
    ambient: bool
    """Hand the capabilities to a user that is not root."""
    limits: tuple[tuple[int, int, int], ...]
    """(RLIMIT_*, soft, hard)."""
    stop_timeout: float
    probe: tuple[str, ...]
    """The command's words; ``("ENVOY", path)`` asks Envoy's admin socket, ``("ENVOY-PORT", port)`` the same at a port
    of the container's network; empty = none."""
    interval: float
    settled_interval: float
    """Between probes once healthy."""
    timeout: float
    retries: int
    start_period: float

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)

    def pack(self) -> bytes:
        """The order as bytes."""
        return marshal.dumps(self.__dict__)


def unpack(raw: bytes) -> Order:
    """The order that ``pack`` made."""
    return Order(marshal.loads(raw))  # noqa: S302 - written by root into a directory only root can write
