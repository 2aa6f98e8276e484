"""Translates a ``ContainerSpec`` into a ``LaunchConfig``: pure, with Docker's defaults where ECS has the same.

Source: https://docs.docker.com/engine/security/#linux-kernel-capabilities
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.sandbox.linux import ULIMITS
from moyai.domain.sandbox.spec import ContainerSpec, FileSystemMount, Probe, Ulimit
from moyai.images.model import Image
from moyai.kernel.secret import Secret
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.runtime.linux.cgroups.groups import Membership
from moyai.runtime.linux.launch import os_settings
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import BIND_READ_ONLY, EMPTY, EMPTY_READ_ONLY, NO_PROBE, LaunchConfig

_MAX_DIGITS = 2
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MASKED_DIRECTORIES = ("/run", "/tmp")  # noqa: S108 - directories of the host's root that containers must not see


class ContainerPlace(NamedTuple):
    """The directory, the log and the cgroups of a container."""

    directory: Path
    logs: Path
    membership: Membership


class HostEnvironment(NamedTuple):
    """The facts about the machine and the task that all containers of the task share.

    ``path``: the variable PATH of containers that have the host's root as their image; ``disks``: mount points of disks
    on the host's root; ``joins``, ``disk``, ``users``, ``user_namespace``: see ``LaunchConfig``; ``file_systems``: see
    ``SandboxSpec``; ``open_files``: the largest limit of open files that a process can have.
    """

    paths: RuntimePaths
    path: str
    host_name: str
    netns: Path
    open_files: int
    disks: Sequence[str] = ()
    access: HostAccess = HostAccess()
    joins: Sequence[tuple[str, int, int]] = ()
    disk: Path | None = None
    users: int = 0
    user_namespace: Path = Path()
    file_systems: Mapping[str, FileSystemMount] = MappingProxyType({})


def container_config(spec: ContainerSpec, image: Image, place: ContainerPlace, host: HostEnvironment) -> LaunchConfig:
    """The configuration of an application's container. Raises CannotStart without a command, CannotCreate on a bad
    limit or working directory.
    """
    arguments = _command_line(spec, image)
    paths, config = host.paths, image.config
    host_name = spec.names.host_name or host.host_name
    environment = {"PATH": host.path if image.on_host else _DEFAULT_PATH, "HOSTNAME": host_name}
    if spec.terminal:
        environment["TERM"] = "xterm"
    return LaunchConfig(
        common_fields(place, paths)
        | os_settings.os_fields(
            spec, paths, host.access, host.disk, 0 if image.on_host else host.users, host.file_systems
        )
        | health_check_fields(spec.probe)
        | ({} if image.on_host else user_fields(host, no_new_privileges=spec.no_new_privileges))
        | {
            "task": spec.task,
            "netns": str(host.netns),
            "joins": tuple(host.joins),
            "layers": (*image.layers, "/") if image.on_host else image.layers,
            "mounts": _mounts(spec, image, host),
            "read_only": spec.readonly_root,
            "held_output": spec.held_output,
            "host_name": host_name,
            "arguments": arguments,
            "environment": {**environment, **config.environment, **reveal_secrets(spec.environment)},
            "working_directory": _working_directory(spec, image),
            "user": spec.user or config.user,
            "limits": resource_limits(_ulimits(spec, host.open_files)),
            "stop_signal": stop_signal(config.stop_signal),
            "stop_timeout": float(spec.stop_timeout),
            "image_volumes": _image_volumes(spec, image),
        }
    )


def user_fields(host: HostEnvironment, *, no_new_privileges: bool) -> dict[str, object]:
    """The fields of a container in the task's user namespace, if the task has one. Without one, root in a container is
    the machine's, and so must not regain privileges.
    """
    if not host.users:
        return {}
    return {
        "users": host.users,
        "user_namespace": str(host.user_namespace),
        "no_new_privileges": no_new_privileges,
    }


def common_fields(place: ContainerPlace, paths: RuntimePaths) -> dict[str, object]:
    """The fields that are the same for every container, or have a default."""
    return {
        "attempt": 0,
        "held_output": 0,
        "tmpfs": (),
        "volumes": (),
        "image_volumes": (),
        "stop_signal": int(signal.SIGTERM),
        "shared_memory": "64m",
        "sysctls": (),
        "networkless": False,
        "holds": False,
        "joins": (),
        "init": False,
        "interactive": False,
        "terminal": False,
        "directory": str(place.directory),
        "disk": "",
        "logs": str(place.logs),
        "run": str(paths.run),
        "processes": place.membership.processes,
        "oom_events": place.membership.oom_events,
        "cgroups": place.membership.shown,
        "users": 0,
        "user_namespace": "",
        "no_new_privileges": True,
        "ambient": False,
        "further_calls": (),
        "groups": (),
    }


def reveal_secrets(environment: Mapping[str, str | Secret]) -> dict[str, str]:
    """The environment in clear text, for the file that only root can read, and for the container's own environment."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in environment.items()}


