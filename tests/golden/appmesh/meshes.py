"""Worlds of one mesh, as the App Mesh API takes it, for the cases of mesh and xds.

    mesh: its spec (default: nothing in it)
    virtualNodes, virtualServices, virtualRouters, virtualGateways: {<name>: spec}
    routes: {<router>: {<name>: spec}}
    gatewayRoutes: {<gateway>: {<name>: spec}}
    cloudMap: {<namespace>: {<service>: [attributes of each instance]}}
    certificates: those of Certificate Manager, {<name>: the authority that signed it}
    services: of Service Connect, as in tests/golden/mesh/worlds.py
    shown: the virtual nodes and gateways whose parts are of interest (default: all)

Specs are JSON as the CLI takes it. An instance's ``health`` is no attribute. Files are in ``/keys``: ``chain.pem``,
``key.pem`` and ``roots.pem``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from moyai.domain.appmesh.mesh import Mesh, MeshSpec
from moyai.domain.appmesh.names import mesh_arn, within_mesh
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, GatewayRouteSpec, VirtualGateway, VirtualGatewaySpec
from moyai.domain.appmesh.virtual_node import VirtualNode, VirtualNodeSpec
from moyai.domain.appmesh.virtual_router import AppMeshRoute, RouteSpec, VirtualRouter, VirtualRouterSpec
from moyai.domain.appmesh.virtual_service import VirtualService, VirtualServiceSpec
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.record import StoredRecord
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AccountId,
    DiscoveryServiceArn,
    DiscoveryServiceId,
    GatewayRouteArn,
    InstanceId,
    NamespaceArn,
    NamespaceId,
    Region,
    RouteArn,
    VirtualGatewayArn,
    VirtualNodeArn,
    VirtualRouterArn,
    VirtualServiceArn,
)
from moyai.kernel.scope import Scope
from tests.authority import Authority
from tests.golden.appmesh.certificates import records
from tests.golden.mesh import worlds

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
MESH = mesh_arn(SCOPE, "shop")
LONG_AGO = Instant(0)
S = TypeVar("S")


def read(path: Path) -> dict[str, Any]:
    """The records of a case."""
    safe_load = yaml.safe_load(path.read_text())
    assert isinstance(safe_load, dict)
    return safe_load


def world_of(case: dict[str, Any], authority: Authority | None = None) -> World:
    """The world that is described; ``authority``: whose the certificates are, where they are to be real."""
    world = worlds.world_of(case.get("services", {}))
    if authority is not None:
        worlds.with_certificates(world)
    for record in (*_mesh(case), *_routes(case), *records(case.get("certificates", {}), authority)):
        world.apply(Put(record))
    for namespace, services in case.get("cloudMap", {}).items():
        _cloud_map(world, namespace, services)
    return world


def spec_of(kind: type[S], said: Any) -> S:
    """A spec as the API would record it."""
    return msgspec.convert(_snake(said or {}), kind)


def node_arn(name: str) -> VirtualNodeArn:
    return VirtualNodeArn(within_mesh(MESH, SCOPE.account, "virtualNode", name))


def gateway_arn(name: str) -> VirtualGatewayArn:
    return VirtualGatewayArn(within_mesh(MESH, SCOPE.account, "virtualGateway", name))


def service_arn(name: str) -> VirtualServiceArn:
    return VirtualServiceArn(within_mesh(MESH, SCOPE.account, "virtualService", name))


def router_arn(name: str) -> VirtualRouterArn:
    return VirtualRouterArn(within_mesh(MESH, SCOPE.account, "virtualRouter", name))


def route_arn(router: str, name: str) -> RouteArn:
    return RouteArn(f"{router_arn(router)}/route/{name}")


def gateway_route_arn(gateway: str, name: str) -> GatewayRouteArn:
    return GatewayRouteArn(f"{gateway_arn(gateway)}/gatewayRoute/{name}")


def _mesh(case: dict[str, Any]) -> list[StoredRecord]:
    nodes, services = case.get("virtualNodes", {}), case.get("virtualServices", {})
    routers, gateways = case.get("virtualRouters", {}), case.get("virtualGateways", {})
    return [
        Mesh(arn=MESH, name="shop", spec=spec_of(MeshSpec, case.get("mesh")), **_whose("mesh")),
        *(
            VirtualNode(arn=node_arn(n), name=n, mesh=MESH, spec=spec_of(VirtualNodeSpec, s), **_whose(n))
            for n, s in nodes.items()
        ),
        *(
            VirtualService(arn=service_arn(n), name=n, mesh=MESH, spec=spec_of(VirtualServiceSpec, s), **_whose(n))
            for n, s in services.items()
        ),
        *(
            VirtualRouter(arn=router_arn(n), name=n, mesh=MESH, spec=spec_of(VirtualRouterSpec, s), **_whose(n))
            for n, s in routers.items()
        ),
        *(
            VirtualGateway(arn=gateway_arn(n), name=n, mesh=MESH, spec=spec_of(VirtualGatewaySpec, s), **_whose(n))
            for n, s in gateways.items()
        ),
    ]


def _routes(case: dict[str, Any]) -> list[StoredRecord]:
    return [
        *(
            AppMeshRoute(
                arn=route_arn(router, name),
                name=name,
                mesh=MESH,
                router=router_arn(router),
                spec=spec_of(RouteSpec, specified),
                **_whose(name),
            )
            for router, routes in case.get("routes", {}).items()
            for name, specified in routes.items()
        ),
        *(
            GatewayRoute(
                arn=gateway_route_arn(gateway, name),
                name=name,
                mesh=MESH,
                gateway=gateway_arn(gateway),
                spec=spec_of(GatewayRouteSpec, specified),
                **_whose(name),
            )
            for gateway, routes in case.get("gatewayRoutes", {}).items()
            for name, specified in routes.items()
        ),
    ]


def _whose(uid: str) -> dict[str, Any]:
    owner = SCOPE.account
    return {
        "uid": uid,
        "created_at": LONG_AGO,
        "last_updated_at": LONG_AGO,
        "mesh_owner": owner,
        "resource_owner": owner,
    }


def _cloud_map(world: World, name: str, services: dict[str, Any]) -> None:
    within = f"arn:aws:servicediscovery:{SCOPE.region}:{SCOPE.account}"
    namespace = NamespaceArn(f"{within}:namespace/ns-{name}")
    if namespace not in world.namespaces:
        world.apply(Put(Namespace(namespace, NamespaceId(f"ns-{name}"), name, NamespaceType.DNS_PRIVATE, LONG_AGO)))
    for service, instances in services.items():
        arn = DiscoveryServiceArn(f"{within}:service/srv-{service}")
        if arn not in world.discovery_services:
            discovery_service = DiscoveryService(
                arn, DiscoveryServiceId(f"srv-{service}"), service, namespace, LONG_AGO
            )
            world.apply(Put(discovery_service))
        for number, said in enumerate(instances):
            health = Health(said.get("health", "HEALTHY"))
            attributes = {key: value for key, value in said.items() if key != "health"}
            instance = DiscoveryInstance(arn, InstanceId(f"i-{service}-{number}"), attributes, LONG_AGO, health)
            world.apply(Put(instance))


def _snake(specified: Any) -> Any:
    """The same with members as moyai calls them."""
    if isinstance(specified, dict):
        return {re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", key).lower(): _snake(value) for key, value in specified.items()}
    return [_snake(one) for one in specified] if isinstance(specified, list) else specified
