"""From what the port says to what a keeper is told: pure translation, with Docker's defaults where AWS has them.

Capabilities are Docker's default set without MKNOD: there is no devices cgroup here, and a container has no
use for a device node that can't be opened. The only seccomp filter is that of shim/filter.py.
Source: https://docs.docker.com/engine/security/#linux-kernel-capabilities
"""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.spec import ContainerSpec, Probe, ProxySpec, Ulimit
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.runtime.linux.cgroups import Membership
from moyai.runtime.linux.images import Image
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.shim.order import BIND, BIND_READ_ONLY, EMPTY, EMPTY_READ_ONLY, NO_PROBE, Order

PROXY_USER = "20000:20000"
"""The user that every Envoy runs under. It needs no entry in any passwd file."""

RUN_IN_PROXY, XDS_IN_PROXY = "/run/proxy", "/run/moyai/xds.sock"
"""What ``{run}`` and ``{xds}`` become, as the proxy sees them."""

_ENVOY_IN_PROXY = "/envoy"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NET_BIND_SERVICE, _NET_ADMIN, _SYS_ADMIN = 10, 12, 21
# CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT AUDIT_WRITE SETFCAP
_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, _NET_BIND_SERVICE, 13, 18, 29, 31)
_ENVOY_PROBE_INTERVAL, _ENVOY_SETTLED_INTERVAL, _ENVOY_PROBE_TIMEOUT = 0.1, 5.0, 5.0
_ACCESS_LOG_DELAY = "1000"
"""Milliseconds that a line of an access log may wait for others."""
_MASKED = ("/run", "/tmp")  # noqa: S108 - what is hidden from containers
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


class Place(NamedTuple):
    """Where a container is put: its directory, its log, and the groups that bound it."""

    directory: Path
    logs: Path
    membership: Membership


class Surroundings(NamedTuple):
    """What all containers of a task share, and what the machine adds. ``path``: PATH on the host's image;
    ``disks``: mounts of the host that belong to its root.
    """

    layout: Layout
    path: str
    host_name: str
    disks: Sequence[str] = ()


def container(spec: ContainerSpec, image: Image, place: Place, surroundings: Surroundings) -> Order:
    """An application's container. Raises CannotStart when there is nothing to run, CannotCreate on a bad limit."""
    arguments = _arguments(spec, image)
    layout, config = surroundings.layout, image.config
    environment = {"PATH": surroundings.path if image.on_host else _DEFAULT_PATH, "HOSTNAME": surroundings.host_name}
    return Order(
        _common(place, layout)
        | _probing(spec.probe)
        | {
            "task": spec.task,
            "netns": str(layout.task_netns(spec.task)),
            "layers": (*image.layers, "/") if image.on_host else image.layers,
            "mounts": _container_mounts(spec, image, surroundings),
            "read_only": spec.readonly_root,
            "host_name": surroundings.host_name,
            "arguments": arguments,
            "environment": {**environment, **config.environment, **spec.environment},
            "working_directory": spec.working_directory or config.working_directory,
            "user": spec.user or config.user,
            "capabilities": _CAPABILITIES,
            "limits": _limits(spec.ulimits),
            "stop_timeout": float(spec.stop_timeout),
        }
    )


def proxy(spec: ProxySpec, place: Place, layout: Layout, envoy: Path) -> Order:
    """A task's Envoy: alone in a bare root, no capabilities, ready when its admin interface says so."""
    run = layout.proxy(spec.task)
    return Order(
        _envoy(place, layout, envoy, run)
        | {
            "task": spec.task,
            "netns": str(layout.task_netns(spec.task)),
            "host_name": "proxy",
            "arguments": _envoy_arguments(spec.log_level),
            "user": PROXY_USER,
            "stop_timeout": float(spec.stop_timeout),
        }
    )


