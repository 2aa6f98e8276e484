"""What there is before a migration: a mesh and the ECS services in it, out of the JSON that the AWS CLI prints.

Promise: every document is recognised by the key that ``aws appmesh describe-…`` and ``aws ecs describe-…`` put around
it; what has no such key is refused with its name. Nothing is asked of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from moyai.domain.appmesh.names import Kind, ProxyName, read_proxy_name
from moyai.domain.ecs.mesh_proxy import identity_in
from moyai.kernel.errors import MoyaiError

Json = Mapping[str, Any]


class Unreadable(MoyaiError):
    """A document is not what it should be."""


class EcsService(NamedTuple):
    """An ECS service, its task definition, and what its proxy stands for."""

    service: Json
    definition: Json
    stands_for: ProxyName

    @property
    def name(self) -> str:
        """Its name in its cluster."""
        return str(self.service["serviceName"])

    @property
    def cluster(self) -> str:
        """Its cluster's name."""
        return str(self.service.get("clusterArn", "default")).rpartition("/")[2]


class Inventory(NamedTuple):
    """A mesh, each resource by its name; routes by router and name, and likewise of gateways."""

    mesh: str
    spec: Json
    nodes: Mapping[str, Json]
    services: Mapping[str, Json]
    routers: Mapping[str, Json]
    routes: Mapping[tuple[str, str], Json]
    gateways: Mapping[str, Json]
    gateway_routes: Mapping[tuple[str, str], Json]
    ecs: tuple[EcsService, ...]

    def routes_of(self, router: str) -> Iterator[tuple[str, Json]]:
        """The routes of a router, with their names."""
        return ((name, spec) for (of, name), spec in sorted(self.routes.items()) if of == router)

    def runs(self, node: str) -> EcsService | None:
        """The ECS service whose tasks are the node."""
        return next((e for e in self.ecs if e.stands_for.kind is Kind.VIRTUAL_NODE and e.stands_for.name == node), None)


def gather(documents: Iterable[tuple[str, Json]], mesh: str | None = None) -> Inventory:
    """The inventory of ``mesh``, or of the only one there is, from documents with their names. Raises Unreadable."""
    found: dict[str, list[Json]] = {}
    for name, document in documents:
        for key, values in _recognised(name, document):
            found.setdefault(key, []).extend(values)
    meshes = {str(one["meshName"]): one for one in found.get("mesh", ())}
    chosen = _chosen(meshes.keys() | {str(n["meshName"]) for n in found.get("virtualNode", ())}, mesh)
    return Inventory(
        mesh=chosen,
        spec=meshes.get(chosen, {}).get("spec") or {},
        nodes=_named(found, "virtualNode", chosen),
        services=_named(found, "virtualService", chosen),
        routers=_named(found, "virtualRouter", chosen),
        routes=_within(found, "route", "virtualRouterName", chosen),
        gateways=_named(found, "virtualGateway", chosen),
        gateway_routes=_within(found, "gatewayRoute", "virtualGatewayName", chosen),
        ecs=tuple(_ecs(found.get("services", ()), found.get("taskDefinition", ()), chosen)),
    )


def _recognised(name: str, document: Json) -> Iterator[tuple[str, list[Json]]]:
    keys = document.keys() & {
        *("mesh", "virtualNode", "virtualService", "virtualRouter", "route", "virtualGateway", "gatewayRoute"),
        *("services", "taskDefinition"),
    }
    if not keys:
        raise Unreadable(
            f"{name} is none of what `aws appmesh describe-…`, `aws ecs describe-services` and"
            " `aws ecs describe-task-definition` print."
        )
    for key in sorted(keys):
        value = document[key]
        yield key, list(value) if isinstance(value, list) else [value]


def _chosen(names: Iterable[str], wanted: str | None) -> str:
    known = sorted(names)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is not None and wanted in known:
        return wanted
    there = f"There is {', '.join(known)}." if known else "There is none."
    raise Unreadable(f"{'Which mesh?' if wanted is None else f'There is no mesh {wanted}.'} {there}")


def _named(found: Mapping[str, list[Json]], kind: str, mesh: str) -> dict[str, Json]:
    return {str(one[f"{kind}Name"]): one.get("spec") or {} for one in found.get(kind, ()) if one["meshName"] == mesh}


def _within(found: Mapping[str, list[Json]], kind: str, parent: str, mesh: str) -> dict[tuple[str, str], Json]:
    return {
        (str(one[parent]), str(one[f"{kind}Name"])): one.get("spec") or {}
        for one in found.get(kind, ())
        if one["meshName"] == mesh
    }


def _ecs(services: Iterable[Json], definitions: Iterable[Json], mesh: str) -> Iterator[EcsService]:
    known = {str(one["taskDefinitionArn"]): one for one in definitions}
    for service in services:
        definition = known.get(str(service.get("taskDefinition")))
        stands_for = None if definition is None else _identity(definition)
        if definition is not None and stands_for is not None and stands_for.mesh == mesh:
            yield EcsService(service, definition, stands_for)


def _identity(definition: Json) -> ProxyName | None:
    """What the proxy of a task definition's tasks stands for."""
    said = filter(None, (identity_in(_environment(one)) for one in definition.get("containerDefinitions", ())))
    first = next(said, None)
    return None if first is None else read_proxy_name(first)


def proxy_container(definition: Json) -> str | None:
    """The name of the container that is a task's App Mesh proxy."""
    configured = (definition.get("proxyConfiguration") or {}).get("containerName")
    containers = definition.get("containerDefinitions", ())
    found = (str(one["name"]) for one in containers if identity_in(_environment(one)) is not None)
    return str(configured) if configured else next(found, None)


def _environment(container: Json) -> dict[str, str]:
    return {str(pair["name"]): str(pair["value"]) for pair in container.get("environment") or ()}
