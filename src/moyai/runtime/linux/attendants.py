"""Orders for moyai's own processes: Envoy, pasta, and what holds namespaces. Tasks' Envoys are in ``proxies``.

Each is alone in a bare root with next to no capabilities.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from moyai.domain.sandbox.spec import SandboxSpec
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.orders import Place, common, probing
from moyai.runtime.linux.shim.order import BIND, BIND_READ_ONLY, EMPTY_READ_ONLY, Order

PROXY_USER = "20000:20000"
"""The user that every Envoy runs under. It needs no entry in any passwd file."""

RUN_IN_PROXY = "/run/proxy"
PLACES_IN_PROXY: Mapping[bytes, bytes] = MappingProxyType(
    {
        b"{run}": RUN_IN_PROXY.encode(),
        b"{xds}": b"/run/moyai/xds.sock",
        b"{statistics}": b"/run/moyai/statistics.sock",
    }
)
"""What stands for a path in a bootstrap, and what it becomes, as the proxy sees it."""

_NOBODY = "65534:65534"
_ENVOY_IN_PROXY = "/envoy"
_NET_BIND_SERVICE, _NET_ADMIN, _SYS_ADMIN = 10, 12, 21
_ENVOY_PROBE_INTERVAL, _ENVOY_SETTLED_INTERVAL, _ENVOY_PROBE_TIMEOUT = 0.1, 5.0, 5.0
_WITHOUT_FAILED_PUSHES = "stats:critical"
"""A control plane that is away for a while is no error of the proxy's: the next push has it all."""
_ACCESS_LOG_DELAY = "1000"
"""Milliseconds that a line of an access log may wait for others."""
_HIDDEN = ("tasks", "gone", "netns", "cgroups", "gateway", "outside", "disks")
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def pause(spec: SandboxSpec, place: Place, layout: Layout, netns: Path) -> Order:
    """What holds the namespaces that the containers of a sandbox share: nobody, with nothing, in an empty root."""
    return Order(
        common(place, layout)
        | probing(None)
        | {
            "task": spec.task,
            "netns": str(netns),
            "layers": (),
            "mounts": (),
            "shared_memory": f"{spec.shared_memory}m",
            "read_only": True,
            "holds": True,
            "host_name": "pause",
            "arguments": (),
            "environment": {},
            "working_directory": "/",
            "user": _NOBODY,
            "capabilities": (),
            "limits": (),
            "stop_timeout": 1.0,
        }
    )


def gateway(place: Place, layout: Layout, envoy: Path, run: Path) -> Order:
    """The Envoy behind public addresses, in the host's network.

    It keeps two capabilities: SYS_ADMIN to open sockets inside the VPCs' routers, NET_BIND_SERVICE for low ports.
    """
    every = envoy_alone(place, layout, envoy, run)
    return Order(
        every
        | {
            "task": "",
            "netns": None,
            "mounts": (*envoy_mounts(layout, envoy, run), (BIND, str(layout.netns), "/run/netns")),
            "host_name": "gateway",
            "arguments": envoy_arguments("warning"),
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

    It needs NET_ADMIN to take its end of the tap, SYS_ADMIN to step into the router for that; then it locks itself in,
    for which it calls pivot_root.
    Its name is not that of the host's file, or the host's AppArmor would know it and keep it from the router.
    """
    fast = program.with_name(f"{program.name}.avx2")  # it looks for this beside itself
    files = [(file, name) for file, name in ((program, "/pasta"), (fast, "/pasta.avx2")) if file.exists()]
    return Order(
        common(place, layout)
        | probing(None)
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
            "further_calls": ("pivot_root",),
            "limits": (),
            "stop_timeout": 1.0,
        }
    )


def envoy_alone(place: Place, layout: Layout, envoy: Path, run: Path) -> dict[str, object]:
    """What every Envoy's order has: a bare root, no capabilities, ready when the admin interface says so."""
    return common(place, layout) | {
        "layers": (),
        "mounts": envoy_mounts(layout, envoy, run),
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


def envoy_mounts(layout: Layout, envoy: Path, run: Path) -> tuple[tuple[str, str, str], ...]:
    """What every Envoy sees: itself, its run directory and the control plane's sockets."""
    return (
        *_libraries(),
        (BIND_READ_ONLY, str(envoy.resolve()), _ENVOY_IN_PROXY),
        (BIND_READ_ONLY, str(layout.run), "/run/moyai"),
        *((EMPTY_READ_ONLY, "", f"/run/moyai/{name}") for name in _HIDDEN),
        (BIND, str(run), RUN_IN_PROXY),
    )


def _libraries() -> list[tuple[str, str, str]]:
    return [(BIND_READ_ONLY, path, path) for path in _LIBRARIES if Path(path).is_dir()]


def write_for(path: Path, data: bytes, owner: tuple[int, int]) -> None:
    """A new file for this user and group alone, in the place of whatever they left there."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchown(fd, *owner)
        file.write(data)


def envoy_arguments(log_level: str, concurrency: int = 1) -> tuple[str, ...]:
    """The command that starts Envoy with the bootstrap in its run directory."""
    config = f"{RUN_IN_PROXY}/bootstrap.json"
    return (
        _ENVOY_IN_PROXY,
        *(
            "--config-path",
            config,
            "--concurrency",
            str(concurrency),
            "--disable-hot-restart",
            "--log-level",
            log_level,
            "--component-log-level",
            _WITHOUT_FAILED_PUSHES,
            "--file-flush-interval-msec",
            _ACCESS_LOG_DELAY,
        ),
    )
