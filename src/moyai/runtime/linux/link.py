"""A namespace's one link: to its VPC's router, or to its container instance.

Promise: who is at the other end is known from the start and for good, by IPv4 and by IPv6: nothing is discovered, no
address is looked for twice, and nobody gives himself one. IPv6 is off but on the links of those that have such an
address. Idempotent; raises SandboxFailed; for the network thread only (see netns.py).
"""

from __future__ import annotations

import os
import socket
from ipaddress import ip_network
from pathlib import Path

import msgspec
from pyroute2 import IPRoute

from moyai.domain.sandbox.spec import Network
from moyai.kernel.ids import TaskId
from moyai.runtime.linux import netns
from moyai.runtime.linux.network import ROUTER_MAC, enclose, existing, neighbour, sysctl, translated, unplug
from moyai.runtime.linux.port import port_of

_NO_PREFIX_ROUTE, _NOT_ASKED_FOR = 0x200, 0x02
_LINK_SCOPE = 253


class End(msgspec.Struct, frozen=True):
    """An address at a namespace's end of its link. ``gateway``: who is at the other end, for everything."""

    address: str
    gateway: str
    prefix: int

    @property
    def bits(self) -> int:
        """Of one address."""
        return 128 if self.family is socket.AF_INET6 else 32

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


class Link(msgspec.Struct, frozen=True):
    """A namespace's one link to the network."""

    mac: str
    end: End
    ipv6: End | None = None

    @property
    def ends(self) -> tuple[End, ...]:
        """One, or two."""
        return (self.end,) if self.ipv6 is None else (self.end, self.ipv6)


def join(task: TaskId, network: Network, router: Path, pin: Path) -> None:
    """Give a sandbox its namespace and its addresses in its subnet."""
    second = network.ipv6
    ipv6 = None if second is None else _end(second.address, second.subnet_cidr)
    plug(task, Link(network.mac, _end(network.address, network.subnet_cidr), ipv6), router, pin)


def _end(address: str, subnet: str) -> End:
    within = ip_network(subnet)
    return End(address, str(within.network_address + 1), within.prefixlen)


def plug(task: TaskId, link: Link, near: Path, pin: Path) -> None:
    """Have the namespace ``pin`` with a link into the namespace ``near``."""
    with translated("the task's network can't be made"):
        fresh = not netns.is_pinned(pin)
        enclose(pin)
        if fresh:
            with netns.inside(near), IPRoute() as links:  # a link of a namespace that is gone may last a moment
                unplug(links, links.link_lookup(ifname=port_of(task)))
        with netns.inside(pin):
            task_links = IPRoute()
        with task_links:
            _connect(task, link, near, pin)
            if link.ipv6 is not None:
                with netns.inside(pin):
                    _quiet("eth0")
            _address(task_links, link)


def _connect(task: TaskId, link: Link, near: Path, pin: Path) -> None:
    """A veth from ``near`` to the task's ``eth0``, and the one address behind it."""
    name = port_of(task)
    with netns.inside(near), IPRoute() as links:
        target = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": "eth0", "net_ns_fd": target, "address": link.mac}
            with existing():
                links.link("add", ifname=name, kind="veth", address=ROUTER_MAC, peer=peer)
        finally:
            os.close(target)
        here = links.link_lookup(ifname=name)[0]
        if link.ipv6 is not None:
            _quiet("lo")
            _quiet(name)
        links.link("set", index=here, state="up")
        for end in link.ends:
            with existing():
                links.addr("add", index=1, address=end.gateway, prefixlen=end.bits, flags=_flags(end))
            neighbour(links, here, end.address, link.mac)
            there = {"dst": f"{end.address}/{end.bits}", "prefsrc": end.gateway}
            links.route("replace", oif=here, scope=_LINK_SCOPE, family=end.family, **there)


def _quiet(link: str) -> None:
    """IPv6 on a link that says and hears nothing of itself: no address but those it is given, no routers, no questions
    whether an address is somebody else's.
    """
    for name, value in (("accept_ra", "0"), ("accept_dad", "0"), ("addr_gen_mode", "1"), ("disable_ipv6", "0")):
        sysctl(f"ipv6/conf/{link}/{name}", value)


def _flags(end: End) -> int:
    """The prefix is no reason for a route; and that nobody else has the address is known."""
    return _NO_PREFIX_ROUTE | (_NOT_ASKED_FOR if end.family is socket.AF_INET6 else 0)


def _address(links: IPRoute, link: Link) -> None:
    """The task's end. Its neighbours in the subnet, too, are reached by way of the other end."""
    index = links.link_lookup(ifname="eth0")[0]
    for end in link.ends:
        with existing():
            links.addr("add", index=index, address=end.address, prefixlen=end.prefix, flags=_flags(end))
    links.link("set", index=index, state="up")
    for end in link.ends:
        neighbour(links, index, end.gateway, ROUTER_MAC)
        links.route("replace", dst=f"{end.gateway}/{end.bits}", oif=index, scope=_LINK_SCOPE, family=end.family)
        links.route("replace", dst="default", gateway=end.gateway, oif=index, family=end.family)
