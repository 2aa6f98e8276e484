"""The operating system settings of a container: mounts, capabilities, kernel parameters and files in ``/etc``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.sandbox.linux import CAPABILITIES
from moyai.domain.sandbox.spec import ContainerSpec, FileSystemMount, LogForwarding, TmpfsMount, VolumeMount
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.launch import etc_files
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.runtime_paths import RuntimePaths, path_component
from moyai.runtime.linux.shim import syscalls as sys
from moyai.runtime.linux.shim.launch_config import COPY, DISK_VOLUMES, MAPPED_READ_ONLY, VolumeFields
from moyai.runtime.linux.shim.user_namespace import IDS

_SET_FLAGS: Mapping[str, int] = MappingProxyType(
    {
        "ro": sys.MS_RDONLY,
        "nosuid": sys.MS_NOSUID,
        "nodev": sys.MS_NODEV,
        "noexec": sys.MS_NOEXEC,
        "sync": sys.MS_SYNCHRONOUS,
        "dirsync": sys.MS_DIRSYNC,
        "noatime": sys.MS_NOATIME,
        "nodiratime": sys.MS_NODIRATIME,
        "relatime": sys.MS_RELATIME,
        "strictatime": sys.MS_STRICTATIME,
    }
)
_CLEARED_FLAGS: Mapping[str, int] = MappingProxyType(
    {
        "rw": sys.MS_RDONLY,
        "suid": sys.MS_NOSUID,
        "dev": sys.MS_NODEV,
        "exec": sys.MS_NOEXEC,
        "async": sys.MS_SYNCHRONOUS,
        "atime": sys.MS_NOATIME,
        "diratime": sys.MS_NODIRATIME,
        "norelatime": sys.MS_RELATIME,
        "nostrictatime": sys.MS_STRICTATIME,
        "defaults": sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC | sys.MS_RDONLY,
    }
)
"""The flags that each option clears; ``defaults`` stands for rw, suid, dev and exec."""

_FILES = ("hosts", "hostname", "resolv.conf")


def os_fields(
    spec: ContainerSpec,
    paths: RuntimePaths,
    access: HostAccess,
    disk: Path | None,
    users: int,
    file_systems: Mapping[str, FileSystemMount],
) -> dict[str, object]:
    """The fields of a ``LaunchConfig`` for these settings. Raises CannotCreate for what the host access policy refuses.

    ``users``: as in ``LaunchConfig``; ``file_systems``: as in ``SandboxSpec``.
    """
    access.check_capabilities(spec.capabilities)
    return {
        "attempt": spec.attempt,
        "tmpfs": tuple(_tmpfs(mount, users) for mount in spec.tmpfs),
        "volumes": _volumes(spec, paths, access, disk, file_systems),
        "groups": further_groups(spec, file_systems),
        "disk": "" if disk is None else str(disk),
        "shared_memory": f"{spec.memory.shared}m",
        "sysctls": tuple((name.replace(".", "/"), value) for name, value in spec.sysctls.items()),
        "networkless": spec.networkless,
        "init": spec.init,
        "interactive": spec.interactive,
        "terminal": spec.terminal,
        "capabilities": tuple(sorted(CAPABILITIES[name] for name in spec.capabilities)),
        **_forwarding_fields(spec.task, spec.log_forwarding, paths, disk),
    }


def _forwarding_fields(
    task: TaskId, forwarding: LogForwarding | None, paths: RuntimePaths, disk: Path | None
) -> dict[str, object]:
    if forwarding is None:
        return {}
    socket = f"{path_component(forwarding.volume)}/{path_component(forwarding.socket)}"
    return {
        "router": str(paths.container(task, forwarding.container)),
        "forward_volumes": str(paths.task_volumes(task)),
        "forward_socket": socket if disk is None else f"{Path(DISK_VOLUMES).name}/{socket}",
        "forward_tag": forwarding.tag,
        "forward_fields": tuple(forwarding.fields.items()),
        "forward_events": forwarding.max_events,
    }


def generated_file_mounts(spec: ContainerSpec, paths: RuntimePaths) -> list[tuple[str, str, str]]:
    """Write the files that are generated for the container into its directory; returns their mounts."""
    mounts = []
    for number, (path, text) in enumerate(spec.files.items()):
        file = paths.container(spec.task, spec.name) / f"generated-{number}"
        file.write_text(text)
        file.chmod(0o644)
        mounts.append((MAPPED_READ_ONLY, str(file), path))
    return mounts


def etc_file_mounts(spec: ContainerSpec, paths: RuntimePaths) -> list[tuple[str, str, str]]:
    """The mounts of the container's ``hosts``, ``hostname`` and ``resolv.conf``: the task's files, or the container's
    own where it differs.
    """
    task, container = paths.task(spec.task), paths.container(spec.task, spec.name)
    files = {name: task / name for name in _FILES} | etc_files.write_container_files(spec.names, task, container)
    return [(COPY, str(path), f"/etc/{name}") for name, path in files.items()]


def _tmpfs(mount: TmpfsMount, users: int) -> tuple[str, int, str]:
    flags, options = sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC, {"mode": "1777", "size": f"{mount.mib}m"}
    for option in mount.options:
        name, equals, value = option.partition("=")
        if equals:
            options[name] = _id_outside(value, users) if name in {"uid", "gid"} else value
        else:
            flags = flags & ~_CLEARED_FLAGS.get(name, 0) | _SET_FLAGS.get(name, 0)
    return mount.path, flags, ",".join(f"{name}={value}" for name, value in options.items())


def _id_outside(number: str, users: int) -> str:
    """An id of a container as this machine has it: a file system that the container's monitor mounts is outside of the
    user namespace.
    """
    if users and int(number) >= IDS:
        raise CannotCreate(f"uids and gids must be in range 0-{IDS - 1}: {number}")
    return str(users + int(number))


class _VolumeParents(NamedTuple):
    """The parent directories of volumes. With ``on_disk``, the container itself makes those on the task's disk."""

    shared: Path
    of_task: Path
    on_disk: bool


