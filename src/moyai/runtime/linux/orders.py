"""From what the port says of a container to what a keeper is told: pure, with Docker's defaults where AWS has them.

Source: https://docs.docker.com/engine/security/#linux-kernel-capabilities
"""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.spec import ContainerSpec, Probe, Ulimit
from moyai.kernel.secret import Secret
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.runtime.linux import settings
from moyai.runtime.linux.cgroups import Membership
from moyai.runtime.linux.images import Image
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.shim.order import BIND_READ_ONLY, EMPTY, EMPTY_READ_ONLY, NO_PROBE, Order
from moyai.runtime.linux.trust import Trust

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MASKED = ("/run", "/tmp")  # noqa: S108 - what is hidden from containers


class Place(NamedTuple):
    """Where a container is put: its directory, its log, and the groups that bound it."""

    directory: Path
    logs: Path
    membership: Membership


class Surroundings(NamedTuple):
    """What all containers of a task share, and what the machine adds. ``path``: PATH on the host's image;
    ``disks``: mounts of the host that belong to its root; ``joins``, ``disk``: see ``Order``.
    """

    layout: Layout
    path: str
    host_name: str
    netns: Path
    disks: Sequence[str] = ()
    trust: Trust = Trust()
    joins: Sequence[tuple[str, int, int]] = ()
    disk: Path | None = None


def container(spec: ContainerSpec, image: Image, place: Place, surroundings: Surroundings) -> Order:
    """An application's container. Raises CannotStart when there is nothing to run, CannotCreate on a bad limit."""
    arguments = _arguments(spec, image)
    layout, config = surroundings.layout, image.config
    host_name = spec.names.host_name or surroundings.host_name
    environment = {"PATH": surroundings.path if image.on_host else _DEFAULT_PATH, "HOSTNAME": host_name}
    if spec.terminal:
        environment["TERM"] = "xterm"
    return Order(
        common(place, layout)
        | settings.fields(spec, layout, surroundings.trust, surroundings.disk)
        | probing(spec.probe)
        | {
            "task": spec.task,
            "netns": str(surroundings.netns),
            "joins": tuple(surroundings.joins),
            "layers": (*image.layers, "/") if image.on_host else image.layers,
            "mounts": _container_mounts(spec, image, surroundings),
            "read_only": spec.readonly_root,
            "held_output": spec.held_output,
            "host_name": host_name,
            "arguments": arguments,
            "environment": {**environment, **config.environment, **revealed(spec.environment)},
            "working_directory": spec.working_directory or config.working_directory,
            "user": spec.user or config.user,
            "limits": limits(spec.ulimits),
            "stop_timeout": float(spec.stop_timeout),
        }
    )


def common(place: Place, layout: Layout) -> dict[str, object]:
    """What every order has."""
    return {
        "attempt": 0,
        "held_output": 0,
        "tmpfs": (),
        "volumes": (),
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
        "run": str(layout.run),
        "processes": place.membership.processes,
        "oom_events": place.membership.oom_events,
        "ambient": False,
        "further_calls": (),
        "groups": (),
    }


def revealed(environment: Mapping[str, str | Secret]) -> dict[str, str]:
    """From here on, values are in the order, a file that root alone may read, and in the container's environment."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in environment.items()}


def _arguments(spec: ContainerSpec, image: Image) -> tuple[str, ...]:
    """Docker's rule: an entry point of the definition's own also drops the image's command."""
    entry_point = image.config.entry_point if spec.entry_point is None else spec.entry_point
    command = spec.command
    if command is None:
        command = image.config.command if spec.entry_point is None else ()
    if not (arguments := (*entry_point, *command)):
        raise CannotStart("no command specified")
    return arguments


def _container_mounts(
    spec: ContainerSpec, image: Image, surroundings: Surroundings
) -> tuple[tuple[str, str, str], ...]:
    own = settings.own_files(spec, surroundings.layout)
    if not image.on_host:
        return tuple(own)
    disks = [(BIND_READ_ONLY, disk, disk) for disk in surroundings.disks]
    masks = [*((EMPTY, "", mask) for mask in _MASKED), (EMPTY_READ_ONLY, "", str(surroundings.layout.state))]
    return (*disks, *masks, *_tools(surroundings.path), *own)


def _tools(path: str) -> list[tuple[str, str, str]]:
    """The folder above the first entry of PATH, moyai's own Python, where a mask would cover it: the project may
    have been cloned into /tmp.
    """
    folder = Path(path.partition(":")[0]).parent
    covered = any(folder.is_relative_to(mask) for mask in _MASKED)
    return [(BIND_READ_ONLY, str(folder), str(folder))] if covered else []


def probing(probe: Probe | None) -> dict[str, object]:
    """An order's health check."""
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


def limits(ulimits: tuple[Ulimit, ...]) -> tuple[tuple[int, int, int], ...]:
    """An order's limits. Raises CannotCreate."""
    return tuple((_limit(u.name), u.soft, u.hard) for u in ulimits)


def _limit(name: str) -> int:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if not isinstance(number, int):
        raise CannotCreate(f"ulimit {name} is not known on this machine")
    return number
