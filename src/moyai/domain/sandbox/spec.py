"""The specifications of sandboxes and containers: complete, so that a runtime has nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.domain.sandbox.network import AnyNetwork, BridgeNetwork, HostName, HostNetwork, Intercept, InterceptAll
from moyai.kernel.ids import TaskId
from moyai.kernel.secret import Secret

DEFAULT_STORAGE_GIB: Final = 20
"""The default disk of a task on FARGATE."""


class DirectoryOwner(msgspec.Struct, frozen=True):
    """The owner and the mode of a directory that has to be made."""

    uid: int
    gid: int
    mode: int


class FileSystemUser(msgspec.Struct, frozen=True):
    """The ids in a file system as which a container's user acts."""

    uid: int
    gid: int
    further_gids: tuple[int, ...] = ()


class FileSystemMount(msgspec.Struct, frozen=True):
    """A directory of a file system that tasks share. ``host_name``: the file system's, for messages."""

    file_system: str
    host_name: str
    directory: str = "/"
    owner: DirectoryOwner | None = None
    """The owner of the directory, which is made if it does not exist; None: it is not made."""
    user: FileSystemUser | None = None
    """None: the container's users act as themselves."""


class NamespaceSharing(StrEnum):
    """Which namespace of one type the containers of a task use."""

    OWN = "own"
    """Each container has its own."""
    TASK = "task"
    """All containers have the task's."""
    HOST = "host"
    """All containers have the container instance's, which other tasks may use as well."""


class SandboxSpec(msgspec.Struct, frozen=True):
    """The part of a task that its containers share: network namespace, names, limits."""

    task: TaskId
    network: AnyNetwork
    hosts: tuple[HostName, ...] = ()
    intercept: Intercept | None = None
    intercept_all: InterceptAll | None = None
    """Only one of ``intercept`` and this can be set."""
    cpu_units: int = 0
    """Upper bound for the whole task, 1024 a core; 0 = none."""
    memory_mib: int = 0
    """Upper bound for the whole task; 0 = none."""
    storage_gib: int = 0
    """The size of the disk of the task's containers and their volumes; 0 = no limit."""
    host: TaskId | None = None
    """The sandbox of its container instance, which must exist if ``processes`` or ``ipc`` are HOST."""
    processes: NamespaceSharing = NamespaceSharing.OWN
    ipc: NamespaceSharing = NamespaceSharing.OWN
    """The namespace of message queues, semaphores, shared memory and /dev/shm."""
    shared_memory: int = 64
    """The size of a shared /dev/shm in MiB."""
    file_systems: Mapping[str, FileSystemMount] = {}
    """The volumes of its containers that are file systems, by name. They stay mounted until the sandbox is released."""
    shared_proxy: str = ""
    """The name of its proxy's container, if that is the host's proxy; otherwise empty."""

    @property
    def instance(self) -> TaskId | None:
        """The sandbox of the container instance whose network this one uses."""
        return self.network.instance if isinstance(self.network, BridgeNetwork | HostNetwork) else None

    def holder(self, sharing: NamespaceSharing) -> TaskId | None:
        """The sandbox that has the namespace; None = each container has its own. Raises ValueError without ``host``."""
        if sharing is NamespaceSharing.HOST and self.host is None:
            raise ValueError("no container instance to share with")
        return {NamespaceSharing.OWN: None, NamespaceSharing.TASK: self.task, NamespaceSharing.HOST: self.host}[sharing]

    @property
    def user_namespace(self) -> TaskId:
        """The sandbox that has the user namespace of its containers: that of its container instance, if it shares
        another namespace with it.
        """
        if isinstance(self.network, HostNetwork):
            return self.network.instance
        shares = NamespaceSharing.HOST in {self.processes, self.ipc}
        return self.host if shares and self.host is not None else self.task

    @property
    def holders(self) -> tuple[TaskId, ...]:
        """The sandboxes whose namespaces the sandbox's containers use."""
        holders = (self.holder(self.processes), self.holder(self.ipc))
        return tuple(dict.fromkeys(holder for holder in holders if holder is not None))


class Probe(msgspec.Struct, frozen=True):
    """A health check that runs in the container. Times in seconds."""

    command: tuple[str, ...]
    """As in ECS: ``("CMD", prog, arg…)`` or ``("CMD-SHELL", line)``."""
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int = 0


class Ulimit(msgspec.Struct, frozen=True):
    """One resource limit, with a name of ``domain/sandbox/linux.py``; -1 = unlimited."""

    name: str
    soft: int
    hard: int


class TmpfsMount(msgspec.Struct, frozen=True):
    """A file system in memory. ``options``: as ``domain/sandbox/linux.py`` has them."""

    path: str
    mib: int
    options: tuple[str, ...] = ()


