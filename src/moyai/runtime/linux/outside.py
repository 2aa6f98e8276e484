"""The way outside: what a VPC's tasks reach is what this machine reaches.

A VPC's router has a tap, ``outside``, and at its other end is ``pasta``, which opens an ordinary socket of this machine
for each connection. So nothing of the host's firewall, routes or settings is changed, and none of its forwarding rules
is asked. The host's own loopback, where the API without keys listens, is out of reach: pasta maps no address to it. A
pasta is kept like a container, one for each VPC that needs it; the tap outlives it, and with it all routes.
Source: https://passt.top/builds/latest/web/passt.1.html
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from pathlib import Path

from pyroute2 import IPRoute

from moyai.kernel.clock import Clock
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux import attendants, firewall, netns, orders, processes
from moyai.runtime.linux.cgroups import NO_TASK, Cgroups
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.limits import Bounds
from moyai.runtime.linux.network import existing, translated
from moyai.runtime.linux.routing import ready
from moyai.runtime.linux.shim.order import BIND

ADDRESS, OTHER_END = "192.0.0.2", "192.0.0.1"
"""The tap's, and whom pasta takes itself for: addresses that are nobody's anywhere (RFC 6333)."""

_ROUTER = "/router"
_NO_PORTS = tuple(word for kind in ("tcp-ports", "udp-ports", "tcp-ns", "udp-ns") for word in (f"--{kind}", "none"))
_OPTIONS = (
    *("--foreground", "--quiet", "--runas", "0", "--netns-only", "--netns", _ROUTER, "--no-netns-quit"),
    *("--ns-ifname", firewall.OUTSIDE, "--ipv4-only", "--address", ADDRESS, "--netmask", "30", "--gateway", OTHER_END),
    *("--no-map-gw", "--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra", *_NO_PORTS),
)
_TUN = Path("/dev/net/tun")
_SET_TAP, _KEEP_IT = 0x400454CA, 0x400454CB
_TAP, _NO_PACKET_INFO = 0x0002, 0x1000
_YOUNG, _REST = 2.0, 20.0
"""Seconds: who ends sooner has failed; before another one is tried."""
_BY_SIGNAL = 128
_OTHER_MAC = "9a:55:9a:55:9a:55"


def missing() -> str | None:
    """Why there is no way outside on this machine, with what to do; None when there can be."""
    if shutil.which("pasta") is None:
        return (
            "pasta is missing, so tasks can't reach anything outside of their VPCs: install your system's package passt"
        )
    if not _TUN.exists():
        return f"{_TUN} is missing, so tasks can't reach anything outside of their VPCs: modprobe tun"
    return None


class Outside:
    """The ways outside of one installation. Blocking."""

    def __init__(self, layout: Layout, cgroups: Cgroups, clock: Clock) -> None:
        self._layout = layout
        self._cgroups = cgroups
        self._clock = clock

    def open(self, vpc: VpcId) -> None:
        """Have a pasta at the VPC's tap; one that died is replaced. Raises SandboxFailed, CannotCreate, CannotStart."""
        if (reason := missing()) is not None:
            raise SandboxFailed(reason)
        home = self._home(vpc)
        kept = processes.read(home / "container")
        if kept is not None and kept.keeper_lives():
            return
        if kept is not None and self._just_failed(kept):
            raise SandboxFailed(f"pasta ended with {kept.exit_code} at once: see {self._layout.logs / home.name}")
        self.close(vpc)
        logs = self._layout.logs / home.name
        for directory in (home / "container", home / "run", logs):
            directory.mkdir(parents=True, exist_ok=True)
        membership = self._cgroups.make_container(f"{NO_TASK}{home.name}", Bounds())
        place = orders.Place(home / "container", logs, membership)
        program = Path(shutil.which("pasta") or "").resolve()
        mounts = (
            (BIND, str(home / "run"), "/tmp"),  # noqa: S108 - as pasta sees it
            (BIND, str(_TUN), str(_TUN)),
            (BIND, str(self._layout.router_netns(vpc)), _ROUTER),
        )
        processes.start(attendants.way_out(place, self._layout, program, mounts, _OPTIONS))

    def close(self, vpc: VpcId) -> None:
        """End it."""
        home = self._home(vpc)
        processes.bury(home, self._layout.gone / home.name, "container")
        self._cgroups.remove(f"{NO_TASK}{home.name}")

    def opened(self) -> frozenset[VpcId]:
        """The VPCs for which there is one, alive or not."""
        return frozenset(VpcId(path.name.removeprefix("outside-")) for path in self._layout.outside.glob("outside-*"))

    def _just_failed(self, kept: processes.Kept) -> bool:
        """Whether it gave up soon after its start, and not long ago: another one would, too."""
        ended, killed = kept.finished_at, (kept.exit_code or 0) >= _BY_SIGNAL
        if ended is None or killed:
            return False
        return ended - kept.started_at < _YOUNG and self._clock.now() - ended < _REST

    def _home(self, vpc: VpcId) -> Path:
        return self._layout.outside / f"outside-{vpc}"


def tap(router: Path) -> None:
    """Have the router's link to the outside. Only for the network thread."""
    with translated("the VPC's way outside can't be made"), netns.inside(router), IPRoute() as links:
        if not links.link_lookup(ifname=firewall.OUTSIDE):
            fd = os.open(_TUN, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(fd, _SET_TAP, struct.pack("16sH14x", firewall.OUTSIDE.encode(), _TAP | _NO_PACKET_INFO))
                fcntl.ioctl(fd, _KEEP_IT, 1)
            finally:
                os.close(fd)
        with existing():
            index = links.link_lookup(ifname=firewall.OUTSIDE)[0]
            links.addr("add", index=index, address=ADDRESS, prefixlen=32)
        ready(links, firewall.OUTSIDE, _OTHER_MAC)


def untap(router: Path) -> None:
    """Remove the router's link to the outside. Only for the network thread."""
    with translated("the VPC's way outside can't be removed"), netns.inside(router), IPRoute() as links:
        for index in links.link_lookup(ifname=firewall.OUTSIDE):
            links.link("del", index=index)
