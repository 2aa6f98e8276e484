"""Virtual nodes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualNode.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.location import in_mesh
from moyai.api.appmesh.owned_references import check_owned_references
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.access_log import logging
from moyai.api.appmesh.rules.listeners import listeners, with_health_check_ports
from moyai.api.appmesh.rules.text import Faults, host_or_address, printable, service_name
from moyai.api.appmesh.rules.tls import backend_defaults, client_policy
from moyai.api.tagging import Tag
from moyai.domain.appmesh.client_policy import VirtualServiceBackend
from moyai.domain.appmesh.discovery import ServiceDiscovery
from moyai.domain.appmesh.errors import BadRequest, LimitExceeded
from moyai.domain.appmesh.names import AppMeshResourceType, name_key, read_service_arn
from moyai.domain.appmesh.names import service_name as name_of_service
from moyai.domain.appmesh.virtual_node import VirtualNode, VirtualNodeSpec
from moyai.domain.world import World


class VirtualNodeRequest(InMesh, frozen=True, kw_only=True):
    """The virtual node that a request names."""

    virtual_node_name: str

    @property
    def name(self) -> str:
        """The virtual node's name."""
        return self.virtual_node_name


class CreateVirtualNodeRequest(VirtualNodeRequest, frozen=True, kw_only=True):
    spec: VirtualNodeSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateVirtualNodeRequest(VirtualNodeRequest, frozen=True, kw_only=True):
    """Input of UpdateVirtualNode: the whole new spec."""

    spec: VirtualNodeSpec
    client_token: str | None = None


def _faults(where: str, spec: VirtualNodeSpec) -> Faults:
    yield from listeners(f"{where}.listeners", spec.listeners or ())
    if spec.listeners and spec.service_discovery is None:
        yield f"{where}.serviceDiscovery: it must be set where there is a listener."
    yield from _discovery(f"{where}.serviceDiscovery", spec.service_discovery)
    yield from _backends(f"{where}.backends", spec)
    yield from backend_defaults(f"{where}.backendDefaults", spec.backend_defaults)
    yield from logging(f"{where}.logging", spec.logging)


def _discovery(where: str, settings: ServiceDiscovery | None) -> Faults:
    if settings is None:
        return
    if settings.dns is not None:
        yield from host_or_address(f"{where}.dns.hostname", settings.dns.hostname)
    if settings.aws_cloud_map is not None:
        yield from printable(f"{where}.awsCloudMap.namespaceName", settings.aws_cloud_map.namespace_name)
        yield from printable(f"{where}.awsCloudMap.serviceName", settings.aws_cloud_map.service_name)


def _backends(where: str, spec: VirtualNodeSpec) -> Faults:
    names: set[str] = set()
    for place, item in enumerate(spec.backends or ()):
        backend = item.virtual_service
        member = f"{where}[{place}].virtualService"
        name = name_of_service(backend.virtual_service_name)
        yield from service_name(f"{member}.virtualServiceName", name)
        if name.lower() in names:
            yield f"{member}.virtualServiceName: {name} is there twice."
        names.add(name.lower())
        yield from client_policy(f"{member}.clientPolicy", backend.client_policy)


def _check_references(change: SpecChange) -> None:
    spec: VirtualNodeSpec = change.spec
    backends = [backend.virtual_service for backend in spec.backends or ()]
    if len(backends) > change.quotas.backends_per_virtual_node:
        raise LimitExceeded(f"A VirtualNode may have {change.quotas.backends_per_virtual_node} backends.")
    for backend in backends:
        _check_backend(change, backend)
    check_owned_references(change.owner, spec)


def _check_backend(change: SpecChange, backend: VirtualServiceBackend) -> None:
    """Raises BadRequest for the ARN of a virtual service of another mesh. The service need not exist yet."""
    name = backend.virtual_service_name
    mesh = change.location.mesh
    if name.startswith("arn:") and (mesh is None or read_service_arn(name) != (mesh.arn, name_of_service(name))):
        raise BadRequest(f"spec.backends: {name[:300]} is not the ARN of a virtual service of this mesh.")


def _in_use(world: World, node: VirtualNode) -> str | None:
    key = name_key(node.mesh, node.name)
    if world.virtual_services.count("node", key):
        return f"VirtualNode with name {node.name} cannot be deleted because it is a VirtualService provider"
    if world.routes.count("node", key):
        return f"VirtualNode with name {node.name} cannot be deleted because it is the target of one or more routes."
    return None


def _with_defaults(spec: VirtualNodeSpec) -> VirtualNodeSpec:
    if spec.listeners is None:
        return spec
    return replace(spec, listeners=tuple(with_health_check_ports(spec.listeners)))


VIRTUAL_NODES = ResourceKind(
    noun="VirtualNode",
    plural="VirtualNodes",
    arn_kind=AppMeshResourceType.VIRTUAL_NODE,
    record=VirtualNode,
    table=lambda world: world.virtual_nodes,
    requests=Requests(VirtualNodeRequest, CreateVirtualNodeRequest, UpdateVirtualNodeRequest, ListRequest),
    location=in_mesh,
    spec_faults=_faults,
    check_references=_check_references,
    with_defaults=_with_defaults,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_nodes_per_mesh,
)
"""The kind of virtual nodes."""
