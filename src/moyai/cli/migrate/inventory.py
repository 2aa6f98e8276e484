"""A mesh and its ECS services before a migration, from the JSON that the AWS CLI prints. Pure.

Documents are recognised by the top-level key of ``aws appmesh describe-…`` and ``aws ecs describe-…``; others are
rejected by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from moyai.domain.appmesh.names import AppMeshResourceType, ProxyName, read_proxy_name
from moyai.domain.ecs.mesh_proxy import identity_in
from moyai.kernel.errors import MoyaiError

Json = Mapping[str, Any]


class Unreadable(MoyaiError):
    """A document cannot be used; the message says why."""


class EcsService(NamedTuple):
    """An ECS service, its task definition, and the name of the virtual node or gateway that its proxy is."""

    service: Json
    definition: Json
    proxy_name: ProxyName

    @property
    def name(self) -> str:
        """The name of the service."""
        return str(self.service["serviceName"])

    @property
    def cluster(self) -> str:
        """The name of the service's cluster."""
        return str(self.service.get("clusterArn", "default")).rpartition("/")[2]


class Inventory(NamedTuple):
    """A mesh: its resources by name, its routes by router or gateway and name, and its ECS services."""

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
        """The names and specifications of a router's routes."""
        return ((name, spec) for (parent_name, name), spec in sorted(self.routes.items()) if parent_name == router)

    def ecs_service_of(self, node: str) -> EcsService | None:
        """The ECS service whose tasks are this virtual node."""
        return next(
            (
                e
                for e in self.ecs
                if e.proxy_name.kind is AppMeshResourceType.VIRTUAL_NODE and e.proxy_name.name == node
            ),
            None,
        )


def build_inventory(documents: Iterable[tuple[str, Json]], mesh: str | None = None) -> Inventory:
    """The inventory of ``mesh``, or of the only mesh, from documents with their names. Raises Unreadable."""
    resources: dict[str, list[Json]] = {}
    for name, document in documents:
        for key, values in _recognise(name, document):
            resources.setdefault(key, []).extend(values)
    meshes = {str(resource["meshName"]): resource for resource in resources.get("mesh", ())}
    mesh_name = _choose_mesh(meshes.keys() | {str(n["meshName"]) for n in resources.get("virtualNode", ())}, mesh)
    return Inventory(
        mesh=mesh_name,
        spec=meshes.get(mesh_name, {}).get("spec") or {},
        nodes=_specs_by_name(resources, "virtualNode", mesh_name),
        services=_specs_by_name(resources, "virtualService", mesh_name),
        routers=_specs_by_name(resources, "virtualRouter", mesh_name),
        routes=_specs_by_parent(resources, "route", "virtualRouterName", mesh_name),
        gateways=_specs_by_name(resources, "virtualGateway", mesh_name),
        gateway_routes=_specs_by_parent(resources, "gatewayRoute", "virtualGatewayName", mesh_name),
        ecs=tuple(_ecs(resources.get("services", ()), resources.get("taskDefinition", ()), mesh_name)),
    )


def _recognise(name: str, document: Json) -> Iterator[tuple[str, list[Json]]]:
    keys = document.keys() & {
        *("mesh", "virtualNode", "virtualService", "virtualRouter", "route", "virtualGateway", "gatewayRoute"),
        *("services", "taskDefinition"),
    }
    if not keys:
        raise Unreadable(
            f"{name} is not the output of `aws appmesh describe-…`, `aws ecs describe-services` or"
            " `aws ecs describe-task-definition`"
        )
    for key in sorted(keys):
        value = document[key]
        yield key, list(value) if isinstance(value, list) else [value]


def _choose_mesh(names: Iterable[str], mesh: str | None) -> str:
    mesh_names = sorted(names)
    if mesh is None and len(mesh_names) == 1:
        return mesh_names[0]
    if mesh is not None and mesh in mesh_names:
        return mesh
    meshes = ", ".join(mesh_names) or "none"
    problem = "name a mesh" if mesh is None else f"there is no mesh {mesh}"
    raise Unreadable(f"{problem}; the documents have: {meshes}")


def _specs_by_name(resources: Mapping[str, list[Json]], kind: str, mesh: str) -> dict[str, Json]:
    return {
        str(resource[f"{kind}Name"]): resource.get("spec") or {}
        for resource in resources.get(kind, ())
        if resource["meshName"] == mesh
    }


def _specs_by_parent(
    resources: Mapping[str, list[Json]], kind: str, parent: str, mesh: str
) -> dict[tuple[str, str], Json]:
    return {
        (str(resource[parent]), str(resource[f"{kind}Name"])): resource.get("spec") or {}
        for resource in resources.get(kind, ())
        if resource["meshName"] == mesh
    }


def _ecs(services: Iterable[Json], definitions: Iterable[Json], mesh: str) -> Iterator[EcsService]:
    definitions_by_arn = {str(definition["taskDefinitionArn"]): definition for definition in definitions}
    for service in services:
        definition = definitions_by_arn.get(str(service.get("taskDefinition")))
        proxy_name = None if definition is None else _identity(definition)
        if definition is not None and proxy_name is not None and proxy_name.mesh == mesh:
            yield EcsService(service, definition, proxy_name)


def _identity(definition: Json) -> ProxyName | None:
    """The virtual node or gateway that the proxy of a task definition is."""
    containers = definition.get("containerDefinitions", ())
    identities = filter(None, (identity_in(_environment(container)) for container in containers))
    first = next(identities, None)
    return None if first is None else read_proxy_name(first)


def proxy_container(definition: Json) -> str | None:
    """The name of the App Mesh proxy container."""
    configured_name = (definition.get("proxyConfiguration") or {}).get("containerName")
    containers = definition.get("containerDefinitions", ())
    names = (str(c["name"]) for c in containers if identity_in(_environment(c)) is not None)
    return str(configured_name) if configured_name else next(names, None)


def _environment(container: Json) -> dict[str, str]:
    return {str(pair["name"]): str(pair["value"]) for pair in container.get("environment") or ()}
