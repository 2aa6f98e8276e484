"""The one link of a sandbox: a veth from its network namespace to its VPC's router, or to its container instance.

Promise: the neighbour at each end is fixed, by IPv4 and by IPv6. There is no ARP, no neighbour discovery, no duplicate
address detection and no autoconfiguration. IPv6 is off, except on the links of tasks that have an IPv6 address. A task
has one address of a family; a front proxy has one for each node of a load balancer.
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
import pyroute2
from msgspec.structs import replace

from moyai.domain.sandbox.network import AwsvpcNetwork, NodesNetwork
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.client_addresses import accept_every_address, return_answers
from moyai.runtime.linux.network.configure import delete_links, link_indexes, sandbox_errors, set_sysctl
from moyai.runtime.linux.network.interface_names import nodes_link, task_link
from moyai.runtime.linux.network.link_requests import (
    LINK_SCOPE,
    add_address,
    add_default_route,
    add_route,
    fix_neighbour,
    new_veth,
    send,
    set_up,
)

ROUTER_MAC = "02:ff:00:00:00:01"
"""The MAC address of every link of every router: no two of them are on one link."""

_LOOPBACK = 1
_MAIN_TABLE = 254
_FAMILIES = ((socket.AF_INET, 32), (socket.AF_INET6, 128))
"""The address families, each with the bits of an address."""
_NO_PREFIX_ROUTE, _NO_DUPLICATE_DETECTION = 0x200, 0x02


class LinkAddress(msgspec.Struct, frozen=True):
    """A task's address on its link. ``gateway``: the address of the other end, the next hop for everything."""

    address: str
    gateway: str
    prefix: int

    @property
    def bits(self) -> int:
        """The number of bits of an address of this family."""
        return 128 if self.family is socket.AF_INET6 else 32

    @property
    def family(self) -> socket.AddressFamily:
        """The address family: IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


class VethLink(msgspec.Struct, frozen=True):
    """A sandbox's link to the network, with all its addresses of both families."""

    mac: str
    addresses: tuple[LinkAddress, ...]

    @property
    def has_ipv6(self) -> bool:
        """Whether one of the addresses is of IPv6."""
        return any(end.family is socket.AF_INET6 for end in self.addresses)


def create_isolated_namespace(netns: Path) -> None:
    """Make a namespace that has only its loopback interface, if there is none."""
    with sandbox_errors("the task's network can't be made"):
        if not namespaces.exists(netns):
            namespaces.create(netns)
        with namespaces.inside(netns):
            set_sysctl("ipv6/conf/default/disable_ipv6", "1")
            set_sysctl("ipv4/ip_unprivileged_port_start", "0")  # as Docker: any user may listen on port 80
            set_sysctl("ipv4/ping_group_range", "0 2147483647")
            _use_loss_based_congestion_control()
            send([set_up(_LOOPBACK)])


def _use_loss_based_congestion_control() -> None:
    """Use CUBIC, or else Reno: BBR, which the machine may prefer, takes pasta (nat_egress.py) for a slow link, and is a
    hundred times slower.
    """
    for name in ("cubic", "reno"):
        with contextlib.suppress(OSError):  # not every kernel has CUBIC
            set_sysctl("ipv4/tcp_congestion_control", name)
            return


def connect_to_router(task: TaskId, network: AwsvpcNetwork, router: Path, netns: Path) -> None:
    """Make a task's namespace with its addresses, connected to the router of its VPC."""
    addresses = [(network.address, network.subnet_cidr)]
    if network.ipv6 is not None:
        addresses.append((network.ipv6.address, network.ipv6.subnet_cidr))
    link = VethLink(network.mac, tuple(_subnet_address(*pair) for pair in addresses))
    connect(task_link(task), link, router, netns)


def connect_nodes(task: TaskId, network: NodesNetwork, router: Path, netns: Path) -> None:
    """Make a front proxy's namespace with its addresses, connected to the router of its VPC."""
    name = nodes_link(task)
    connect(name, _nodes_link(network), router, netns)
    with sandbox_errors("the front proxy's network can't be made"):
        with namespaces.inside(netns):
            set_sysctl("ipv4/ip_nonlocal_bind", "1")  # a listener may come before its address
            accept_every_address("eth0")
        with namespaces.inside(router):
            return_answers(socket.if_nametoindex(name), network.mac)


def set_node_addresses(task: TaskId, network: NodesNetwork, router: Path, netns: Path) -> None:
    """Give the link of a front proxy exactly these addresses. New ones are added before others are removed, because the
    kernel removes the routes of a link with its last address.
    """
    link = _nodes_link(network)
    with sandbox_errors("the front proxy's addresses can't be changed"):
        with namespaces.inside(router), pyroute2.IPRoute() as links:
            index = socket.if_nametoindex(nodes_link(task))
            if link.has_ipv6:
                _enable_static_ipv6("lo")
                _enable_static_ipv6(nodes_link(task))
            send(_near_end_requests(index, link))
            _remove_other_neighbours(links, index, link)
        with namespaces.inside(netns), pyroute2.IPRoute() as links:
            if link.has_ipv6:
                _enable_static_ipv6("eth0")
            send(_task_end_requests(link))
            _remove_other_addresses(links, link)


