"""Plans a migration: what each ECS service becomes, what stays in App Mesh, the order, and what is lost. Pure.

A service is migrated only if Service Connect can express everything that its traffic depends on; otherwise the report
has the reason. Called services are migrated before their callers where possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from moyai.cli.migrate import nodes
from moyai.cli.migrate.definitions import without_proxy
from moyai.cli.migrate.inventory import EcsService, Inventory, Json, proxy_container
from moyai.cli.migrate.member_report import MemberReport, Row, Verdict
from moyai.cli.migrate.nodes import CloudMapName, Offered
from moyai.cli.migrate.routes import has_one_target_per_port, report_route, targets_of


class Export(NamedTuple):
    """Attributes of a node's Cloud Map service, which let Service Connect's clients call it before it is migrated."""

    place: CloudMapName
    attributes: Mapping[str, str]


class Move(NamedTuple):
    """The migration of one ECS service: inputs of RegisterTaskDefinition, UpdateService and TagResource."""

    node: str
    cluster: str
    service: str
    service_arn: str
    definition: Json
    update: Json
    tags: Mapping[str, str]


class Migration(NamedTuple):
    """A complete plan. ``stays``: nodes and virtual services that are not migrated, with the reasons."""

    mesh: str
    exports: tuple[Export, ...]
    moves: tuple[Move, ...]
    stays: Mapping[str, str]
    rows: tuple[Row, ...]


def plan(inventory: Inventory, namespace: str | None = None) -> Migration:
    """Plan the migration of a mesh. ``namespace``: the namespace to use instead of the nodes' own."""
    return _Planner(inventory, namespace).migration()


