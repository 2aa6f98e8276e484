"""App Mesh's tables, each with the indexes that its readers need.

The index ``mesh`` takes a mesh's ARN; ``name`` takes ``name_key`` of what the name is unique in (a mesh's in its
scope), and the name. Others take the same for what a record refers to by name, whether it is there or not. ``call``
takes a ``Call``'s name.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.appmesh.backend import Backend
from moyai.domain.appmesh.gateway_route import GatewayRoute
from moyai.domain.appmesh.listener import GatewayListener, NodeListener
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.resource import Resource
from moyai.domain.appmesh.route import Route
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.table import Table
from moyai.kernel.arn import parse_arn


def name_key(within: str, name: str) -> str:
    """A name as the value of an index; ``within``: the ARN, or the scope's key, of what it is unique in."""
    return f"{within} {name}"


def meshes() -> Table[Mesh]:
    """By scope and name."""
    return Table({"scope": lambda m: (_scope(m),), "name": lambda m: (name_key(_scope(m), m.name),), "call": _calls})


def virtual_nodes() -> Table[VirtualNode]:
    """By mesh, name, by the virtual services that they call (``backend``), and by the certificates of Certificate
    Manager that their listeners show (``certificate``).
    """
    return Table(
        {
            "mesh": lambda n: (n.mesh,),
            "name": lambda n: (name_key(n.mesh, n.name),),
            "backend": lambda n: tuple(
                {name_key(n.mesh, service_name(one.virtual_service.virtual_service_name)) for one in _backends(n)}
            ),
            "certificate": lambda n: _certificates(n.spec.listeners or ()),
            "call": _calls,
        }
    )


def virtual_services() -> Table[VirtualService]:
    """By mesh, name, and by the virtual node (``node``) or the virtual router (``router``) that provides them;
    ``folded`` is the name in lower case, as proxies compare it.
    """
    return Table(
        {
            "mesh": lambda s: (s.mesh,),
            "name": lambda s: (name_key(s.mesh, s.name),),
            "folded": lambda s: (name_key(s.mesh, s.name.lower()),),
            "node": lambda s: () if s.spec.node is None else (name_key(s.mesh, s.spec.node),),
            "router": lambda s: () if s.spec.router is None else (name_key(s.mesh, s.spec.router),),
            "call": _calls,
        }
    )


def virtual_routers() -> Table[VirtualRouter]:
    """By mesh and name."""
    return Table({"mesh": lambda r: (r.mesh,), "name": lambda r: (name_key(r.mesh, r.name),), "call": _calls})


def routes() -> Table[Route]:
    """By mesh, router (an ARN), name, and by the virtual nodes that they lead to (``node``)."""
    return Table(
        {
            "mesh": lambda r: (r.mesh,),
            "router": lambda r: (r.router,),
            "name": lambda r: (name_key(r.router, r.name),),
            "node": lambda r: tuple({name_key(r.mesh, target.virtual_node) for target in r.spec.targets}),
            "call": _calls,
        }
    )


def virtual_gateways() -> Table[VirtualGateway]:
    """By mesh, name, and by the certificates that their listeners show (``certificate``)."""
    return Table(
        {
            "mesh": lambda g: (g.mesh,),
            "name": lambda g: (name_key(g.mesh, g.name),),
            "certificate": lambda g: _certificates(g.spec.listeners),
            "call": _calls,
        }
    )


def gateway_routes() -> Table[GatewayRoute]:
    """By mesh, gateway (an ARN), name, and by the virtual service that they lead to (``service``)."""
    return Table(
        {
            "mesh": lambda r: (r.mesh,),
            "gateway": lambda r: (r.gateway,),
            "name": lambda r: (name_key(r.gateway, r.name),),
            "service": lambda r: tuple(
                name_key(r.mesh, route.action.target.virtual_service.virtual_service_name)
                for route in r.spec.members.values()
            ),
            "call": _calls,
        }
    )


def service_name(identifier: str) -> str:
    """A virtual service's name, from it or from its ARN."""
    arn = parse_arn(identifier)
    return identifier if arn is None else arn.resource.rpartition("/")[2]


def _scope(mesh: Mesh) -> str:
    return scope_key(scope_of(mesh.arn))


def _backends(node: VirtualNode) -> tuple[Backend, ...]:
    return node.spec.backends or ()


def _certificates(listeners: Iterable[NodeListener | GatewayListener]) -> tuple[str, ...]:
    shown = (one.tls.certificate.acm for one in listeners if one.tls is not None)
    return tuple({acm.certificate_arn for acm in shown if acm is not None})


def _calls(record: Resource) -> tuple[str, ...]:
    return tuple(call.name for call in record.calls)