class VolumeMount(msgspec.Struct, frozen=True):
    """A mount of a directory: of the task (``volume``, or the sandbox's file system of that name), of the installation
    (``shared``), or of the machine (``host_path``), which is created if it does not exist.
    """

    path: str
    volume: str = ""
    shared: bool = False
    host_path: str | None = None
    read_only: bool = False
    provision: bool = False
    """Whether a shared directory is created if it does not exist."""
    public: bool = False
    """Whether each user of the container may make files in it."""


class ContainerNames(msgspec.Struct, frozen=True):
    """A container's own host name, hosts and DNS settings; None and empty = the task's."""

    host_name: str | None = None
    hosts: tuple[HostName, ...] = ()
    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


class MemoryLimits(msgspec.Struct, frozen=True):
    """The memory limits of a container, in MiB. ``reserved``: the soft limit; ``swap``: None = none; ``swappiness``: 0
    to 100, None = the machine's.
    """

    limit: int = 0
    reserved: int = 0
    swap: int | None = None
    swappiness: int | None = None
    shared: int = 64
    """The size of /dev/shm in MiB."""


class LogForwarding(msgspec.Struct, frozen=True):
    """The output of a container, forwarded to another of its task: each line becomes an event of the Fluentd forward
    protocol (https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1), with the tag and the fields.

    ``container`` gets them. It listens on the Unix socket ``socket`` in the task's volume ``volume``. While it takes
    none, at most ``max_events`` wait, and later ones are lost.
    """

    container: str
    volume: str
    socket: str
    tag: str
    fields: Mapping[str, str]
    max_events: int


class ContainerSpec(msgspec.Struct, frozen=True):
    """The specification of a container."""

    task: TaskId
    name: str
    image: str
    digest: str | None = None
    """The digest of the image; None = to be resolved."""
    architecture: str | None = None
    """The architecture of the image: ``X86_64`` or ``ARM64``; None = the machine's."""
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    """None = the image's, as for ``entry_point``."""
    environment: Mapping[str, str | Secret] = {}
    working_directory: str | None = None
    user: str | None = None
    """``user``, ``uid``, ``user:group`` or ``uid:gid``; None = root with reduced capabilities."""
    probe: Probe | None = None
    stop_timeout: int = 30
    cpu_units: int = 0
    memory: MemoryLimits = MemoryLimits()
    ulimits: tuple[Ulimit, ...] = ()
    open_files: int | None = None
    """The limit ``nofile`` without an entry in ``ulimits``, as far as the machine allows; None = the machine's."""
    readonly_root: bool = False
    held_output: int = 0
    """The bytes of output that the runtime has to keep for a reader that is away; 0 = the runtime's default."""
    init: bool = False
    """The first process is a reaper, which passes signals on to the command."""
    capabilities: frozenset[str] = DEFAULT_CAPABILITIES
    """Names as ``domain/sandbox/linux.py`` has them."""
    sysctls: Mapping[str, str] = {}
    tmpfs: tuple[TmpfsMount, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    files: Mapping[str, str] = {}
    """The contents of files that the container can only read, by path."""
    log_forwarding: LogForwarding | None = None
    names: ContainerNames = ContainerNames()
    no_new_privileges: bool = False
    """No program that the container executes gains privileges. A runtime may do so anyway."""
    networkless: bool = False
    """The container has a network namespace of its own, with a loopback interface only."""
    interactive: bool = False
    """The standard input stays open without any data; otherwise it is at its end from the start."""
    terminal: bool = False
    """The container has a terminal of its own; all output of that counts as stdout."""
    attempt: int = 0
    """Which start of this container it is; see ``TaskRuntime.start``."""


class ProxySpec(msgspec.Struct, frozen=True):
    """The Envoy of one task, or (``serves_host``) of all tasks that share it; then it enters their network namespaces.
    Envoy runs as a user of its own, and gets its configuration from the control plane. ``name`` is the container's.
    An Envoy that replaces a ``container`` of the task definition has that container's user, environment, limits, mounts
    and ``attempt``, and the files of its image if that is imported. Its health is Envoy's own readiness, checked at the
    times of the container's probe. ``held_output`` is as in ContainerSpec.
    """

    task: TaskId
    name: str
    bootstrap: bytes
    """Envoy's bootstrap, JSON. ``{run}`` in it stands for the proxy's private run directory, ``{xds}`` and
    ``{statistics}`` for the paths of the control plane's sockets; the runtime fills them in."""
    stop_timeout: int = 30
    log_level: str = "info"
    """A level of Envoy's: ``info``, ``debug``, …"""
    held_output: int = 0
    container: ContainerSpec | None = None
    concurrency: int = 1
    """Worker threads."""
    admin_port: int | None = None
    """The port of its admin interface in the task's namespace; None = it listens at the socket ``{run}/admin.sock``."""
    flush_interval: int = 1000
    """Milliseconds after which it writes out lines of its files."""
    attempt: int = 0
    serves_host: bool = False
