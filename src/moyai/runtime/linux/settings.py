"""A container's place in the operating system, as a keeper is told: mounts, capabilities, kernel parameters, names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.sandbox.linux import CAPABILITIES
from moyai.domain.sandbox.spec import ContainerSpec, TmpfsMount, VolumeMount
from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux import names
from moyai.runtime.linux.layout import Layout, checked
from moyai.runtime.linux.shim import syscalls as sys
from moyai.runtime.linux.shim.order import COPY, DISK_VOLUMES
from moyai.runtime.linux.trust import Trust

_NO_FLAGS: Mapping[str, int] = MappingProxyType(
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
_YES_FLAGS: Mapping[str, int] = MappingProxyType(
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
"""What each option takes away; ``defaults`` is a mount's own: rw, suid, dev, exec."""

_FILES = ("hosts", "hostname", "resolv.conf")


def fields(spec: ContainerSpec, layout: Layout, trust: Trust, disk: Path | None) -> dict[str, object]:
    """The order's part of it. Raises CannotCreate for what this machine's owner doesn't allow."""
    trust.check(spec.capabilities)
    return {
        "attempt": spec.attempt,
        "tmpfs": tuple(_tmpfs(mount) for mount in spec.tmpfs),
        "volumes": tuple(_volume(mount, _homes(spec, layout, disk), layout.state, trust) for mount in spec.volumes),
        "disk": "" if disk is None else str(disk),
        "shared_memory": f"{spec.memory.shared}m",
        "sysctls": tuple((name.replace(".", "/"), value) for name, value in spec.sysctls.items()),
        "networkless": spec.networkless,
        "init": spec.init,
        "interactive": spec.interactive,
        "terminal": spec.terminal,
        "capabilities": tuple(sorted(CAPABILITIES[name] for name in spec.capabilities)),
    }


def own_files(spec: ContainerSpec, layout: Layout) -> list[tuple[str, str, str]]:
    """The files that say who the container is and whom it knows, as ``Order.mounts`` has them: its task's, or where it
    has more to say, its own.
    """
    task, own = layout.task(spec.task), layout.container(spec.task, spec.name)
    written = {name: task / name for name in _FILES} | names.write_own(spec.names, task, own)
    return [(COPY, str(path), f"/etc/{name}") for name, path in written.items()]


def _tmpfs(mount: TmpfsMount) -> tuple[str, int, str]:
    flags, options = sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC, {"mode": "1777", "size": f"{mount.mib}m"}
    for option in mount.options:
        name, equals, value = option.partition("=")
        if equals:
            options[name] = value
        else:
            flags = flags & ~_YES_FLAGS.get(name, 0) | _NO_FLAGS.get(name, 0)
    return mount.path, flags, ",".join(f"{name}={value}" for name, value in options.items())


class _Homes(NamedTuple):
    """Where volumes are: the installation's, and the task's. A task's disk is made ready by the container itself."""

    shared: Path
    own: Path
    on_disk: bool


def _homes(spec: ContainerSpec, layout: Layout, disk: Path | None) -> _Homes:
    if disk is None:
        return _Homes(layout.volumes, layout.task_volumes(spec.task), on_disk=False)
    return _Homes(layout.volumes, layout.container(spec.task, spec.name) / DISK_VOLUMES, on_disk=True)


def _volume(mount: VolumeMount, homes: _Homes, state: Path, trust: Trust) -> tuple[str, str, str, bool, bool]:
    if mount.host_path is not None:
        allowed, way = trust.way(mount.host_path, state)
        return allowed, way, mount.path, mount.read_only, False
    home = homes.shared if mount.shared else homes.own
    name = checked(mount.volume)
    if mount.shared and not mount.provision and not (home / name).is_dir():
        raise CannotCreate(f"the volume {name} is not there, and its autoprovision is not true")
    if mount.shared or not homes.on_disk:
        home.mkdir(mode=0o700, exist_ok=True)
    return str(home), name, mount.path, mount.read_only, True
