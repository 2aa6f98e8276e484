"""Ways out of a VPC: the links between routers, and who may use which.

A peering is a veth between two routers. Which subnet sends what where is a routing table for each subnet, asked after
the router's own: a destination in the VPC is never led elsewhere, and what no table knows is unreachable, told to
the sender at once. What comes from another VPC finds no rule but for addresses here, so nothing passes through.
Everything is compared with what the kernel has, never with what was done before. For the network thread only; errors:
SandboxFailed.
Source: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

import msgspec
from pyroute2 import IPRoute
from pyroute2.netlink import nlmsg

from moyai.domain.sandbox.fabric import NOWHERE, OUTSIDE, VpcFabric
from moyai.runtime.linux import firewall, netns
from moyai.runtime.linux.network import existing, neighbour, translated

NEXT = "169.254.255.254"
"""Whoever is at the other end of such a link; it is never asked for by that name."""

_MACS = ("02:fd:00:00:00:01", "02:fd:00:00:00:02")
_ON_LINK = 4
_IPV4 = 2
_UNICAST, _UNREACHABLE = "unicast", "unreachable"
_PRIORITY = 40_000
"""After the router's own table, at 32766."""


class Ways(msgspec.Struct, frozen=True):
    """How a router sends on: for each subnet's range, from destinations to the names of links."""

    tables: Mapping[str, Mapping[str, str]] = {}


def ways_of(vpc: VpcFabric) -> Ways:
    """What the VPC's routes come to."""
    tables: dict[str, dict[str, str]] = {}
    for route in vpc.routes:
        tables.setdefault(route.subnet, {})[route.destination] = _link(route.target)
    return Ways(tables)


def _link(target: str) -> str:
    """The name of the link that leads there; of NOWHERE, one that no link has."""
    if target == NOWHERE:
        return ""
    return firewall.OUTSIDE if target == OUTSIDE else peer_link(target)


def peer_link(peering: str) -> str:
    """The name of a peering's link, at both its ends."""
    return firewall.PEER + hashlib.blake2s(peering.encode()).hexdigest()[:13]


def connect(link: str, routers: tuple[Path, Path]) -> None:
    """Have a link of this name between two routers."""
    with translated("the VPCs can't be connected"):
        target = os.open(routers[1], os.O_RDONLY | os.O_CLOEXEC)
        try:
            with netns.inside(routers[0]), IPRoute() as links, existing():
                peer = {"ifname": link, "net_ns_fd": target, "address": _MACS[1]}
                links.link("add", ifname=link, kind="veth", address=_MACS[0], peer=peer)
        finally:
            os.close(target)
        for router, other_mac in zip(routers, reversed(_MACS), strict=True):
            with netns.inside(router), IPRoute() as links:
                ready(links, link, other_mac)


def ready(links: IPRoute, link: str, other_mac: str) -> None:
    """Make a link usable as a way out of this router."""
    index = links.link_lookup(ifname=link)[0]
    links.link("set", index=index, state="up")
    neighbour(links, index, NEXT, other_mac)


def disconnect(router: Path, keep: frozenset[str]) -> None:
    """Remove all of a router's links to other routers but these; whatever used them ends."""
    with translated("the VPCs can't be parted"), netns.inside(router), IPRoute() as links:
        for index, name in socket.if_nameindex():
            if name.startswith(firewall.PEER) and name not in keep:
                links.link("del", index=index)


def lead(router: Path, ways: Ways) -> None:
    """Have exactly these ways; one whose link isn't there leads nowhere: its destination is unreachable."""
    with translated("the VPC's routes can't be set"), netns.inside(router), IPRoute(strict_check=True) as links:
        there = {rule.get_attr("FRA_TABLE"): rule for rule in links.get_rules(family=_IPV4) if _is_ours(rule)}
        wanted = {_table(subnet): subnet for subnet in ways.tables}
        indexes = {name: index for index, name in socket.if_nameindex()}
        for table in sorted(there.keys() | wanted.keys()):
            leading = ways.tables[wanted[table]] if table in wanted else {}
            _fill(links, table, {to: indexes.get(name) for to, name in leading.items()})
        for table in sorted(there.keys() - wanted.keys()):
            source = f"{there[table].get_attr('FRA_SRC')}/{there[table]['src_len']}"
            links.rule("del", src=source, table=table, priority=_PRIORITY)
        for table in sorted(wanted.keys() - there.keys()):
            links.rule("add", src=wanted[table], table=table, priority=_PRIORITY)


def _is_ours(rule: nlmsg) -> bool:
    return bool(rule.get_attr("FRA_PRIORITY") == _PRIORITY)


def _fill(links: IPRoute, table: int, wanted: Mapping[str, int | None]) -> None:
    """Have exactly these routes in a table: from destinations to links, None = unreachable."""
    there: dict[str, int | None] = {}
    for route in links.get_routes(family=_IPV4, table=table):
        address = route.get_attr("RTA_DST") or "0.0.0.0"  # noqa: S104 - all addresses
        there[f"{address}/{route['dst_len']}"] = route.get_attr("RTA_OIF")
    for destination in sorted(there.keys() - wanted.keys()):
        links.route("del", dst=destination, table=table, type=_UNREACHABLE if there[destination] is None else _UNICAST)
    for destination, index in sorted(wanted.items()):
        if destination in there and there[destination] == index:
            continue
        if index is None:
            links.route("replace", dst=destination, table=table, type=_UNREACHABLE)
        else:
            links.route("replace", dst=destination, gateway=NEXT, oif=index, flags=_ON_LINK, table=table)


def _table(subnet: str) -> int:
    """A subnet's table has its first address for a number: no two subnets of a VPC share that."""
    return int(IPv4Network(subnet).network_address)
