"""The VPC on this machine: a router namespace for each VPC, and a veth from it to each task.

Promise: the host's interfaces, routes and firewall are never touched. Every function is idempotent and
raises SandboxFailed, and runs on the network thread only (see netns.py). One router for each VPC, not one
for all, because every account and region has a default VPC of the same range. A subnet is no bridge: each task is on a
port of the router's own, with one neighbour that never changes, and the router knows one address behind each port. So
nobody hears or answers for somebody else, and all traffic between tasks is routed where the firewall sees it
(firewall.py). A router forwards nothing before its rules are there. A subnet's gateway is its second address, and
METADATA_ADDRESS is in the router, as in AWS's VPCs.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from moyai.kernel.ids import TaskId
from moyai.ports.runtime import METADATA_ADDRESS, Endpoint, SandboxFailed, Transport
from moyai.runtime.linux import connections, door, firewall, netns, nft, port
from moyai.runtime.linux.port import port_of

ROUTER_MAC = "02:ff:00:00:00:01"
"""Every port of every router has it: no two of them are on one link."""

_EXISTS, _NO_DEVICE = 17, 19
_PERMANENT = 0x80


_BACKLOG = 128
_TIME_WAIT = "06"
_LINK_LOCAL = "169.254.0.0/16"

_UNBOUNDED = 262_144
"""What the machine's 0 for no bound is taken for: the kernel's own choice from 4 GiB of memory on."""

_SENT_AGAIN = "4"
"""How often the kernel sends again what nobody acknowledges before it gives a connection up: 6 s. Its own 15 times are
a quarter of an hour, and a proxy that waits so long for a task whose link is cut can't ask another one in time."""


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """What the kernel refuses is SandboxFailed."""
    try:
        yield
    except (OSError, NetlinkError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"{what}: {error}") from error


def prepare_router(pin: Path, vpc_cidr: str) -> None:
    """Make a VPC's router, with METADATA_ADDRESS on it. It lets nothing through until a fabric says what."""
    with translated("the VPC's router can't be made"):
        if not netns.is_pinned(pin):
            netns.create(pin)
        with netns.inside(pin), IPRoute() as links:
            if _read("ipv4/ip_forward") == "1":  # the last thing that is done
                return
            sysctl("ipv6/conf/default/disable_ipv6", "1")
            trust_rules()
            nft.apply(firewall.whole(firewall.CLOSED))
            bound_router(firewall.IPV4)
            sysctl("netfilter/nf_conntrack_tcp_be_liberal", "1")  # else a late RST would count as a new connection
            with existing():
                links.addr("add", index=1, address=METADATA_ADDRESS, prefixlen=32)
            links.link("set", index=1, state="up")
            for nowhere in (vpc_cidr, _LINK_LOCAL):  # the host's own link-local addresses belong to nobody here
                links.route("replace", dst=nowhere, type="unreachable")
            sysctl("ipv4/ip_forward", "1")


def trust_rules() -> None:
    """Leave it to connections.py who may send from where: the kernel would look only after it had tracked a packet."""
    for name in ("all", "default"):
        sysctl(f"ipv4/conf/{name}/rp_filter", "0")


def bound_router(family: str) -> None:
    """Bound what each address takes of the connections that the router which the calling thread is in can track."""
    nft.apply(connections.router_rules(family, connection_capacity(), firewall.OUTSIDE))


def connection_capacity() -> int:
    """How many connections the namespace that the calling thread is in can track; it tracks closed ones no longer than
    CLOSED_FOR from here on. It must have rules by which it tracks them.
    """
    for state in ("time_wait", "close"):
        sysctl(f"netfilter/nf_conntrack_tcp_timeout_{state}", str(connections.CLOSED_FOR))
    return int(_read("netfilter/nf_conntrack_max")) or _UNBOUNDED