def _command_line(spec: ContainerSpec, image: Image) -> tuple[str, ...]:
    """The arguments by Docker's rule: an entry point in the definition also replaces the image's command."""
    entry_point = image.config.entry_point if spec.entry_point is None else spec.entry_point
    command = spec.command
    if command is None:
        command = image.config.command if spec.entry_point is None else ()
    if not (arguments := (*entry_point, *command)):
        raise CannotStart("no command specified")
    return arguments


def _working_directory(spec: ContainerSpec, image: Image) -> str:
    directory = spec.working_directory or image.config.working_directory
    if not directory.startswith("/"):
        raise CannotCreate(f"the working directory '{directory}' is invalid, it needs to be an absolute path")
    return directory


def stop_signal(text: str | None) -> int:
    """The number of the signal in an image's STOPSIGNAL: ``SIGQUIT``, ``QUIT``, ``3``, ``SIGRTMIN+3``. A text that
    names no signal counts as SIGTERM, as with Docker.
    """
    name, plus, offset = (text or "SIGTERM").upper().partition("+")
    if name.isdecimal() and not plus:
        number = int(name) if len(name) <= _MAX_DIGITS else 0
    else:
        signals = signal.Signals.__members__
        base = signals.get(name) or signals.get(f"SIG{name}")
        added = int(offset) if offset.isdecimal() and len(offset) <= _MAX_DIGITS else 0
        number = 0 if base is None else base + added
    return number if 0 < number <= signal.SIGRTMAX else int(signal.SIGTERM)


def _image_volumes(spec: ContainerSpec, image: Image) -> tuple[str, ...]:
    """The image's VOLUMEs, outer before inner, without those that a mount of the container definition replaces."""
    replaced = {mount.path.rstrip("/") for mount in spec.volumes} | {mount.path.rstrip("/") for mount in spec.tmpfs}
    paths = {f"/{path.strip('/')}" for path in image.config.volumes if path.strip("/")}
    return tuple(sorted(paths - replaced, key=lambda path: (path.count("/"), path)))


def _mounts(spec: ContainerSpec, image: Image, host: HostEnvironment) -> tuple[tuple[str, str, str], ...]:
    files = [*os_settings.etc_file_mounts(spec, host.paths), *os_settings.generated_file_mounts(spec, host.paths)]
    if not image.on_host:
        return tuple(files)
    disks = [(BIND_READ_ONLY, disk, disk) for disk in host.disks]
    masks = [*((EMPTY, "", mask) for mask in _MASKED_DIRECTORIES), (EMPTY_READ_ONLY, "", str(host.paths.state))]
    return (*disks, *masks, *_interpreter_mounts(host.path), *files)


def _interpreter_mounts(path: str) -> list[tuple[str, str, str]]:
    """A mount of the directory above the first entry of PATH, which has moyai's own Python, if a mask would cover it:
    the project may have been cloned into /tmp.
    """
    directory = Path(path.partition(":")[0]).parent
    covered = any(directory.is_relative_to(mask) for mask in _MASKED_DIRECTORIES)
    return [(BIND_READ_ONLY, str(directory), str(directory))] if covered else []


def health_check_fields(probe: Probe | None) -> dict[str, object]:
    """The fields of a health check."""
    if probe is None or probe.command[:1] == ("NONE",):
        probe = Probe(NO_PROBE)
    return {
        "probe": probe.command,
        "interval": float(probe.interval),
        "settled_interval": float(probe.interval),
        "timeout": float(probe.timeout),
        "retries": probe.retries,
        "start_period": float(probe.start_period),
    }


def _ulimits(spec: ContainerSpec, most_open_files: int) -> tuple[Ulimit, ...]:
    """The container's limits, with its default for open files as far as the machine allows."""
    if spec.open_files is None or any(limit.name == "nofile" for limit in spec.ulimits):
        return spec.ulimits
    open_files = min(spec.open_files, most_open_files)
    return (*spec.ulimits, Ulimit("nofile", open_files, open_files))


def resource_limits(ulimits: tuple[Ulimit, ...]) -> tuple[tuple[int, int, int], ...]:
    """The value of the field ``limits``. Raises CannotCreate for a limit that Linux does not have."""
    for limit in ulimits:
        if limit.name not in ULIMITS:
            raise CannotCreate(f"ulimit {limit.name} is not known on this machine")
    return tuple((ULIMITS[limit.name], limit.soft, limit.hard) for limit in ulimits)
