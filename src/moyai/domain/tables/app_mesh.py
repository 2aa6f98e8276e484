"""The tables of App Mesh.

The index ``mesh`` takes a mesh's ARN. ``name`` takes ``name_key`` of the record's name and of its parent, in which the
name is unique (a mesh's in its scope). Indexes of references by name take the ``name_key`` of the named record, whether
that exists or not. ``call`` takes the ``name`` of an ``AppMeshCall``.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.appmesh.listener import GatewayListener, NodeListener
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import name_key, service_name
from moyai.domain.appmesh.resource import AppMeshResource
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import AppMeshRoute, VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import scope_in_arn


def _calls(record: AppMeshResource) -> tuple[str, ...]:
    return tuple(call.name for call in record.calls)


def _certificates(listeners: Iterable[NodeListener | GatewayListener]) -> tuple[str, ...]:
    certificates = (listener.tls.certificate.acm for listener in listeners if listener.tls is not None)
    return tuple({acm.certificate_arn for acm in certificates if acm is not None})


def _backends(node: VirtualNode) -> tuple[str, ...]:
    services = (backend.virtual_service.virtual_service_name for backend in node.spec.backends or ())
    return tuple({name_key(node.mesh, service_name(service)) for service in services})


class AppMeshTables:
    """Meshes and the resources in them."""

    meshes = TableSpec(
        Mesh, scope=scope_in_arn, name=lambda m: (name_key(scope_key(scope_of(m.arn)), m.name),), call=_calls
    )
    virtual_nodes = TableSpec(
        VirtualNode,
        scope=scope_in_arn,
        mesh=lambda n: (n.mesh,),
        name=lambda n: (name_key(n.mesh, n.name),),
        backend=_backends,
        certificate=lambda n: _certificates(n.spec.listeners or ()),
        call=_calls,
    )
    """``backend``: the virtual services that the node calls; ``certificate``: its listeners' ACM certificates."""
    virtual_services = TableSpec(
        VirtualService,
        scope=scope_in_arn,
        mesh=lambda s: (s.mesh,),
        name=lambda s: (name_key(s.mesh, s.name),),
        folded=lambda s: (name_key(s.mesh, s.name.lower()),),
        node=lambda s: () if s.spec.node is None else (name_key(s.mesh, s.spec.node),),
        router=lambda s: () if s.spec.router is None else (name_key(s.mesh, s.spec.router),),
        call=_calls,
    )
    """``folded``: the name in lower case, as proxies compare it; ``node`` and ``router``: the service's provider."""
    virtual_routers = TableSpec(
        VirtualRouter,
        scope=scope_in_arn,
        mesh=lambda r: (r.mesh,),
        name=lambda r: (name_key(r.mesh, r.name),),
        call=_calls,
    )
    routes = TableSpec(
        AppMeshRoute,
        scope=scope_in_arn,
        mesh=lambda r: (r.mesh,),
        router=lambda r: (r.router,),
        name=lambda r: (name_key(r.router, r.name),),
        node=lambda r: tuple({name_key(r.mesh, target.virtual_node) for target in r.spec.targets}),
        call=_calls,
    )
    """``router``: its ARN; ``node``: the virtual nodes that are its targets."""
    virtual_gateways = TableSpec(
        VirtualGateway,
        scope=scope_in_arn,
        mesh=lambda g: (g.mesh,),
        name=lambda g: (name_key(g.mesh, g.name),),
        certificate=lambda g: _certificates(g.spec.listeners),
        call=_calls,
    )
    """``certificate``: the listeners' ACM certificates."""
    gateway_routes = TableSpec(
        GatewayRoute,
        scope=scope_in_arn,
        mesh=lambda r: (r.mesh,),
        gateway=lambda r: (r.gateway,),
        name=lambda r: (name_key(r.gateway, r.name),),
        service=lambda r: tuple(
            name_key(r.mesh, route.action.target.virtual_service.virtual_service_name)
            for route in r.spec.members.values()
        ),
        call=_calls,
    )
    """``gateway``: its ARN; ``service``: the virtual service that is its target."""