def _volume_parents(spec: ContainerSpec, paths: RuntimePaths, disk: Path | None) -> _VolumeParents:
    if disk is None:
        return _VolumeParents(paths.volumes, paths.task_volumes(spec.task), on_disk=False)
    return _VolumeParents(paths.volumes, paths.container(spec.task, spec.name) / DISK_VOLUMES, on_disk=True)


def _volumes(
    spec: ContainerSpec,
    paths: RuntimePaths,
    access: HostAccess,
    disk: Path | None,
    file_systems: Mapping[str, FileSystemMount],
) -> tuple[VolumeFields, ...]:
    parents = _volume_parents(spec, paths, disk)
    return tuple(
        _file_system(mount, file_systems[mount.volume], paths)
        if mount.volume in file_systems
        else _volume(mount, parents, paths.state, access)
        for mount in spec.volumes
    )


def _volume(mount: VolumeMount, parents: _VolumeParents, state: Path, access: HostAccess) -> VolumeFields:
    if mount.host_path is not None:
        base, relative = access.split_host_path(mount.host_path, state)
        return base, relative, mount.path, mount.read_only, False, False, None
    parent = parents.shared if mount.shared else parents.of_task
    name = path_component(mount.volume)
    if mount.shared and not mount.provision and not (parent / name).is_dir():
        raise CannotCreate(f"the volume {name} is not there, and its autoprovision is not true")
    if mount.shared or not parents.on_disk:
        parent.mkdir(mode=0o700, exist_ok=True)
    return str(parent), name, mount.path, mount.read_only, True, mount.public, None


def _file_system(mount: VolumeMount, source: FileSystemMount, paths: RuntimePaths) -> VolumeFields:
    user = () if source.user is None else (source.user.uid, source.user.gid, *source.user.further_gids)
    return str(paths.file_system(source.file_system)), source.directory, mount.path, mount.read_only, False, False, user


def further_groups(spec: ContainerSpec, file_systems: Mapping[str, FileSystemMount]) -> tuple[int, ...]:
    """The groups that a container has by the access points of its volumes. ``file_systems``: as in ``SandboxSpec``.
    Raises CannotCreate for a group that no container can have.
    """
    sources = (file_systems[mount.volume] for mount in spec.volumes if mount.volume in file_systems)
    groups = sorted({gid for source in sources if source.user is not None for gid in source.user.further_gids})
    if groups and groups[-1] >= IDS:
        raise CannotCreate(f"SecondaryGids of an access point must be in range 0-{IDS - 1}: {groups[-1]}")
    return tuple(groups)
