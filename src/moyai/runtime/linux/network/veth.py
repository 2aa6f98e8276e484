"""The one link of a task: a veth from its network namespace to its VPC's router, or to its container instance.

Promise: the neighbour at each end is fixed, by IPv4 and by IPv6. There is no ARP, no neighbour discovery, no duplicate
address detection and no autoconfiguration. IPv6 is off, except on the links of tasks that have an IPv6 address.
Idempotent; raises SandboxFailed; for the network thread only (see namespaces.py).
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

import msgspec
from pyroute2 import IPRoute

from moyai.domain.sandbox.spec import AwsvpcNetwork
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import (
    add_permanent_neighbour,
    delete_links,
    ignore_existing,
    sandbox_errors,
    set_sysctl,
)
from moyai.runtime.linux.network.interface_names import task_link

ROUTER_MAC = "02:ff:00:00:00:01"
"""The MAC address of every link of every router: no two of them are on one link."""

_NO_PREFIX_ROUTE, _NO_DUPLICATE_DETECTION = 0x200, 0x02
_LINK_SCOPE = 253


class LinkAddress(msgspec.Struct, frozen=True):
    """A task's address on its link. ``gateway``: the address of the other end, the next hop for everything."""

    address: str
    gateway: str
    prefix: int

    @property
    def bits(self) -> int:
        """The length of an address."""
        return 128 if self.family is socket.AF_INET6 else 32

    @property
    def family(self) -> socket.AddressFamily:
        """The address family: IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


class VethLink(msgspec.Struct, frozen=True):
    """A task's link to the network."""

    mac: str
    ipv4: LinkAddress
    ipv6: LinkAddress | None = None

    @property
    def addresses(self) -> tuple[LinkAddress, ...]:
        """The IPv4 address, and the IPv6 address of a task that has one."""
        return (self.ipv4,) if self.ipv6 is None else (self.ipv4, self.ipv6)


def create_isolated_namespace(netns: Path) -> None:
    """Make a namespace that has only its loopback interface, if there is none."""
    with sandbox_errors("the task's network can't be made"):
        if not namespaces.exists(netns):
            namespaces.create(netns)
        with namespaces.inside(netns), IPRoute() as links:
            set_sysctl("ipv6/conf/default/disable_ipv6", "1")
            set_sysctl("ipv4/ip_unprivileged_port_start", "0")  # as Docker: any user may listen on port 80
            set_sysctl("ipv4/ping_group_range", "0 2147483647")
            _use_loss_based_congestion_control()
            links.link("set", index=1, state="up")


def _use_loss_based_congestion_control() -> None:
    """BBR, which the machine may prefer, takes pasta (nat_egress.py) for a slow link and is a hundred times slower."""
    for name in ("cubic", "reno"):
        with contextlib.suppress(OSError):  # not every kernel has the first
            set_sysctl("ipv4/tcp_congestion_control", name)
            return


def connect_to_router(task: TaskId, network: AwsvpcNetwork, router: Path, netns: Path) -> None:
    """Make a task's namespace with its addresses, connected to the router of its VPC."""
    second = network.ipv6
    ipv6 = None if second is None else _subnet_address(second.address, second.subnet_cidr)
    link = VethLink(network.mac, _subnet_address(network.address, network.subnet_cidr), ipv6)
    connect(task, link, router, netns)


def _subnet_address(address: str, subnet_cidr: str) -> LinkAddress:
    subnet = ip_network(subnet_cidr)
    return LinkAddress(address, str(subnet.network_address + 1), subnet.prefixlen)


def connect(task: TaskId, link: VethLink, near: Path, netns: Path) -> None:
    """Make the namespace ``netns`` with a link to the namespace ``near``."""
    with sandbox_errors("the task's network can't be made"):
        create_isolated_namespace(netns)
        with namespaces.inside(netns):
            task_links = IPRoute()
        with task_links:
            if not task_links.link_lookup(ifname="eth0"):
                with namespaces.inside(near), IPRoute() as links:  # the link of a removed namespace may last a moment
                    delete_links(links, links.link_lookup(ifname=task_link(task)))
            _connect_near_end(task, link, near, netns)
            if link.ipv6 is not None:
                with namespaces.inside(netns):
                    _enable_static_ipv6("eth0")
            _configure_task_end(task_links, link)


def _connect_near_end(task: TaskId, link: VethLink, near: Path, netns: Path) -> None:
    """Make a veth from ``near`` to the task's ``eth0``, with a route to the one address behind it."""
    name = task_link(task)
    with namespaces.inside(near), IPRoute() as links:
        target = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": "eth0", "net_ns_fd": target, "address": link.mac}
            with ignore_existing():
                links.link("add", ifname=name, kind="veth", address=ROUTER_MAC, peer=peer)
        finally:
            os.close(target)
        index = links.link_lookup(ifname=name)[0]
        if link.ipv6 is not None:
            _enable_static_ipv6("lo")
            _enable_static_ipv6(name)
        links.link("set", index=index, state="up")
        for end in link.addresses:
            with ignore_existing():
                links.addr("add", index=1, address=end.gateway, prefixlen=end.bits, flags=_address_flags(end))
            add_permanent_neighbour(links, index, end.address, link.mac)
            route = {"dst": f"{end.address}/{end.bits}", "prefsrc": end.gateway}
            links.route("replace", oif=index, scope=_LINK_SCOPE, family=end.family, **route)


def _enable_static_ipv6(link: str) -> None:
    """Enable IPv6 on a link without router advertisements, duplicate detection and generated addresses."""
    for name, value in (("accept_ra", "0"), ("accept_dad", "0"), ("addr_gen_mode", "1"), ("disable_ipv6", "0")):
        set_sysctl(f"ipv6/conf/{link}/{name}", value)


def _address_flags(end: LinkAddress) -> int:
    """No route to the prefix, and no duplicate address detection."""
    return _NO_PREFIX_ROUTE | (_NO_DUPLICATE_DETECTION if end.family is socket.AF_INET6 else 0)


def _configure_task_end(links: IPRoute, link: VethLink) -> None:
    """Give ``eth0`` its addresses and routes. Even neighbours in the subnet are reached through the other end."""
    index = links.link_lookup(ifname="eth0")[0]
    for end in link.addresses:
        with ignore_existing():
            links.addr("add", index=index, address=end.address, prefixlen=end.prefix, flags=_address_flags(end))
    links.link("set", index=index, state="up")
    for end in link.addresses:
        add_permanent_neighbour(links, index, end.gateway, ROUTER_MAC)
        links.route("replace", dst=f"{end.gateway}/{end.bits}", oif=index, scope=_LINK_SCOPE, family=end.family)
        links.route("replace", dst="default", gateway=end.gateway, oif=index, family=end.family)


def disconnect(task: TaskId, near: Iterable[Path], netns: Path) -> None:
    """Remove a task's link and its namespace. ``near``: the namespaces in which the other end may be.

    The link is deleted first: the kernel takes its time to delete the link of a namespace that is gone.
    """
    with sandbox_errors("the task's network can't be removed"):
        for namespace in near:
            if namespaces.exists(namespace):
                with namespaces.inside(namespace), IPRoute() as links:
                    delete_links(links, links.link_lookup(ifname=task_link(task)))
        namespaces.remove(netns)
