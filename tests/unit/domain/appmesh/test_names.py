"""App Mesh's ARNs, and the ids that proxies send."""

from __future__ import annotations

import pytest

from moyai.domain.appmesh.names import (
    AppMeshResourceType,
    ProxyName,
    mesh_arn,
    read_proxy_name,
    read_service_arn,
    within_mesh,
)
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope

OWNER, OTHER = AccountId("111111111111"), AccountId("222222222222")
TOKYO = Region("ap-northeast-1")
MESH = mesh_arn(Scope(OWNER, TOKYO), "shop")


def test_what_the_owner_of_a_mesh_has_in_it_says_nothing_of_the_owner():
    assert within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_NODE, "front") == (
        "arn:aws:appmesh:ap-northeast-1:111111111111:mesh/shop/virtualNode/front"
    )


def test_what_another_account_has_in_a_mesh_names_the_owner():
    assert within_mesh(MESH, OTHER, AppMeshResourceType.VIRTUAL_ROUTER, "front", AppMeshResourceType.ROUTE, "all") == (
        "arn:aws:appmesh:ap-northeast-1:222222222222:mesh/shop@111111111111/virtualRouter/front/route/all"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mesh/shop/virtualNode/front", ProxyName("shop", AppMeshResourceType.VIRTUAL_NODE, "front")),
        ("mesh/shop/virtualGateway/door", ProxyName("shop", AppMeshResourceType.VIRTUAL_GATEWAY, "door")),
        (f"mesh/shop@{OWNER}/virtualNode/front", ProxyName("shop", AppMeshResourceType.VIRTUAL_NODE, "front", OWNER)),
        (
            within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_NODE, "front"),
            ProxyName("shop", AppMeshResourceType.VIRTUAL_NODE, "front", OWNER, TOKYO),
        ),
        (
            within_mesh(MESH, OTHER, AppMeshResourceType.VIRTUAL_NODE, "front"),
            ProxyName("shop", AppMeshResourceType.VIRTUAL_NODE, "front", OWNER, TOKYO),
        ),
    ],
)
def test_a_proxy_says_what_it_stands_for_in_any_of_these_forms(text, said):
    assert read_proxy_name(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "front",
        "mesh/shop",
        "mesh/shop/virtualNode",
        "mesh/shop/virtualNode/",
        "mesh//virtualNode/front",
        "mesh/@111111111111/virtualNode/front",
        "mesh/shop@owner/virtualNode/front",
        "mesh/shop@/virtualNode/front",
        "mesh/shop/virtualRouter/front",
        "mesh/shop/virtualNode/front/more",
        "arn:aws:ecs:us-east-1:111111111111:task-set/shop/front/ecs-svc/1",
        "arn:aws:appmesh:us-east-1",
    ],
)
def test_anything_else_is_no_proxy_of_app_mesh(text):
    assert read_proxy_name(text) is None


def test_the_arn_of_a_virtual_service_says_mesh_and_name():
    for owner in (OWNER, OTHER):
        assert read_service_arn(within_mesh(MESH, owner, AppMeshResourceType.VIRTUAL_SERVICE, "a.local")) == (
            MESH,
            "a.local",
        )


@pytest.mark.parametrize(
    "text",
    [
        "a.local",
        MESH,
        within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_NODE, "a"),
        within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_SERVICE, ""),
        within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_SERVICE, "a", "b", "c"),
        "arn:aws:ecs:us-east-1:111111111111:mesh/shop/virtualService/a",
    ],
)
def test_any_other_text_is_no_virtual_services_arn(text):
    assert read_service_arn(text) is None