def _nodes_link(network: NodesNetwork) -> VethLink:
    """The link of a front proxy. The prefix of an address is the address alone: the kernel would remove addresses that
    share a prefix together with the first one.
    """
    ends = (_subnet_address(entry.address, entry.subnet_cidr) for entry in network.addresses)
    return VethLink(network.mac, tuple(replace(end, prefix=end.bits) for end in ends))


def _subnet_address(address: str, subnet_cidr: str) -> LinkAddress:
    subnet = ip_network(subnet_cidr)
    return LinkAddress(address, str(subnet.network_address + 1), subnet.prefixlen)


def connect(name: str, link: VethLink, near: Path, netns: Path) -> None:
    """Make the namespace ``netns`` with a link to the namespace ``near``, where its end has this name."""
    with sandbox_errors("the task's network can't be made"):
        create_isolated_namespace(netns)
        with namespaces.inside(netns):
            is_connected = bool(link_indexes("eth0"))
        _connect_near_end(name, link, near, netns, is_connected=is_connected)
        with namespaces.inside(netns):
            if link.has_ipv6:
                _enable_static_ipv6("eth0")
            send(_task_end_requests(link))


def _connect_near_end(name: str, link: VethLink, near: Path, netns: Path, *, is_connected: bool) -> None:
    """Make a veth from ``near`` to the task's ``eth0``, with a route to each address behind it. ``is_connected``: the
    task has its end already.
    """
    with namespaces.inside(near):
        if not is_connected:
            _delete_link(name)  # the link of a removed namespace may last a moment
            target = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
            try:
                send([new_veth(name, ROUTER_MAC, "eth0", link.mac, target)])
            finally:
                os.close(target)
        if link.has_ipv6:
            _enable_static_ipv6("lo")
            _enable_static_ipv6(name)
        send(_near_end_requests(socket.if_nametoindex(name), link))


def _delete_link(name: str) -> None:
    if indexes := link_indexes(name):
        with pyroute2.IPRoute() as links:
            delete_links(links, indexes)


def _near_end_requests(index: int, link: VethLink) -> list[bytes]:
    """Requests that give the near end of a link the addresses at the task's end."""
    requests = [set_up(index)]
    for end in link.addresses:
        requests += [
            add_address(_LOOPBACK, end.gateway, end.bits, _address_flags(end)),
            fix_neighbour(index, end.address, link.mac),
            add_route(index, end.address, end.gateway),
        ]
    return requests


def _remove_other_neighbours(links: pyroute2.IPRoute, index: int, link: VethLink) -> None:
    """Remove addresses that the link does not have any more from its near end."""
    addresses = {end.address for end in link.addresses}
    for family, bits in _FAMILIES:
        routes = [route for route in links.get_routes(family=family, oif=index) if route["dst_len"] == bits]
        routed = {str(route.get_attr("RTA_DST")) for route in routes if route.get_attr("RTA_TABLE") == _MAIN_TABLE}
        for address in sorted(routed - addresses):
            links.route("del", dst=f"{address}/{bits}", oif=index, scope=LINK_SCOPE, family=family)
            links.neigh("del", ifindex=index, dst=address, family=family)


def _remove_other_addresses(links: pyroute2.IPRoute, link: VethLink) -> None:
    """Remove addresses that the link does not have any more from the task's end."""
    index = socket.if_nametoindex("eth0")
    addresses = {end.address for end in link.addresses}
    for family, _ in _FAMILIES:
        for entry in links.get_addr(index=index, family=family):
            address = entry.get_attr("IFA_ADDRESS")
            if address not in addresses:
                links.addr("del", index=index, address=address, prefixlen=entry["prefixlen"])


def _enable_static_ipv6(link: str) -> None:
    """Enable IPv6 on a link without router advertisements, duplicate detection and generated addresses."""
    for name, value in (("accept_ra", "0"), ("accept_dad", "0"), ("addr_gen_mode", "1"), ("disable_ipv6", "0")):
        set_sysctl(f"ipv6/conf/{link}/{name}", value)


def _address_flags(end: LinkAddress) -> int:
    """The flags IFA_F_* of an address: no route to its prefix, and no duplicate address detection."""
    return _NO_PREFIX_ROUTE | (_NO_DUPLICATE_DETECTION if end.family is socket.AF_INET6 else 0)


def _task_end_requests(link: VethLink) -> list[bytes]:
    """Requests that give ``eth0`` its addresses and routes. Even neighbours in the subnet are reached through the other
    end. The calling thread is in the task's namespace.
    """
    index = socket.if_nametoindex("eth0")
    requests = [add_address(index, end.address, end.prefix, _address_flags(end)) for end in link.addresses]
    requests.append(set_up(index))
    for end in link.addresses:
        requests += [
            fix_neighbour(index, end.gateway, ROUTER_MAC),
            add_route(index, end.gateway),
            add_default_route(index, end.gateway),
        ]
    return requests


def disconnect(task: TaskId, near: Iterable[Path], netns: Path) -> None:
    """Remove a task's link and its namespace. ``near``: the namespaces in which the other end may be.

    The link is deleted first, because the kernel deletes the link of a removed namespace only some time later.
    """
    with sandbox_errors("the task's network can't be removed"):
        for namespace in near:
            if namespaces.exists(namespace):
                with namespaces.inside(namespace):
                    _delete_link(task_link(task))
                    _delete_link(nodes_link(task))
        namespaces.remove(netns)