def gateway(place: Place, layout: Layout, envoy: Path, run: Path) -> Order:
    """The Envoy behind public addresses, in the host's network.

    It keeps two capabilities: SYS_ADMIN to open sockets inside the VPCs' routers, NET_BIND_SERVICE for low ports.
    """
    common = _envoy(place, layout, envoy, run)
    return Order(
        common
        | {
            "task": "",
            "netns": None,
            "mounts": (*_sequence(common["mounts"]), (BIND, str(layout.netns), "/run/netns")),
            "host_name": "gateway",
            "arguments": _envoy_arguments("warning"),
            "user": PROXY_USER,
            "capabilities": (_NET_BIND_SERVICE, _SYS_ADMIN),
            "ambient": True,
            "stop_timeout": 1.0,
        }
    )


def way_out(
    place: Place, layout: Layout, program: Path, mounts: Sequence[tuple[str, str, str]], options: Sequence[str]
) -> Order:
    """The ``pasta`` that leads a VPC outside, in the host's network and alone in a bare root.

    It needs NET_ADMIN to take its end of the tap, SYS_ADMIN to step into the router for that; then it locks itself in.
    Its name is not that of the host's file, or the host's AppArmor would know it and keep it from the router.
    """
    fast = program.with_name(f"{program.name}.avx2")  # it looks for this beside itself
    files = [(file, name) for file, name in ((program, "/pasta"), (fast, "/pasta.avx2")) if file.exists()]
    return Order(
        _common(place, layout)
        | _probing(None)
        | {
            "task": "",
            "netns": None,
            "layers": (),
            "mounts": (*_libraries(), *((BIND_READ_ONLY, str(file), name) for file, name in files), *mounts),
            "read_only": True,
            "host_name": "outside",
            "arguments": ("/pasta", *options),
            "environment": {},
            "working_directory": "/",
            "user": "0:0",
            "capabilities": (_NET_ADMIN, _SYS_ADMIN),
            "limits": (),
            "stop_timeout": 1.0,
        }
    )


def _common(place: Place, layout: Layout) -> dict[str, object]:
    return {
        "directory": str(place.directory),
        "logs": str(place.logs),
        "run": str(layout.run),
        "processes": place.membership.processes,
        "oom_events": place.membership.oom_events,
        "ambient": False,
    }


def _envoy(place: Place, layout: Layout, envoy: Path, run: Path) -> dict[str, object]:
    mounts = [
        *_libraries(),
        (BIND_READ_ONLY, str(envoy.resolve()), _ENVOY_IN_PROXY),
        (BIND_READ_ONLY, str(layout.run), "/run/moyai"),
        *((EMPTY_READ_ONLY, "", f"/run/moyai/{name}") for name in ("tasks", "gone", "netns", "gateway", "outside")),
        (BIND, str(run), RUN_IN_PROXY),
    ]
    return _common(place, layout) | {
        "layers": (),
        "mounts": tuple(mounts),
        "read_only": True,
        "environment": {},
        "working_directory": "/",
        "capabilities": (),
        "limits": (),
        "probe": ("ENVOY", str(run / "admin.sock")),
        "interval": _ENVOY_PROBE_INTERVAL,
        "settled_interval": _ENVOY_SETTLED_INTERVAL,
        "timeout": _ENVOY_PROBE_TIMEOUT,
        "retries": 3,
        "start_period": 60.0,
    }


def _libraries() -> list[tuple[str, str, str]]:
    return [(BIND_READ_ONLY, path, path) for path in _LIBRARIES if Path(path).is_dir()]


def _envoy_arguments(log_level: str) -> tuple[str, ...]:
    config = f"{RUN_IN_PROXY}/bootstrap.json"
    return (
        _ENVOY_IN_PROXY,
        *(
            "--config-path",
            config,
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            log_level,
            "--file-flush-interval-msec",
            _ACCESS_LOG_DELAY,
        ),
    )


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
    task = surroundings.layout.task(spec.task)
    own = [(BIND, str(task / name), f"/etc/{name}") for name in ("hosts", "hostname", "resolv.conf")]
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


def _probing(probe: Probe | None) -> dict[str, object]:
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


def _limits(ulimits: tuple[Ulimit, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((_limit(u.name), u.soft, u.hard) for u in ulimits)


def _limit(name: str) -> int:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if not isinstance(number, int):
        raise CannotCreate(f"ulimit {name} is not known on this machine")
    return number


def _sequence(value: object) -> tuple[tuple[str, str, str], ...]:
    return value if isinstance(value, tuple) else ()
