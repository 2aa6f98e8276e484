"""Egress of a VPC by NAT: a task reaches what this machine reaches, from this machine's addresses.

A VPC's router has a tap, ``outside``, at whose other end the process ``pasta`` opens an ordinary socket of this machine
for each connection. So the firewall, routes and settings of the machine don't change, and none of its forwarding rules
apply. The host's own loopback, where the API listens without keys, is out of reach: pasta maps no address to it. Each
VPC that needs egress has one pasta, run like a container; the tap outlives it, and so do all routes.
Source: https://passt.top/builds/latest/web/passt.1.html
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
from pathlib import Path

import pyroute2

from moyai.kernel.clock import Clock
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.container_config import ContainerPlace
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import link_indexes, sandbox_errors
from moyai.runtime.linux.network.interface_names import EGRESS
from moyai.runtime.linux.network.link_requests import add_address, send
from moyai.runtime.linux.network.routes import enable_link
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import BIND
from moyai.runtime.linux.system_containers.configs import egress_container

ADDRESS, GATEWAY = "192.0.0.2", "192.0.0.1"
"""The addresses of the tap and of pasta, from a range that is used nowhere else (RFC 6333)."""

_ROUTER_IN_CONTAINER = "/router"
_NO_PORTS = tuple(word for kind in ("tcp-ports", "udp-ports", "tcp-ns", "udp-ns") for word in (f"--{kind}", "none"))
_OPTIONS = (
    *("--foreground", "--quiet", "--runas", "0", "--netns-only", "--netns", _ROUTER_IN_CONTAINER, "--no-netns-quit"),
    *("--ns-ifname", EGRESS, "--ipv4-only", "--address", ADDRESS, "--netmask", "30", "--gateway", GATEWAY),
    *("--no-map-gw", "--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra", *_NO_PORTS),
)
_TUN = Path("/dev/net/tun")
_TUNSETIFF, _TUNSETPERSIST = 0x400454CA, 0x400454CB
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_EARLY_END = 2.0
"""A pasta that ends by itself within so many seconds has failed."""
_RETRY_AFTER = 20.0
"""Seconds after a failure until another pasta is started."""
_FIRST_SIGNAL_CODE = 128
_GATEWAY_MAC = "9a:55:9a:55:9a:55"


def missing_requirement() -> str | None:
    """The reason why this machine can't give egress, with a remedy; None when it can."""
    if shutil.which("pasta") is None:
        return (
            "pasta is missing, so tasks can't reach anything outside of their VPCs: install your system's package passt"
        )
    if not _TUN.exists():
        return f"{_TUN} is missing, so tasks can't reach anything outside of their VPCs: modprobe tun"
    return None


class NatEgress:
    """The egress processes of one installation. Blocking."""

    def __init__(self, paths: RuntimePaths, cgroups: Cgroups, clock: Clock, server: MonitorServer) -> None:
        self._paths = paths
        self._cgroups = cgroups
        self._clock = clock
        self._monitors = server

    def start(self, vpc: VpcId) -> None:
        """Start a pasta at the VPC's tap, unless one runs. Raises SandboxFailed, CannotCreate, CannotStart."""
        if (reason := missing_requirement()) is not None:
            raise SandboxFailed(reason)
        home = self._home(vpc)
        record = monitors.read_record(home / "container")
        if record is not None and record.is_running():
            return
        if record is not None and self._failed_recently(record):
            raise SandboxFailed(f"pasta ended with {record.exit_code} at once: see {self._paths.logs / home.name}")
        self.stop(vpc)
        logs = self._paths.logs / home.name
        for directory in (home / "container", home / "run", logs):
            directory.mkdir(parents=True, exist_ok=True)
        membership = self._cgroups.create_for_container(f"{SYSTEM_PREFIX}{home.name}", GroupLimits())
        place = ContainerPlace(home / "container", logs, membership)
        program = Path(shutil.which("pasta") or "").resolve()
        mounts = (
            (BIND, str(home / "run"), "/tmp"),  # noqa: S108 - in pasta's root
            (BIND, str(_TUN), str(_TUN)),
            (BIND, str(self._paths.router_netns(vpc)), _ROUTER_IN_CONTAINER),
        )
        monitors.start_monitor(self._monitors, egress_container(place, self._paths, program, mounts, _OPTIONS))

    def stop(self, vpc: VpcId) -> None:
        """End the VPC's pasta and remove its files."""
        home = self._home(vpc)
        monitors.remove_containers(home, self._paths.removing / home.name, "container")
        self._cgroups.remove(f"{SYSTEM_PREFIX}{home.name}")

    def vpcs(self) -> frozenset[VpcId]:
        """The VPCs for which a pasta was started, whether it runs or not."""
        return frozenset(VpcId(path.name.removeprefix("outside-")) for path in self._paths.egress.glob("outside-*"))

    def _failed_recently(self, record: monitors.MonitorRecord) -> bool:
        """Whether pasta ended by itself soon after its start, and not long ago, so that another one would fail, too."""
        ended_at, was_killed = record.finished_at, (record.exit_code or 0) >= _FIRST_SIGNAL_CODE
        if ended_at is None or was_killed:
            return False
        return ended_at - record.started_at < _EARLY_END and self._clock.now() - ended_at < _RETRY_AFTER

    def _home(self, vpc: VpcId) -> Path:
        return self._paths.egress / f"outside-{vpc}"


def create_tap(router: Path) -> None:
    """Make the router's link to the outside, if there is none. Only for the network thread."""
    with sandbox_errors("the VPC's link to the outside can't be made"), namespaces.inside(router):
        if not link_indexes(EGRESS):
            fd = os.open(_TUN, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH14x", EGRESS.encode(), _IFF_TAP | _IFF_NO_PI))
                fcntl.ioctl(fd, _TUNSETPERSIST, 1)
            finally:
                os.close(fd)
        send([add_address(socket.if_nametoindex(EGRESS), ADDRESS, 32)])
        enable_link(EGRESS, _GATEWAY_MAC)


def remove_tap(router: Path) -> None:
    """Remove the router's link to the outside. Only for the network thread."""
    with (
        sandbox_errors("the VPC's link to the outside can't be removed"),
        namespaces.inside(router),
        pyroute2.IPRoute() as links,
    ):
        for index in links.link_lookup(ifname=EGRESS):
            links.link("del", index=index)
