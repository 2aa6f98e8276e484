"""Finding what App Mesh's resources refer to.

Promise: a name is looked for in its own mesh alone. Nothing is raised: what is not there is None, or isn't in the
list, since a backend may name what does not exist yet. Lists are in the order of their names.
"""

from __future__ import annotations

from moyai.domain.appmesh.discovery import IpPreference
from moyai.domain.appmesh.gateway_route import GatewayRoute
from moyai.domain.appmesh.identity import Identity
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import Kind, ProxyName, mesh_arn, name_key, service_name
from moyai.domain.appmesh.route import Route
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.keys import scope_of
from moyai.domain.ram.sharing import may_use
from moyai.domain.world import World
from moyai.kernel.ids import MeshArn, VirtualGatewayArn, VirtualRouterArn
from moyai.kernel.scope import Scope


def virtual_node(world: World, mesh: MeshArn, name: str) -> VirtualNode | None:
    """The virtual node of this name."""
    return next(world.virtual_nodes.each("name", name_key(mesh, name)), None)


def virtual_router(world: World, mesh: MeshArn, name: str) -> VirtualRouter | None:
    """The virtual router of this name."""
    return next(world.virtual_routers.each("name", name_key(mesh, name)), None)


def virtual_gateway(world: World, mesh: MeshArn, name: str) -> VirtualGateway | None:
    """The virtual gateway of this name."""
    return next(world.virtual_gateways.each("name", name_key(mesh, name)), None)


def virtual_service(world: World, mesh: MeshArn, identifier: str) -> VirtualService | None:
    """The virtual service of this name or ARN, as a backend says it."""
    if identifier.startswith("arn:"):
        found = world.virtual_services.get(identifier)
        return found if found is not None and found.mesh == mesh else None
    return next(world.virtual_services.each("name", name_key(mesh, service_name(identifier))), None)


def provider(world: World, service: VirtualService) -> VirtualNode | VirtualRouter | None:
    """What provides a virtual service."""
    if service.spec.node is not None:
        return virtual_node(world, service.mesh, service.spec.node)
    return None if service.spec.router is None else virtual_router(world, service.mesh, service.spec.router)


def routes(world: World, router: VirtualRouterArn) -> list[Route]:
    """The routes of a virtual router."""
    return sorted(world.routes.each("router", router), key=lambda route: route.name)


def gateway_routes(world: World, gateway: VirtualGatewayArn) -> list[GatewayRoute]:
    """The routes of a virtual gateway."""
    return sorted(world.gateway_routes.each("gateway", gateway), key=lambda route: route.name)


def mesh_of(world: World, said: ProxyName, of: Scope) -> Mesh | None:
    """The mesh that a proxy names; ``of``: whose proxy it is."""
    owner = Scope(said.mesh_owner or of.account, said.region or of.region)
    return world.meshes.get(mesh_arn(owner, said.mesh))


def led_as(world: World, identity: Identity, of: Scope | None) -> VirtualNode | VirtualGateway | None:
    """The virtual node or virtual gateway that a proxy stands for. ``of``: whose task it is in; None has shown by other
    means that it may.
    """
    if identity.mesh not in world.meshes:
        return None
    find = virtual_gateway if identity.kind is Kind.VIRTUAL_GATEWAY else virtual_node
    found = find(world, identity.mesh, identity.name)
    return found if found is not None and (of is None or is_open_to(world, of, found)) else None


def ip_preference_of(world: World, identity: Identity) -> IpPreference | None:
    """The preference that holds for a proxy: its virtual node's own, else its mesh's; None when neither has one."""
    mesh = world.meshes.get(identity.mesh)
    if mesh is None:
        return None
    is_node = identity.kind is not Kind.VIRTUAL_GATEWAY
    return ip_preference(mesh, virtual_node(world, identity.mesh, identity.name) if is_node else None)


def ip_preference(mesh: Mesh, node: VirtualNode | None) -> IpPreference | None:
    """The preference of a virtual node, else its mesh's. ``node`` None: a virtual gateway's, which is the mesh's."""
    discovery = None if node is None else node.spec.service_discovery
    own = None if discovery is None else discovery.ip_preference
    return own or mesh.spec.ip_preference


def is_open_to(world: World, of: Scope, found: VirtualNode | VirtualGateway) -> bool:
    """Whether an account's tasks may stand for it: it is its own, or in a mesh that the account may use."""
    return of == scope_of(found.arn) or may_use(world, of, found.mesh)


def stands_for(world: World, said: ProxyName, of: Scope) -> VirtualNode | VirtualGateway | None:
    """The virtual node or virtual gateway that a proxy names; ``of``: whose proxy it is."""
    mesh = mesh_of(world, said, of)
    if mesh is None:
        return None
    find = virtual_gateway if said.kind is Kind.VIRTUAL_GATEWAY else virtual_node
    return find(world, mesh.arn, said.name)
