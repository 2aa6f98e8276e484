"""The VPC on this machine: a router namespace for each VPC, a bridge for each subnet, a veth for each task.

Promise: the host's interfaces, routes and firewall are never touched. Every function is idempotent and
raises SandboxFailed, and runs on the network thread only (see netns.py). One router for each VPC, not one
for all, because every account and region has a default VPC of the same range. A subnet's gateway is its
second address, and METADATA_ADDRESS is in the router, as in AWS's VPCs.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from moyai.domain.sandbox.spec import Network, SandboxSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint, SandboxFailed, Transport
from moyai.runtime.linux import netns, rules

_EXISTS, _NO_DEVICE = 17, 19
_ARP = 0x0806
_FORWARDING = 3
_PATIENCE = 500
_NFT_TIMEOUT = 20
_BACKLOG = 128


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, NetlinkError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"{what}: {error}") from error


def prepare_router(pin: Path) -> None:
    """Make a VPC's router, with METADATA_ADDRESS on it."""
    with _translated("the VPC's router can't be made"):
        if not netns.is_pinned(pin):
            netns.create(pin)
        with netns.inside(pin), IPRoute() as links:
            _sysctl("ipv6/conf/default/disable_ipv6", "1")
            _sysctl("ipv4/ip_forward", "1")
            with _existing():
                links.addr("add", index=1, address=METADATA_ADDRESS, prefixlen=32)
            links.link("set", index=1, state="up")


def join(spec: SandboxSpec, router: Path, pin: Path) -> None:
    """Give a task its namespace, its address in its subnet, and its interception."""
    with _translated("the task's network can't be made"):
        if not netns.is_pinned(pin):
            netns.create(pin)
        with netns.inside(pin):
            _sysctl("ipv6/conf/default/disable_ipv6", "1")
            _sysctl("ipv4/ip_unprivileged_port_start", "0")  # as Docker: any user may listen on port 80
            _sysctl("ipv4/ping_group_range", "0 2147483647")
            task_links = IPRoute()
        with task_links:
            _plug(spec, router, pin)
            _address(task_links, spec.network)
        with netns.inside(router), IPRoute() as links:
            _await_forwarding(links, _veth(spec.task))
        with netns.inside(pin):
            _announce(spec.network)
        if spec.intercept is not None:
            with netns.inside(pin):
                _nft(rules.interception(spec.intercept))


def _plug(spec: SandboxSpec, router: Path, pin: Path) -> None:
    """A veth from the subnet's bridge to the task's ``eth0``; the bridge's end is up before the task's is."""
    name = _veth(spec.task)
    with netns.inside(router), IPRoute() as links:
        bridge = _bridge(links, IPv4Network(spec.network.subnet_cidr))
        target = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": "eth0", "net_ns_fd": target, "address": spec.network.mac}
            with _existing():
                links.link("add", ifname=name, kind="veth", peer=peer)
        finally:
            os.close(target)
        links.link("set", index=links.link_lookup(ifname=name)[0], master=bridge, state="up")


def _bridge(links: IPRoute, subnet: IPv4Network) -> int:
    """The subnet's bridge. Its hardware address is fixed, or it would change with the tasks that come and go."""
    name = f"b{int(subnet.network_address):08x}-{subnet.prefixlen}"
    found = links.link_lookup(ifname=name)
    if found:
        return int(found[0])
    mac = "02:ff:" + ":".join(f"{byte:02x}" for byte in subnet.network_address.packed)
    links.link("add", ifname=name, kind="bridge", address=mac)
    index = int(links.link_lookup(ifname=name)[0])
    with _existing():
        links.addr("add", index=index, address=str(subnet.network_address + 1), prefixlen=subnet.prefixlen)
    links.link("set", index=index, state="up")
    return index


