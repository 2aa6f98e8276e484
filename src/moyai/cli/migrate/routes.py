"""Which node a virtual service leads to, where that can be said in Service Connect: one, for every request.

Promise: a virtual service that splits or chooses by what a request says is not made into something that does neither.
It stays, and its nodes with it, until it has one route to one node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from moyai.cli.migrate.inventory import Inventory, Json
from moyai.cli.migrate.ledger import Ledger

_KINDS = ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")
_SPLIT = (
    "Service Connect has no split between services: give one target all the weight, or deploy the next version of that"
    " service as CANARY or LINEAR"
)
_CHOICE = "Service Connect chooses by nothing that a request says: remove the route, or move the choice into the caller"


class Way(NamedTuple):
    """A virtual service's way to a node: the port that it is called on, the node's port, and the route, if any."""

    service: str
    node: str
    port: int
    node_port: int
    route: tuple[str, str] | None = None


def ways(inventory: Inventory, service: str) -> list[Way]:
    """The ways of a virtual service, one for each port; several to one port where it splits or chooses."""
    provider = inventory.services[service].get("provider") or {}
    node = (provider.get("virtualNode") or {}).get("virtualNodeName")
    if node is not None:
        return [Way(service, node, port, port) for port, _ in ports(inventory.nodes.get(node, {}))]
    router = (provider.get("virtualRouter") or {}).get("virtualRouterName")
    return [] if router is None else list(_routed(inventory, service, router))


def ports(spec: Json) -> Iterator[tuple[int, str]]:
    """The ports of a specification's listeners, each with its protocol."""
    for listener in spec.get("listeners") or ():
        mapping = listener["portMapping"]
        yield int(mapping["port"]), str(mapping["protocol"])


def route_of(spec: Json) -> tuple[str, Any]:
    """The member of a route's specification that is set, and what it says."""
    return next((kind, spec[kind]) for kind in _KINDS if spec.get(kind))


def _routed(inventory: Inventory, service: str, router: str) -> Iterator[Way]:
    listened = [port for port, _ in ports(inventory.routers.get(router, {}))]
    for name, spec in inventory.routes_of(router):
        _, route = route_of(spec)
        match = route.get("match") or {}
        for target in route["action"]["weightedTargets"]:
            if not target["weight"] and len(route["action"]["weightedTargets"]) > 1:
                continue
            node = str(target["virtualNode"])
            node_ports = [port for port, _ in ports(inventory.nodes.get(node, {}))]
            node_port = target.get("port") or (node_ports[0] if node_ports else 0)
            for port in [match["port"]] if match.get("port") else listened or [node_port]:
                yield Way(service, node, int(port), int(node_port), (router, name))


def is_simple(found: list[Way]) -> bool:
    """Whether there is one way for each port."""
    return bool(found) and len({way.port for way in found}) == len(found)


def note_route(ledger: Ledger, spec: Json) -> None:
    """What becomes of a route's own members."""
    kind, route = route_of(spec)
    ledger.maps("priority", "the only route of its port")
    match, targets = f"{kind}.match", f"{kind}.action.weightedTargets"
    if (route.get("match") or {}).get("prefix") == "/":
        ledger.maps(f"{match}.prefix", "all requests")
    ledger.maps(f"{match}.port", "clientAliases[].port")
    ledger.stays(match, _CHOICE)
    weighted = [target for target in route["action"]["weightedTargets"] if target["weight"]]
    if len(weighted) > 1:
        ledger.stays(targets, _SPLIT)
    for number, target in enumerate(route["action"]["weightedTargets"]):
        if target["weight"]:
            ledger.maps(f"{targets}[{number}]", "the ECS service whose tasks are the node")
        else:
            ledger.lost(f"{targets}[{number}]", "a target without weight gets nothing")
    ledger.maps(f"{kind}.timeout", "services[].timeout, with the listener's: the shorter one")
