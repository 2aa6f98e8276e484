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


def test_resources_of_the_mesh_owner_have_no_owner_in_their_arn():
    assert within_mesh(MESH, OWNER, AppMeshResourceType.VIRTUAL_NODE, "front") == (
        "arn:aws:appmesh:ap-northeast-1:111111111111:mesh/shop/virtualNode/front"
    )


def test_resources_of_another_account_have_the_mesh_owner_in_their_arn():
    assert within_mesh(MESH, OTHER, AppMeshResourceType.VIRTUAL_ROUTER, "front", AppMeshResourceType.ROUTE, "all") == (
        "arn:aws:appmesh:ap-northeast-1:222222222222:mesh/shop@111111111111/virtualRouter/front/route/all"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mesh/shop/virtualNode/front", ProxyName("shop", AppMeshResourceType.VIRTUAL_NODE, "front")),
        ("mesh/shop/virtualGateway/edge", ProxyName("shop", AppMeshResourceType.VIRTUAL_GATEWAY, "edge")),
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
def test_proxy_names_are_read_in_every_form(text, said):
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
def test_other_text_is_not_a_proxy_name(text):
    assert read_proxy_name(text) is None


def test_a_virtual_services_arn_has_its_mesh_and_name():
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
def test_other_text_is_not_a_virtual_services_arn(text):
    assert read_service_arn(text) is None