class _Planner:
    def __init__(self, inventory: Inventory, namespace: str | None) -> None:
        self._inventory = inventory
        self._namespace = namespace
        self._nodes = {name: MemberReport(f"virtualNode/{name}", spec) for name, spec in inventory.nodes.items()}
        self._routes = {
            key: MemberReport(f"virtualRouter/{key[0]}/route/{key[1]}", spec) for key, spec in inventory.routes.items()
        }
        self._targets = {service: targets_of(inventory, service) for service in inventory.services}
        self._single_targets = [
            target for targets in self._targets.values() if has_one_target_per_port(targets) for target in targets
        ]
        for name, spec in inventory.nodes.items():
            nodes.report_members(self._nodes[name], spec)

    def migration(self) -> Migration:
        """The plan: what each ECS service becomes, what stays, and what is lost."""
        for key, spec in self._inventory.routes.items():
            report_route(self._routes[key], spec)
        stays = self._stays()
        ecs_services = {
            name: ecs_service
            for name in self._inventory.nodes
            if (ecs_service := self._inventory.ecs_service_of(name)) is not None
        }
        moves = {name: self._move(name, ecs_service) for name, ecs_service in ecs_services.items()}
        migrated_nodes = [name for name in self._order() if name in moves and name not in stays]
        called_nodes = [
            name for name in self._order() if name in migrated_nodes or self._inventory.ecs_service_of(name) is None
        ]
        exports = tuple(export for name in called_nodes for export in self._exports(name))
        rows = tuple(self._rows())
        return Migration(self._inventory.mesh, exports, tuple(moves[name] for name in migrated_nodes), stays, rows)

    def _move(self, node: str, ecs_service: EcsService) -> Move:
        report = self._nodes[node]
        endpoints = tuple(nodes.offers(self._inventory, node, report, self._single_targets))
        tags = nodes.tags(self._inventory, node, report, self._single_targets, self._routes)
        return Move(
            node=node,
            cluster=ecs_service.cluster,
            service=ecs_service.name,
            service_arn=str(ecs_service.service.get("serviceArn", ecs_service.name)),
            definition=without_proxy(ecs_service.definition, endpoints),
            update=self._update(node, ecs_service, endpoints),
            tags=tags,
        )

    def _update(self, node: str, ecs_service: EcsService, endpoints: Iterable[Offered]) -> dict[str, Any]:
        place = nodes.cloud_map_name(self._inventory.nodes[node])
        namespace = self._namespace or (place.namespace if place is not None else self._only_namespace())
        connect: dict[str, Any] = {"enabled": True, "services": [offer.entry for offer in endpoints]}
        if namespace is not None:
            connect["namespace"] = namespace
        log = nodes.access_log(self._inventory.nodes[node])
        proxy_log = _log_of_proxy(ecs_service)
        if proxy_log is not None:
            connect["logConfiguration"] = proxy_log
        if log is not None and proxy_log is not None:
            connect["accessLogConfiguration"] = log
        family = ecs_service.definition["family"]
        request: dict[str, Any] = {
            "cluster": ecs_service.cluster,
            "service": ecs_service.name,
            "taskDefinition": family,
        }
        if ecs_service.service.get("serviceRegistries"):
            request["serviceRegistries"] = []
        return request | {"serviceConnectConfiguration": connect}

    def _only_namespace(self) -> str | None:
        """The namespace of all other nodes, if it is the same: a node that is only a client has none."""
        places = {place.namespace for spec in self._inventory.nodes.values() if (place := nodes.cloud_map_name(spec))}
        return places.pop() if len(places) == 1 else None

    def _exports(self, node: str) -> Iterator[Export]:
        """The export of a node. Nodes in DNS only need none: Service Connect's clients resolve these names as well."""
        place = nodes.cloud_map_name(self._inventory.nodes[node])
        target = next((t for t in self._single_targets if t.node == node), None)
        if (
            place is None
            or target is None
            or (self._inventory.ecs_service_of(node) is None and not nodes.is_registered(self._inventory.nodes[node]))
        ):
            return
        listeners = self._inventory.nodes[node].get("listeners") or ()
        protocol = next(str(listener["portMapping"]["protocol"]) for listener in listeners)
        attributes = {"moyai:client-port": str(target.port), "moyai:client-name": target.service}
        attributes["moyai:instance-port"] = str(target.node_port)
        yield Export(place, attributes | ({} if protocol == "tcp" else {"moyai:app-protocol": protocol}))

    def _stays(self) -> dict[str, str]:
        """The resources that cannot be migrated, with reasons: virtual services, the nodes behind them, and then their
        callers.
        """
        reasons: dict[str, str] = {}
        for service, targets in self._targets.items():
            if not has_one_target_per_port(targets):
                reason = (
                    "it has no target" if not targets else "it splits traffic, or routes by properties of the request"
                )
                reasons[f"virtualService/{service}"] = reason
                for node in sorted({target.node for target in targets}):
                    reasons[node] = f"the virtual service {service} stays: {reason}"
        for name, report in self._nodes.items():
            obstacle = next((row for row in report.rows() if row.verdict is Verdict.STAYS), None)
            if obstacle is not None:
                reasons[name] = f"{obstacle.path}: {obstacle.becomes}"
        while callers := {name: reason for name, reason in self._cut_off(reasons) if name not in reasons}:
            reasons |= callers
        outside = (name for name in self._nodes if name not in reasons and self._inventory.ecs_service_of(name) is None)
        return reasons | dict.fromkeys(outside, "no known ECS service runs it")

    def _cut_off(self, stays: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The callers of what stays: after a migration they could not call it."""
        for name in self._nodes:
            for service in self._backends(name):
                behind = {target.node for target in self._targets.get(service, ())}
                if f"virtualService/{service}" in stays or behind & stays.keys():
                    yield name, f"it calls {service}, which stays"

    def _order(self) -> Iterator[str]:
        """The nodes, called ones before their callers; nodes that call each other are in the order of their names."""
        node_order: dict[str, None] = {}

        def visit(node: str, above: frozenset[str]) -> None:
            if node in node_order or node in above:
                return
            for called in self._called_nodes(node):
                visit(called, above | {node})
            node_order[node] = None

        for name in sorted(self._inventory.nodes):
            visit(name, frozenset())
        return iter(node_order)

    def _called_nodes(self, node: str) -> Iterator[str]:
        for service in self._backends(node):
            yield from (
                target.node for target in self._targets.get(service, ()) if target.node in self._inventory.nodes
            )

    def _backends(self, node: str) -> Iterator[str]:
        for backend in self._inventory.nodes[node].get("backends") or ():
            yield str((backend.get("virtualService") or {}).get("virtualServiceName", "")).rpartition("/")[2]

    def _rows(self) -> Iterator[Row]:
        mesh = MemberReport(f"mesh/{self._inventory.mesh}", self._inventory.spec)
        if (self._inventory.spec.get("egressFilter") or {}).get("type") == "ALLOW_ALL":
            mesh.mark_mapped("egressFilter.type", "traffic to other destinations does not pass the proxy")
        mesh.mark_lost("egressFilter.type", "traffic to other destinations is not blocked; it does not pass the proxy")
        mesh.mark_lost("serviceDiscovery.ipPreference", "the task's network decides")
        yield from mesh.rows()
        yield from _rows_of(self._nodes.values())
        for name, spec in self._inventory.services.items():
            service = MemberReport(f"virtualService/{name}", spec)
            service.mark_mapped("provider", "clientAliases[].dnsName of the ECS service behind it")
            yield from service.rows()
        for name, spec in self._inventory.routers.items():
            router = MemberReport(f"virtualRouter/{name}", spec)
            router.mark_mapped("listeners", "clientAliases[].port")
            yield from router.rows()
        yield from _rows_of(self._routes.values())
        yield from self._gateway_rows()

    def _gateway_rows(self) -> Iterator[Row]:
        reason = "Service Connect has no gateway: use a load balancer, or your own proxy in the namespace"
        resources: list[tuple[str, Json]] = [
            (f"virtualGateway/{n}", spec) for n, spec in self._inventory.gateways.items()
        ]
        for (gateway, name), spec in self._inventory.gateway_routes.items():
            resources.append((f"virtualGateway/{gateway}/gatewayRoute/{name}", spec))
        for resource, spec in resources:
            report = MemberReport(resource, spec)
            for member in spec:
                report.mark_lost(member, reason)
            yield from report.rows()


def _rows_of(reports: Iterable[MemberReport]) -> Iterator[Row]:
    for report in reports:
        yield from report.rows()


def _log_of_proxy(ecs_service: EcsService) -> Json | None:
    """The log configuration of the App Mesh proxy, for the Service Connect proxy."""
    proxy = proxy_container(ecs_service.definition)
    for container in ecs_service.definition.get("containerDefinitions", ()):
        if container["name"] == proxy and container.get("logConfiguration"):
            resources: Json = container["logConfiguration"]
            return resources
    return None
