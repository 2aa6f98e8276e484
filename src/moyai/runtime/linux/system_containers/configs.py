"""The launch configurations of system containers, and the fields that all Envoys share; ``proxies`` has tasks' own."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from moyai.domain.sandbox.host_proxy import NAMESPACES
from moyai.domain.sandbox.open_files import MOST, OpenLimits, open_limits
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.runtime.linux.launch.container_config import (
    ContainerPlace,
    HostEnvironment,
    common_fields,
    health_check_fields,
    user_fields,
)
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import (
    BIND,
    BIND_READ_ONLY,
    EMPTY_READ_ONLY,
    ENVOY,
    MAPPED,
    MAPPED_READ_ONLY,
    LaunchConfig,
)

SYS_ADMIN = 21
"""The number of the capability to enter namespaces."""

PROXY_USER = "20000:20000"
"""The user that every Envoy runs as. It needs no entry in any passwd file."""

RUN_IN_PROXY = "/run/proxy"
MACHINE = "/run/machine"
"""The network namespace of the machine, in the root of an Envoy that may enter it."""
PATHS_IN_PROXY: Mapping[bytes, bytes] = MappingProxyType(
    {
        b"{run}": RUN_IN_PROXY.encode(),
        b"{xds}": b"/run/moyai/xds.sock",
        b"{statistics}": b"/run/moyai/statistics.sock",
    }
)
"""The placeholders for paths in a bootstrap, and the paths in the proxy's root."""

_UNPRIVILEGED_USER = "65534:65534"
_ENVOY_IN_PROXY = "/envoy"
_NET_BIND_SERVICE, _NET_ADMIN = 10, 12
NET_RAW = 13
"""The number of the capability to send from addresses that the namespace does not have, the least that allows it."""
_ENVOY_PROBE_INTERVAL, _ENVOY_SETTLED_INTERVAL, _ENVOY_PROBE_TIMEOUT = 0.1, 5.0, 5.0
_HOST_PROXY_RETRIES = 6
"""Failed checks, about a minute, after which the host's proxy is ended: with it go the connections of all its tasks."""
_HOST_PROXY_START_PERIOD = 600.0
"""Seconds that the host's proxy gets to start. On a loaded machine with many tasks it starts slowly, and if it were
ended it would only start again, as slowly.
"""
COMPONENT_LOG_LEVELS = "stats:critical,misc:error"
"""A failed push is not an error: the next push after the control plane's return has all values. Envoy warns that a
field of access loggers for statistics is deprecated; the published messages lack the one that replaces it.
"""
_HIDDEN_FROM_PROXIES = ("tasks", "gone", "netns", "cgroups", "gateway", "datagrams", "outside", "disks")
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def limits_of_proxies() -> OpenLimits:
    """What each Envoy of this machine may have open. It raises its limit of open files to this process's hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return MOST if hard == resource.RLIM_INFINITY else open_limits(hard)


def pause_container(spec: SandboxSpec, place: ContainerPlace, host: HostEnvironment) -> LaunchConfig:
    """The process that holds the namespaces which a sandbox's containers share, unprivileged in an empty root."""
    return LaunchConfig(
        common_fields(place, host.paths)
        | health_check_fields(None)
        | user_fields(host, no_new_privileges=True)
        | {
            "task": spec.task,
            "netns": str(host.netns),
            "layers": (),
            "mounts": (),
            "shared_memory": f"{spec.shared_memory}m",
            "read_only": True,
            "holds": True,
            "host_name": "pause",
            "arguments": (),
            "environment": {},
            "working_directory": "/",
            "user": _UNPRIVILEGED_USER,
            "capabilities": (),
            "limits": (),
            "stop_timeout": 1.0,
        }
    )


def gateway_container(place: ContainerPlace, paths: RuntimePaths, envoy: Path, run: Path) -> LaunchConfig:
    """The Envoy of public addresses, in the host's network.

    It keeps two capabilities: SYS_ADMIN to open sockets inside the VPCs' routers, NET_BIND_SERVICE for low ports.
    """
    fields = envoy_fields(place, paths, envoy, run)
    return LaunchConfig(
        fields
        | {
            "task": "",
            "netns": None,
            "mounts": (*envoy_mounts(paths, envoy, run), (BIND, str(paths.netns), NAMESPACES)),
            "host_name": "gateway",
            "arguments": envoy_arguments("warning"),
            "user": PROXY_USER,
            "capabilities": (_NET_BIND_SERVICE, SYS_ADMIN),
            "ambient": True,
            "stop_timeout": 1.0,
        }
    )


