"""References of App Mesh's resources lead to their own mesh, in the order of names, by look-up and not by search."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.appmesh import names
from moyai.domain.appmesh.names import ProxyName, mesh_arn, read_proxy_name
from moyai.domain.queries import app_mesh
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope
from moyai.testing.world import SCOPE
from tests.model.appmesh_specs import ApiCall, build_store

HTTP = {"portMapping": {"port": 80, "protocol": "http"}}
MESH = mesh_arn(SCOPE, "shop")
STRANGER = Scope(AccountId("222222222222"), SCOPE.region)


def create_call(operation: str, mesh: str = "shop", **params: Any) -> ApiCall:
    return ApiCall(operation, {"meshName": mesh, **params})


def route(name: str, node: str) -> ApiCall:
    spec = {"httpRoute": {"match": {}, "action": {"weightedTargets": [{"virtualNode": node, "weight": 1}]}}}
    return create_call("CreateRoute", virtualRouterName="r", routeName=name, spec=spec)


@pytest.fixture
def world():
    backends = [
        {"virtualService": {"virtualServiceName": name}} for name in ("a.local", f"{MESH}/virtualService/b.local")
    ]
    router, node = {"virtualRouter": {"virtualRouterName": "r"}}, {"virtualNode": {"virtualNodeName": "one"}}
    return build_store(
        [
            create_call("CreateMesh"),
            create_call("CreateMesh", "other"),
            create_call("CreateVirtualNode", virtualNodeName="one", spec={"backends": backends}),
            create_call("CreateVirtualNode", "other", virtualNodeName="two", spec={}),
            create_call("CreateVirtualRouter", virtualRouterName="r", spec={"listeners": [HTTP]}),
            *(route(name, "one") for name in ("b", "a", "c")),
            create_call("CreateVirtualService", virtualServiceName="a.local", spec={"provider": router}),
            create_call("CreateVirtualService", virtualServiceName="b.local", spec={"provider": node}),
            create_call("CreateVirtualService", virtualServiceName="c.local", spec={}),
            create_call("CreateVirtualGateway", virtualGatewayName="edge", spec={"listeners": [HTTP]}),
        ]
    ).world


def test_a_virtual_service_is_found_by_name_and_arn(world):
    by_name = app_mesh.virtual_service(world, MESH, "a.local")
    assert by_name is not None
    assert app_mesh.virtual_service(world, MESH, by_name.arn) == by_name
    assert app_mesh.virtual_service(world, mesh_arn(SCOPE, "other"), by_name.arn) is None
    assert app_mesh.virtual_service(world, mesh_arn(SCOPE, "other"), "a.local") is None
    assert app_mesh.virtual_service(world, MESH, "not.yet") is None


def test_provider_returns_a_services_router_or_node(world):
    results = [app_mesh.provider(world, service) for service in world.virtual_services.by("mesh", MESH)]
    assert [None if one is None else one.name for one in results] == ["r", "one", None]


def test_routes_are_ordered_by_name(world):
    router = app_mesh.virtual_router(world, MESH, "r")
    assert router is not None
    assert [each_route.name for each_route in app_mesh.routes(world, router.arn)] == ["a", "b", "c"]


def test_references_are_indexed(world):
    (node,) = world.virtual_nodes.by("backend", names.name_key(MESH, "b.local"))
    assert node.name == "one"
    assert world.routes.count("node", names.name_key(MESH, "one")) == 3
    assert world.virtual_services.count("router", names.name_key(MESH, "r")) == 1
    assert world.virtual_services.count("node", names.name_key(MESH, "one")) == 1


@pytest.mark.parametrize(
    ("text", "account", "name"),
    [
        ("mesh/shop/virtualNode/one", SCOPE, "one"),
        ("mesh/shop/virtualGateway/edge", SCOPE, "edge"),
        ("mesh/shop/virtualGateway/one", SCOPE, None),
        ("mesh/shop/virtualNode/two", SCOPE, None),
        ("mesh/shop/virtualNode/one", STRANGER, None),
        (f"mesh/shop@{SCOPE.account}/virtualNode/one", STRANGER, "one"),
        (f"{MESH}/virtualNode/one", STRANGER, "one"),
        ("mesh/none/virtualNode/one", SCOPE, None),
    ],
)
def test_a_proxy_name_is_resolved_to_its_resource(world, text, account, name):
    proxy_name = read_proxy_name(text)
    assert isinstance(proxy_name, ProxyName)
    resource_named_by = app_mesh.resource_named_by(world, proxy_name, account)
    assert (None if resource_named_by is None else resource_named_by.name) == name