def _address(links: IPRoute, network: Network) -> None:
    subnet = IPv4Network(network.subnet_cidr)
    index = links.link_lookup(ifname="eth0")[0]
    with _existing():
        links.addr("add", index=index, address=network.address, prefixlen=subnet.prefixlen)
    links.link("set", index=1, state="up")
    links.link("set", index=index, state="up")
    with _existing():
        links.route("add", dst="0.0.0.0/0", gateway=str(subnet.network_address + 1))


def _await_forwarding(links: IPRoute, name: str) -> None:
    """Wait until the bridge takes frames from this port: it notices a moment later that the other end is up."""
    index = links.link_lookup(ifname=name)[0]
    for _ in range(_PATIENCE):
        (link,) = links.link("get", index=index)
        port = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_DATA")
        if port is not None and port.get_attr("IFLA_BRPORT_STATE") == _FORWARDING:
            return
        select.select([], [], [], 0.002)


def _announce(network: Network) -> None:
    """Say who has the address now: a neighbour may remember whoever had it before (a gratuitous ARP, RFC 5227)."""
    mac, address = bytes.fromhex(network.mac.replace(":", "")), socket.inet_aton(network.address)
    frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", _ARP, 1, 0x0800, 6, 4, 1) + mac + address + bytes(6) + address
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind(("eth0", _ARP))
        link.send(frame)


@contextlib.contextmanager
def _existing() -> Iterator[None]:
    """What is there already is as good as made now."""
    try:
        yield
    except NetlinkError as error:
        if error.code != _EXISTS:
            raise


def leave(task: TaskId, routers: Iterable[Path], pin: Path) -> None:
    """Remove a task's link and namespace. The link goes first: the kernel would take its time about it.

    ``routers``: where the link may be.
    """
    with _translated("the task's network can't be removed"):
        for router in routers:
            if netns.is_pinned(router):
                with netns.inside(router), IPRoute() as links:
                    _unplug(links, links.link_lookup(ifname=_veth(task)))
        netns.remove(pin)


def _unplug(links: IPRoute, indexes: Iterable[int]) -> None:
    for index in indexes:
        try:
            links.link("del", index=index)
        except NetlinkError as error:
            if error.code != _NO_DEVICE:  # a link goes with its other end
                raise


def remove_router(pin: Path) -> None:
    """Remove a VPC's router with its bridges."""
    with _translated("the VPC's router can't be removed"):
        if netns.is_pinned(pin):
            with netns.inside(pin), IPRoute() as links:
                _unplug(links, [link["index"] for link in links.get_links() if link["index"] != 1])
        netns.remove(pin)


def listen(pin: Path, endpoint: Endpoint) -> socket.socket:
    """A socket inside the router, which gets the address. The router answers for it on every bridge."""
    with _translated(f"{endpoint.address}:{endpoint.port} can't be listened on"), netns.inside(pin):
        with IPRoute() as links, _existing():
            links.addr("add", index=1, address=endpoint.address, prefixlen=32)
        stream = endpoint.transport is Transport.TCP
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        try:
            if stream:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((endpoint.address, endpoint.port))
            if stream:
                listener.listen(_BACKLOG)
            listener.setblocking(False)  # noqa: FBT003
        except OSError:
            listener.close()
            raise
        return listener


def _veth(task: TaskId) -> str:
    return "v" + hashlib.blake2s(task.encode()).hexdigest()[:13]  # an interface's name has at most 15 characters


def _sysctl(name: str, value: str) -> None:
    path = Path("/proc/sys/net", name)
    if path.exists():  # a kernel without IPv6 has nothing to switch off
        path.write_text(value)


def _nft(text: str) -> None:
    answer = subprocess.run(
        ["nft", "-f", "-"],  # noqa: S607 - where it is differs between systems
        input=text.encode(),
        capture_output=True,
        timeout=_NFT_TIMEOUT,
        check=False,
    )
    if answer.returncode != 0:
        raise SandboxFailed(f"nft refused the task's rules: {answer.stderr.decode(errors='replace').strip()}")
