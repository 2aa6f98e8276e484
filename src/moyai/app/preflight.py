"""Checks before the start, which change nothing."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from msgspec.structs import replace

from moyai.app.adapters.access_keys import AccessKeys
from moyai.app.config import RuntimeKind, Settings
from moyai.domain.defaults import ProxyTopology
from moyai.runtime.linux.host import check_host, check_optional_features
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import host_proxy_check, nat_egress
from moyai.runtime.linux.system_containers.public_gateway import is_gateway_running
from moyai.stacks.types import registry


def problems(settings: Settings) -> list[str]:
    """A line for each thing to fix, with the remedy; empty when moyai can start."""
    listen = settings.server.listen
    if not settings.server.has_valid_address:
        return [f"{listen!r} is not an address to listen on: give one of this machine's, 127.0.0.1 or 0.0.0.0 say"]
    lines = []
    if settings.server.needs_keys and not AccessKeys(settings.state.keys).list():
        lines.append(
            f"listening on {listen} needs access keys, or anybody could run tasks here: "
            f"make one with `moyai keys create --state {settings.state.root}`"
        )
    if settings.runtime is RuntimeKind.LINUX:
        lines += check_host()
        if not lines and settings.proxy.topology is ProxyTopology.NODE and (reason := shared_proxy_problem()):
            lines.append(f"tasks can't share a proxy here: {reason}; without --proxy node, each has its own")
    return lines


def decide_topology(settings: Settings) -> tuple[Settings, str | None]:
    """The settings with a topology of the proxies and the reason for it, and a warning if tasks can't share a proxy.
    Unless the user has chosen a topology, tasks share a proxy if they can.
    """
    chosen = settings.proxy.topology
    if chosen is not None:
        return _with_topology(settings, chosen, f"--proxy {chosen}"), None
    if settings.runtime is not RuntimeKind.LINUX:
        reason = f"as on AWS, the default of the runtime {settings.runtime}"
        return _with_topology(settings, ProxyTopology.SIDECAR, reason), None
    problem = shared_proxy_problem()
    if problem is None:
        return _with_topology(settings, ProxyTopology.NODE, "the default, which works on this machine"), None
    warning = f"each new task has a proxy of its own, because tasks can't share one here: {problem}"
    return _with_topology(settings, ProxyTopology.SIDECAR, f"tasks can't share one here: {problem}"), warning


def _with_topology(settings: Settings, topology: ProxyTopology, reason: str) -> Settings:
    return replace(settings, proxy=replace(settings.proxy, topology=topology, reason=reason))


def machine_problems() -> list[str]:
    """A line for each thing that this machine lacks for the linux runtime."""
    return check_host()


def shared_proxy_problem() -> str | None:
    """Why tasks can't share a proxy on this machine, even though they can run on it; None if they can."""
    return host_proxy_check.missing_requirement()


def machine_warnings(state: Path | None = None) -> list[str]:
    """A line for each thing that will have no effect on this machine, or be missing. ``state``: the state directory."""
    no_egress = nat_egress.missing_requirement()
    return [*check_optional_features(state), *([] if no_egress is None else [no_egress])]


def warnings(settings: Settings) -> list[str]:
    """A line for each thing that will be missing or have no effect, though moyai can start."""
    is_linux = settings.runtime is RuntimeKind.LINUX
    lines_of_machine = [*machine_warnings(settings.state.root), *_ports_in_use(settings)] if is_linux else []
    skipped_types = settings.resources.skipped_types
    own_types = registry.known_types() if skipped_types else frozenset()
    return lines_of_machine + [
        f"--skip-resource-type {kind} has no effect: moyai has this type, and stacks make its resources."
        for kind in skipped_types
        if kind in own_types
    ]


def _ports_in_use(settings: Settings) -> list[str]:
    """A line for each port of services by name at which another program listens."""
    if is_gateway_running(RuntimePaths(settings.state.root)):  # it has the ports, or doctor names them
        return []
    gateway, address = settings.public_gateway, settings.server.listen_address
    ports = {"--gateway-http-port": gateway.http_port, "--gateway-https-port": gateway.https_port}
    return [
        f"{option} {port}: another program has this port, so services by name are not reachable there. End it, or "
        f"choose another port; moyai tries again every half minute."
        for option, port in ports.items()
        if port is not None and _is_in_use(address, port)
    ]


def _is_in_use(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False
