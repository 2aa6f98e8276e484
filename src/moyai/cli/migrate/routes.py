"""The virtual nodes behind a virtual service.

Service Connect needs exactly one node for all requests to a port. A virtual service that splits traffic or routes by
properties of the request is not migrated, and neither are its nodes, until it has one route to one node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from moyai.cli.migrate.inventory import Inventory, Json
from moyai.cli.migrate.member_report import MemberReport

_KINDS = ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")
_SPLIT = (
    "Service Connect does not split traffic between services: give one target all the weight, or deploy the next"
    " version of that service as CANARY or LINEAR"
)
_CHOICE = "Service Connect does not route by properties of the request: remove the route, or decide in the caller"


class ServiceTarget(NamedTuple):
    """A node behind a virtual service: the port that is called, the node's port, and the route, if any."""

    service: str
    node: str
    port: int
    node_port: int
    route: tuple[str, str] | None = None


def targets_of(inventory: Inventory, service: str) -> list[ServiceTarget]:
    """The targets of a virtual service: one for each port, or several if it splits traffic or routes by properties."""
    provider = inventory.services[service].get("provider") or {}
    node = (provider.get("virtualNode") or {}).get("virtualNodeName")
    if node is not None:
        return [ServiceTarget(service, node, port, port) for port, _ in ports(inventory.nodes.get(node, {}))]
    router = (provider.get("virtualRouter") or {}).get("virtualRouterName")
    return [] if router is None else list(_route_targets(inventory, service, router))


def ports(spec: Json) -> Iterator[tuple[int, str]]:
    """The ports of a specification's listeners, each with its protocol."""
    for listener in spec.get("listeners") or ():
        mapping = listener["portMapping"]
        yield int(mapping["port"]), str(mapping["protocol"])


def route_of(spec: Json) -> tuple[str, Any]:
    """The kind of a route and its value: the only member of its specification that is set."""
    return next((kind, spec[kind]) for kind in _KINDS if spec.get(kind))


def _route_targets(inventory: Inventory, service: str, router: str) -> Iterator[ServiceTarget]:
    listener_ports = [port for port, _ in ports(inventory.routers.get(router, {}))]
    for name, spec in inventory.routes_of(router):
        _, route = route_of(spec)
        match = route.get("match") or {}
        for target in route["action"]["weightedTargets"]:
            if not target["weight"] and len(route["action"]["weightedTargets"]) > 1:
                continue
            node = str(target["virtualNode"])
            node_ports = [port for port, _ in ports(inventory.nodes.get(node, {}))]
            node_port = target.get("port") or (node_ports[0] if node_ports else 0)
            for port in [match["port"]] if match.get("port") else listener_ports or [node_port]:
                yield ServiceTarget(service, node, int(port), int(node_port), (router, name))


def has_one_target_per_port(targets: list[ServiceTarget]) -> bool:
    """Whether there are targets, and not more than one for each port."""
    return bool(targets) and len({target.port for target in targets}) == len(targets)


def report_route(report: MemberReport, spec: Json) -> None:
    """Report what becomes of the members of a route."""
    kind, route = route_of(spec)
    report.mark_mapped("priority", "the only route of its port")
    match, targets = f"{kind}.match", f"{kind}.action.weightedTargets"
    if (route.get("match") or {}).get("prefix") == "/":
        report.mark_mapped(f"{match}.prefix", "all requests")
    report.mark_mapped(f"{match}.port", "clientAliases[].port")
    report.mark_staying(match, _CHOICE)
    weighted = [target for target in route["action"]["weightedTargets"] if target["weight"]]
    if len(weighted) > 1:
        report.mark_staying(targets, _SPLIT)
    for number, target in enumerate(route["action"]["weightedTargets"]):
        if target["weight"]:
            report.mark_mapped(f"{targets}[{number}]", "the ECS service whose tasks are the node")
        else:
            report.mark_lost(f"{targets}[{number}]", "a target without weight receives no traffic")
    report.mark_mapped(f"{kind}.timeout", "services[].timeout: the shorter of the route's and the listener's")
