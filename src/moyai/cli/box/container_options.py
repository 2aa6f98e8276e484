"""The options with which an engine runs moyai's container: pure.

Promise: ports are published on the loopback of the engine's host only, because requests need no access keys then. Those
of tasks are published for TCP and for UDP, which are separate options. With ``--privileged`` tasks can do everything;
without it the container gets the privileges that are listed here, and disks of tasks, which need loop devices, have no
limit.
Source: https://docs.docker.com/reference/cli/docker/container/run/
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.cli.box.engine import DOCKER, PODMAN

API_PORT: Final = 4566
"""The port of the API in the container."""
DEFAULT_TASK_PORTS: Final = "20000-20019"
DEFAULT_HTTP_PORT: Final = 8080
DEFAULT_HTTPS_PORT: Final = 8443
STATE: Final = "/var/lib/moyai"
CAPABILITIES: Final = ("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "NET_RAW", "MKNOD", "AUDIT_WRITE")
"""The capabilities of a container that isn't privileged. The last three are those that tasks have, or moyai needs, and
that Podman's containers don't have by default.
"""

_LOOPBACK: Final = "127.0.0.1"
_SOCKETS: Final = MappingProxyType({DOCKER: "/var/run/docker.sock", PODMAN: "/run/podman/podman.sock"})
"""The paths at which moyai looks for each engine's socket."""
_UNMASKED: Final = MappingProxyType({DOCKER: "systempaths=unconfined", PODMAN: "unmask=ALL"})
"""Each engine's option for a writable /proc/sys."""


class BoxOptions(NamedTuple):
    """The settings of the container. ``task_ports``: ``FIRST-LAST``, or empty for none; ``http_port`` and
    ``https_port``: 0 for none; ``socket``: the engine's, whose images tasks may use, or None; ``options``: options of
    ``moyai up``.
    """

    name: str
    image: str
    port: int = API_PORT
    task_ports: str = DEFAULT_TASK_PORTS
    http_port: int = DEFAULT_HTTP_PORT
    https_port: int = DEFAULT_HTTPS_PORT
    volume: str = "moyai"
    is_privileged: bool = True
    socket: str | None = None
    options: tuple[str, ...] = ()


def run_arguments(program: str, box: BoxOptions) -> list[str]:
    """The arguments of ``docker`` or ``podman`` that start the container."""
    others = (box.task_ports, box.http_port, box.https_port)
    ports = [f"{box.port}:{API_PORT}", *(f"{port}:{port}" for port in others if port)]
    if box.task_ports:
        ports.append(f"{box.task_ports}:{box.task_ports}/udp")
    variables = [f"MOYAI_PUBLISHED_AT={_LOOPBACK}:{box.port}"]
    if box.task_ports:
        variables.append(f"MOYAI_GATEWAY_PORTS={box.task_ports}")
    if box.http_port:
        variables.append(f"MOYAI_GATEWAY_HTTP_PORT={box.http_port}")
    if box.https_port:
        variables.append(f"MOYAI_GATEWAY_HTTPS_PORT={box.https_port}")
    volumes = [f"{box.volume}:{STATE}"]
    if box.socket is not None:
        volumes.append(f"{box.socket}:{_SOCKETS[program]}")
    return [
        *("run", "--detach", f"--name={box.name}"),
        *(["--privileged"] if box.is_privileged else _privileges(program)),
        *(f"--publish={_LOOPBACK}:{port}" for port in ports),
        *(f"--env={variable}" for variable in variables),
        *(f"--volume={volume}" for volume in volumes),
        box.image,
        *box.options,
    ]


def _privileges(program: str) -> Sequence[str]:
    """The engine's options that moyai needs instead of ``--privileged``."""
    unconfined = ("seccomp=unconfined", "apparmor=unconfined", _UNMASKED[program])
    return (
        *(f"--cap-add={name}" for name in CAPABILITIES),
        *(f"--security-opt={option}" for option in unconfined),
        *("--device=/dev/net/tun", "--cgroupns=private"),
    )


def command_line(program: str, arguments: Sequence[str]) -> str:
    """The command for a shell."""
    return shlex.join([program, *arguments])
