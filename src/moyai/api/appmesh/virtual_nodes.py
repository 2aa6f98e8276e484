"""Virtual nodes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualNode.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.appmesh.kind import Case, Kind, Requests
from moyai.api.appmesh.own import check_own
from moyai.api.appmesh.place import in_mesh
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.access_log import logging
from moyai.api.appmesh.rules.discovery import discovery
from moyai.api.appmesh.rules.listeners import listeners, with_checked_ports
from moyai.api.appmesh.rules.text import Faults, service_name
from moyai.api.appmesh.rules.tls import backend_defaults, client_policy
from moyai.api.tagging import Tag
from moyai.domain.appmesh.backend import VirtualServiceBackend
from moyai.domain.appmesh.errors import BadRequest, LimitExceeded
from moyai.domain.appmesh.names import Kind as Word
from moyai.domain.appmesh.names import name_key, read_service_arn
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
    """Input of CreateVirtualNode."""

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
    yield from discovery(f"{where}.serviceDiscovery", spec.service_discovery)
    yield from _backends(f"{where}.backends", spec)
    yield from backend_defaults(f"{where}.backendDefaults", spec.backend_defaults)
    yield from logging(f"{where}.logging", spec.logging)


def _backends(where: str, spec: VirtualNodeSpec) -> Faults:
    named: set[str] = set()
    for place, one in enumerate(spec.backends or ()):
        backend = one.virtual_service
        there = f"{where}[{place}].virtualService"
        name = name_of_service(backend.virtual_service_name)
        yield from service_name(f"{there}.virtualServiceName", name)
        if name.lower() in named:
            yield f"{there}.virtualServiceName: {name} is there twice."
        named.add(name.lower())
        yield from client_policy(f"{there}.clientPolicy", backend.client_policy)


def _refer(case: Case) -> None:
    spec: VirtualNodeSpec = case.spec
    backends = [one.virtual_service for one in spec.backends or ()]
    if len(backends) > case.quotas.backends_per_virtual_node:
        raise LimitExceeded(f"A VirtualNode may have {case.quotas.backends_per_virtual_node} backends.")
    for backend in backends:
        _check_backend(case, backend)
    check_own(case.owner, spec)


def _check_backend(case: Case, backend: VirtualServiceBackend) -> None:
    """A virtual service of this mesh, which need not be there yet."""
    name = backend.virtual_service_name
    mesh = case.place.mesh
    if name.startswith("arn:") and (mesh is None or read_service_arn(name) != (mesh.arn, name_of_service(name))):
        raise BadRequest(f"spec.backends: {name[:300]} is not the ARN of a virtual service of this mesh.")


def _in_use(world: World, node: VirtualNode) -> str | None:
    there = name_key(node.mesh, node.name)
    if world.virtual_services.count("node", there):
        return f"VirtualNode with name {node.name} cannot be deleted because it is a VirtualService provider"
    if world.routes.count("node", there):
        return f"VirtualNode with name {node.name} cannot be deleted because it is the target of one or more routes."
    return None


def _filled(spec: VirtualNodeSpec) -> VirtualNodeSpec:
    if spec.listeners is None:
        return spec
    return replace(spec, listeners=tuple(with_checked_ports(spec.listeners)))


VIRTUAL_NODES = Kind(
    noun="VirtualNode",
    plural="VirtualNodes",
    word=Word.VIRTUAL_NODE,
    record=VirtualNode,
    table=lambda world: world.virtual_nodes,
    requests=Requests(VirtualNodeRequest, CreateVirtualNodeRequest, UpdateVirtualNodeRequest, ListRequest),
    place=in_mesh,
    faults=_faults,
    refer=_refer,
    filled=_filled,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_nodes_per_mesh,
)
"""Everything about virtual nodes."""
