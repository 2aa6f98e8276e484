"""The router of a VPC: a network namespace that every packet between two tasks passes.

Promise: the interfaces, routes and firewall of the machine are never touched. Every function is idempotent, raises
SandboxFailed, and runs on the network thread only (see namespaces.py). Each VPC has a router of its own, because every
account and region has a default VPC with the same range. A subnet is not a bridge: each task has a link of its own to
the router, with one neighbour that never changes, and the router knows one address behind each link. So no task can
receive or answer for another one, and all traffic between tasks is routed where security_groups.py filters it. A router
forwards nothing before its rules are in place. The gateway of a subnet is its second address, and METADATA_ADDRESS is
an address of the router, as in AWS's VPCs.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import socket
from pathlib import Path

import pyroute2

from moyai.ports.runtime import METADATA_ADDRESS, Endpoint, Transport
from moyai.runtime.linux.network import namespaces, security_groups
from moyai.runtime.linux.network.configure import (
    apply_rules,
    delete_links,
    ignore_existing,
    read_sysctl,
    sandbox_errors,
    set_sysctl,
)
from moyai.runtime.linux.network.connection_limits import disable_reverse_path_filter, limit_router_connections
from moyai.runtime.linux.network.interface_names import NODES_PREFIX, TASK_PREFIX

_BACKLOG = 128
_TIME_WAIT = "06"
_LINK_LOCAL = "169.254.0.0/16"


def create_router(netns: Path, vpc_cidr: str) -> None:
    """Make a VPC's router, if there is none. It forwards nothing before a specification brings its rules."""
    with sandbox_errors("the VPC's router can't be made"):
        if not namespaces.exists(netns):
            namespaces.create(netns)
        with namespaces.inside(netns):
            if read_sysctl("ipv4/ip_forward") != "1":  # the last step of the configuration: all others were done
                _configure_router(vpc_cidr)


def _configure_router(vpc_cidr: str) -> None:
    """Configure the router that the calling thread is in."""
    set_sysctl("ipv6/conf/default/disable_ipv6", "1")
    disable_reverse_path_filter()
    apply_rules(security_groups.replacement_script(security_groups.DENY_ALL))
    limit_router_connections(security_groups.IPV4)
    set_sysctl("netfilter/nf_conntrack_tcp_be_liberal", "1")  # else a late RST would count as a new connection
    with pyroute2.IPRoute() as links:
        with ignore_existing():
            links.addr("add", index=1, address=METADATA_ADDRESS, prefixlen=32)
        links.link("set", index=1, state="up")
        for unreachable in (vpc_cidr, _LINK_LOCAL):  # tasks must not reach the machine's own link-local addresses
            links.route("replace", dst=unreachable, type="unreachable")
    set_sysctl("ipv4/ip_forward", "1")


def set_ipv6_forwarding(*, on: bool) -> None:
    """Switch forwarding of IPv6 in the router that the calling thread is in. Its IPv6 rules have to be there first."""
    set_sysctl("ipv6/conf/all/forwarding", "1" if on else "0")


def remove_router(netns: Path) -> None:
    """Remove a VPC's router with its links."""
    with sandbox_errors("the VPC's router can't be removed"):
        if namespaces.exists(netns):
            with namespaces.inside(netns), pyroute2.IPRoute() as links:
                delete_links(links, [link["index"] for link in links.get_links() if link["index"] != 1])
        namespaces.remove(netns)


def remove_idle_router(netns: Path) -> bool:
    """Remove a VPC's router if no task is connected and no socket is open in it. Returns whether it is gone."""
    with sandbox_errors("the VPC's router can't be removed"):
        if namespaces.exists(netns):
            with namespaces.inside(netns):
                if (
                    any(name.startswith((TASK_PREFIX, NODES_PREFIX)) for _, name in socket.if_nameindex())
                    or _has_sockets()
                ):
                    return False
    remove_router(netns)
    return True


def _has_sockets() -> bool:
    tables = (Path("/proc/thread-self/net", name).read_text().splitlines()[1:] for name in ("tcp", "udp"))
    return any(line.split()[3] != _TIME_WAIT for table in tables for line in table)


def listen(netns: Path, vpc_cidr: str, endpoint: Endpoint) -> socket.socket:
    """A listening socket in the VPC's router, which gets the endpoint's address."""
    create_router(netns, vpc_cidr)
    with sandbox_errors(f"{endpoint.address}:{endpoint.port} can't be listened on"), namespaces.inside(netns):
        with pyroute2.IPRoute() as links, ignore_existing():
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