def datagram_container(
    place: ContainerPlace, paths: RuntimePaths, envoy: Path, run: Path, namespaces: tuple[Path, Path]
) -> LaunchConfig:
    """The Envoy of a VPC's public UDP ports. ``namespaces``: the VPC's router, which is its own network, and the
    machine's network, in which it listens. For that it keeps SYS_ADMIN and NET_BIND_SERVICE, and may enter no other
    namespace.
    """
    router, machine = namespaces
    fields = envoy_fields(place, paths, envoy, run)
    return LaunchConfig(
        fields
        | {
            "task": "",
            "netns": str(router),
            "mounts": (*envoy_mounts(paths, envoy, run), (BIND, str(machine), MACHINE)),
            "host_name": "datagrams",
            "arguments": envoy_arguments("warning"),
            "user": PROXY_USER,
            "capabilities": (_NET_BIND_SERVICE, SYS_ADMIN),
            "filtered_as": (_NET_BIND_SERVICE,),
            "further_calls": ("setns",),
            "ambient": True,
            "stop_timeout": 1.0,
        }
    )


def host_proxy_fields(paths: RuntimePaths, envoy: Path, run: Path) -> dict[str, object]:
    """The fields of the Envoy that serves tasks of the whole host: it can enter their network namespaces.

    That needs SYS_ADMIN. Of the system calls that this capability opens, the filter leaves it ``setns`` alone, and that
    for network namespaces only.
    """
    return {
        "mounts": (*envoy_mounts(paths, envoy, run), (BIND, str(paths.netns), NAMESPACES)),
        "capabilities": (_NET_BIND_SERVICE, SYS_ADMIN),
        "filtered_as": (_NET_BIND_SERVICE,),
        "further_calls": ("setns",),
        "ambient": True,
        "retries": _HOST_PROXY_RETRIES,
        "start_period": _HOST_PROXY_START_PERIOD,
    }


def egress_container(
    place: ContainerPlace,
    paths: RuntimePaths,
    program: Path,
    mounts: Sequence[tuple[str, str, str]],
    options: Sequence[str],
) -> LaunchConfig:
    """The ``pasta`` process for a VPC's egress, in the host's network.

    It needs SYS_ADMIN to enter the router, NET_ADMIN to open the tap there, and ``pivot_root`` to confine itself
    afterwards. Its path differs from that of the host's file, whose AppArmor profile would not let it enter the router.
    """
    avx2_program = program.with_name(f"{program.name}.avx2")  # pasta looks for this beside its own file
    files = [(file, name) for file, name in ((program, "/pasta"), (avx2_program, "/pasta.avx2")) if file.exists()]
    return LaunchConfig(
        common_fields(place, paths)
        | health_check_fields(None)
        | {
            "task": "",
            "netns": None,
            "layers": (),
            "mounts": (*_library_mounts(), *((BIND_READ_ONLY, str(file), name) for file, name in files), *mounts),
            "read_only": True,
            "host_name": "outside",
            "arguments": ("/pasta", *options),
            "environment": {},
            "working_directory": "/",
            "user": "0:0",
            "capabilities": (_NET_ADMIN, SYS_ADMIN),
            "further_calls": ("pivot_root",),
            "limits": (),
            "stop_timeout": 1.0,
        }
    )


def envoy_fields(place: ContainerPlace, paths: RuntimePaths, envoy: Path, run: Path) -> dict[str, object]:
    """The fields that all Envoys share: a bare root, no capabilities, healthy once the admin interface says LIVE."""
    return common_fields(place, paths) | {
        "layers": (),
        "mounts": envoy_mounts(paths, envoy, run),
        "read_only": True,
        "environment": {},
        "working_directory": "/",
        "capabilities": (),
        "limits": (),
        "probe": (ENVOY, str(run / "admin.sock")),
        "interval": _ENVOY_PROBE_INTERVAL,
        "settled_interval": _ENVOY_SETTLED_INTERVAL,
        "timeout": _ENVOY_PROBE_TIMEOUT,
        "retries": 3,
        "start_period": 60.0,
    }


def envoy_mounts(paths: RuntimePaths, envoy: Path, run: Path) -> tuple[tuple[str, str, str], ...]:
    """The mounts of every Envoy: its program, its run directory and the control plane's sockets."""
    return (
        *_library_mounts(),
        (BIND_READ_ONLY, str(envoy.resolve()), _ENVOY_IN_PROXY),
        (MAPPED_READ_ONLY, str(paths.run), "/run/moyai"),
        *((EMPTY_READ_ONLY, "", f"/run/moyai/{name}") for name in _HIDDEN_FROM_PROXIES),
        (MAPPED, str(run), RUN_IN_PROXY),
    )


def _library_mounts() -> list[tuple[str, str, str]]:
    return [(BIND_READ_ONLY, path, path) for path in _LIBRARIES if Path(path).is_dir()]


def write_private_file(path: Path, data: bytes, owner: tuple[int, int]) -> None:
    """Replace the path, whatever its owner has put there, by a new file that only this user and group can read."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchown(fd, *owner)
        file.write(data)


def envoy_arguments(log_level: str, concurrency: int = 1, flush_interval: int = 1000) -> tuple[str, ...]:
    """The command that starts Envoy with the bootstrap in its run directory. ``flush_interval``: as in ProxySpec."""
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
            COMPONENT_LOG_LEVELS,
            "--file-flush-interval-msec",
            str(flush_interval),
        ),
    )
