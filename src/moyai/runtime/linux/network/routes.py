"""Routes out of a VPC: the links between routers, and a routing table for each subnet.

A peering is a veth between two routers. A subnet's table is looked up after the router's own, so a destination in the
VPC is never routed elsewhere; a destination that no table has is unreachable, and the sender is told at once. Packets
from another VPC match no table, only addresses in this VPC, so there is no transit. Everything is compared with the
kernel's state, never with what was done before. For the network thread only; errors: SandboxFailed.
Source: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

import msgspec
import pyroute2

from moyai.domain.sandbox.network_spec import NOWHERE, OUTSIDE, VpcSpec
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import ignore_existing, sandbox_errors
from moyai.runtime.linux.network.interface_names import EGRESS, PEERING_PREFIX, peering_link
from moyai.runtime.linux.network.link_requests import ON_LINK, fix_neighbour, new_veth, send, set_up

NEXT_HOP = "169.254.255.254"
"""The gateway of every route out of a VPC; a permanent neighbour entry has the other end of the link."""

_MACS = ("02:fd:00:00:00:01", "02:fd:00:00:00:02")
_IPV4 = 2
_UNICAST, _UNREACHABLE = "unicast", "unreachable"
_PRIORITY = 40_000
"""The priority of the rule for a subnet's table: after that for the main table, 32766."""


class RouteTables(msgspec.Struct, frozen=True):
    """A router's tables: for each subnet's range, the name of the link for each destination."""

    tables: Mapping[str, Mapping[str, str]] = {}


def route_tables(vpc: VpcSpec) -> RouteTables:
    """The tables for the VPC's routes."""
    tables: dict[str, dict[str, str]] = {}
    for route in vpc.routes:
        tables.setdefault(route.subnet, {})[route.destination] = _link_name(route.target)
    return RouteTables(tables)


def _link_name(target: str) -> str:
    """The name of the link to a route's target; of NOWHERE, a name that no link has."""
    if target == NOWHERE:
        return ""
    return EGRESS if target == OUTSIDE else peering_link(target)


def connect_routers(link: str, routers: tuple[Path, Path]) -> None:
    """Make a link of this name between two routers."""
    with sandbox_errors("the VPCs can't be connected"):
        target = os.open(routers[1], os.O_RDONLY | os.O_CLOEXEC)
        try:
            with namespaces.inside(routers[0]), ignore_existing():
                send([new_veth(link, _MACS[0], link, _MACS[1], target)])
        finally:
            os.close(target)
        for router, other_mac in zip(routers, reversed(_MACS), strict=True):
            with namespaces.inside(router):
                enable_link(link, other_mac)


def enable_link(link: str, other_mac: str) -> None:
    """Set a link up, with NEXT_HOP at its other end."""
    index = socket.if_nametoindex(link)
    send([set_up(index), fix_neighbour(index, NEXT_HOP, other_mac)])


def disconnect_routers(router: Path, keep: frozenset[str]) -> None:
    """Remove a router's links to other routers, except these. Connections through them end."""
    with sandbox_errors("the VPCs can't be parted"), namespaces.inside(router), pyroute2.IPRoute() as links:
        for index, name in socket.if_nameindex():
            if name.startswith(PEERING_PREFIX) and name not in keep:
                links.link("del", index=index)


def apply_routes(router: Path, route_tables: RouteTables) -> None:
    """Give a router exactly these tables. A destination whose link does not exist is unreachable."""
    with (
        sandbox_errors("the VPC's routes can't be set"),
        namespaces.inside(router),
        pyroute2.IPRoute(strict_check=True) as links,
    ):
        present = {rule.get_attr("FRA_TABLE"): rule for rule in links.get_rules(family=_IPV4) if _is_ours(rule)}
        subnets = {_table_number(subnet): subnet for subnet in route_tables.tables}
        indexes = {name: index for index, name in socket.if_nameindex()}
        for table in sorted(present.keys() | subnets.keys()):
            routes = route_tables.tables[subnets[table]] if table in subnets else {}
            _fill_table(links, table, {destination: indexes.get(name) for destination, name in routes.items()})
        for table in sorted(present.keys() - subnets.keys()):
            source = f"{present[table].get_attr('FRA_SRC')}/{present[table]['src_len']}"
            links.rule("del", src=source, table=table, priority=_PRIORITY)
        for table in sorted(subnets.keys() - present.keys()):
            links.rule("add", src=subnets[table], table=table, priority=_PRIORITY)


def _is_ours(rule: pyroute2.netlink.nlmsg) -> bool:
    return bool(rule.get_attr("FRA_PRIORITY") == _PRIORITY)


def _fill_table(links: pyroute2.IPRoute, table: int, entries: Mapping[str, int | None]) -> None:
    """Give a table exactly these routes: the index of a link for each destination, None = unreachable."""
    present: dict[str, int | None] = {}
    for route in links.get_routes(family=_IPV4, table=table):
        address = route.get_attr("RTA_DST") or "0.0.0.0"  # noqa: S104 - all addresses
        present[f"{address}/{route['dst_len']}"] = route.get_attr("RTA_OIF")
    for destination in sorted(present.keys() - entries.keys()):
        kind = _UNREACHABLE if present[destination] is None else _UNICAST
        links.route("del", dst=destination, table=table, type=kind)
    for destination, index in sorted(entries.items()):
        if destination in present and present[destination] == index:
            continue
        if index is None:
            links.route("replace", dst=destination, table=table, type=_UNREACHABLE)
        else:
            links.route("replace", dst=destination, gateway=NEXT_HOP, oif=index, flags=ON_LINK, table=table)


def _table_number(subnet: str) -> int:
    """The subnet's first address as a number: no two subnets of a VPC share it."""
    return int(IPv4Network(subnet).network_address)