def enclose(pin: Path) -> None:
    """Have a namespace with nothing but its loopback."""
    with translated("the task's network can't be made"):
        if not netns.is_pinned(pin):
            netns.create(pin)
        with netns.inside(pin), IPRoute() as links:
            sysctl("ipv6/conf/default/disable_ipv6", "1")
            sysctl("ipv4/ip_unprivileged_port_start", "0")  # as Docker: any user may listen on port 80
            sysctl("ipv4/ping_group_range", "0 2147483647")
            _calm()
            links.link("set", index=1, state="up")


def forward_ipv6(*, on: bool) -> None:
    """Have the router that the calling thread is in send IPv6 on, or not; its rules for that must be there first."""
    sysctl("ipv6/conf/all/forwarding", "1" if on else "0")


def intercept(pin: Path, leading: str) -> None:
    """Lead the traffic of a namespace through its proxy, by these rules."""
    with translated("the task's traffic can't be led through its proxy"), netns.inside(pin):
        sysctl("ipv4/tcp_retries2", _SENT_AGAIN)
        nft.apply(leading)


def _calm() -> None:
    """Congestion control by loss, whatever the host prefers: BBR takes pasta (outside.py) for a slow link, and is a
    hundred times slower.
    """
    for name in ("cubic", "reno"):
        with contextlib.suppress(OSError):  # not every kernel has the first
            sysctl("ipv4/tcp_congestion_control", name)
            return


def turn_away(pin: Path, ports: Sequence[int]) -> None:
    """Close a task's ports to new connections from outside; nothing where the task has no network any more."""
    with translated("the task's ports can't be closed"):
        if netns.is_pinned(pin):
            with netns.inside(pin):
                nft.apply(door.closed(ports))


def neighbour(links: IPRoute, index: int, address: str, mac: str) -> None:
    """Know for good who is next on this link: nobody is asked, so nobody can answer wrongly."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    links.neigh("replace", ifindex=index, dst=address, lladdr=mac, state=_PERMANENT, family=family)


@contextlib.contextmanager
def existing() -> Iterator[None]:
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
    with translated("the task's network can't be removed"):
        for router in routers:
            if netns.is_pinned(router):
                with netns.inside(router), IPRoute() as links:
                    unplug(links, links.link_lookup(ifname=port_of(task)))
        netns.remove(pin)


def unplug(links: IPRoute, indexes: Iterable[int]) -> None:
    """Remove links; one that has gone with its other end is as good as removed."""
    for index in indexes:
        try:
            links.link("del", index=index)
        except NetlinkError as error:
            if error.code != _NO_DEVICE:  # a link goes with its other end
                raise


def remove_router(pin: Path) -> None:
    """Remove a VPC's router with its bridges."""
    with translated("the VPC's router can't be removed"):
        if netns.is_pinned(pin):
            with netns.inside(pin), IPRoute() as links:
                unplug(links, [link["index"] for link in links.get_links() if link["index"] != 1])
        netns.remove(pin)


def remove_idle_router(pin: Path) -> bool:
    """Remove a VPC's router when no task is in it and nobody listens there; whether it is gone."""
    with translated("the VPC's router can't be removed"):
        if netns.is_pinned(pin):
            with netns.inside(pin):
                if any(name.startswith(port.PREFIX) for _, name in socket.if_nameindex()) or _has_sockets():
                    return False
    remove_router(pin)
    return True


def _has_sockets() -> bool:
    tables = (Path("/proc/thread-self/net", name).read_text().splitlines()[1:] for name in ("tcp", "udp"))
    return any(line.split()[3] != _TIME_WAIT for table in tables for line in table)


def listen(pin: Path, vpc_cidr: str, endpoint: Endpoint) -> socket.socket:
    """A socket inside the VPC's router, which gets the address and answers for it on every port."""
    prepare_router(pin, vpc_cidr)
    with translated(f"{endpoint.address}:{endpoint.port} can't be listened on"), netns.inside(pin):
        with IPRoute() as links, existing():
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


def sysctl(name: str, value: str) -> None:
    """Set one of the kernel's, of the namespace that the calling thread is in."""
    path = Path("/proc/sys/net", name)
    if path.exists():  # a kernel without IPv6 has nothing to switch off
        path.write_text(value)


def _read(name: str) -> str:
    return Path("/proc/sys/net", name).read_text().strip()
