"""Finds what App Mesh's resources refer to by name.

Promise: a name is looked up in its own mesh only. Nothing is raised: a resource that does not exist is None, or not in
the list, since a backend may name what does not exist yet. Lists are in the order of names.
"""

from __future__ import annotations

from moyai.domain.appmesh.discovery import IpPreference
from moyai.domain.appmesh.identity import Identity
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import AppMeshResourceType, ProxyName, mesh_arn, name_key, service_name
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import AppMeshRoute, VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.keys import scope_of
from moyai.domain.queries.sharing import may_use
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
    """The virtual service with this name or ARN, as backends give it."""
    if identifier.startswith("arn:"):
        service = world.virtual_services.get(identifier)
        return service if service is not None and service.mesh == mesh else None
    return next(world.virtual_services.each("name", name_key(mesh, service_name(identifier))), None)


def provider(world: World, service: VirtualService) -> VirtualNode | VirtualRouter | None:
    """The virtual node or router that provides a virtual service."""
    if service.spec.node is not None:
        return virtual_node(world, service.mesh, service.spec.node)
    return None if service.spec.router is None else virtual_router(world, service.mesh, service.spec.router)


def routes(world: World, router: VirtualRouterArn) -> list[AppMeshRoute]:
    """The routes of a virtual router."""
    return sorted(world.routes.each("router", router), key=lambda route: route.name)


def gateway_routes(world: World, gateway: VirtualGatewayArn) -> list[GatewayRoute]:
    """The routes of a virtual gateway."""
    return sorted(world.gateway_routes.each("gateway", gateway), key=lambda route: route.name)


def mesh_named_by(world: World, name: ProxyName, scope: Scope) -> Mesh | None:
    """The mesh that the name of a proxy of this scope refers to."""
    owner = Scope(name.mesh_owner or scope.account, name.region or scope.region)
    return world.meshes.get(mesh_arn(owner, name.mesh))


def resource_of_proxy(world: World, identity: Identity, scope: Scope | None) -> VirtualNode | VirtualGateway | None:
    """The virtual node or gateway that a proxy represents. ``scope``: that of the proxy's task; None: the proxy has
    been authorized otherwise.
    """
    if identity.mesh not in world.meshes:
        return None
    find = virtual_gateway if identity.kind is AppMeshResourceType.VIRTUAL_GATEWAY else virtual_node
    resource = find(world, identity.mesh, identity.name)
    is_allowed = resource is not None and (scope is None or may_represent(world, scope, resource))
    return resource if is_allowed else None


def ip_preference_of(world: World, identity: Identity) -> IpPreference | None:
    """The IP preference of a proxy: its virtual node's own, else its mesh's; None if neither has one."""
    mesh = world.meshes.get(identity.mesh)
    if mesh is None:
        return None
    is_node = identity.kind is not AppMeshResourceType.VIRTUAL_GATEWAY
    return ip_preference(mesh, virtual_node(world, identity.mesh, identity.name) if is_node else None)


def ip_preference(mesh: Mesh, node: VirtualNode | None) -> IpPreference | None:
    """The IP preference of a virtual node, else of its mesh; a virtual gateway (``node`` None) has its mesh's."""
    discovery = None if node is None else node.spec.service_discovery
    own_preference = None if discovery is None else discovery.ip_preference
    return own_preference or mesh.spec.ip_preference


def may_represent(world: World, scope: Scope, resource: VirtualNode | VirtualGateway) -> bool:
    """Whether tasks of the scope may represent the resource: it is the scope's own, or in a mesh that it may use."""
    return scope == scope_of(resource.arn) or may_use(world, scope, resource.mesh)


def resource_named_by(world: World, name: ProxyName, scope: Scope) -> VirtualNode | VirtualGateway | None:
    """The virtual node or gateway that the name of a proxy of this scope refers to."""
    mesh = mesh_named_by(world, name, scope)
    if mesh is None:
        return None
    find = virtual_gateway if name.kind is AppMeshResourceType.VIRTUAL_GATEWAY else virtual_node
    return find(world, mesh.arn, name.name)
