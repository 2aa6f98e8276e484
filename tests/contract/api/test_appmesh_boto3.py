"""boto3 speaks to App Mesh: the five verbs on every noun, tokens, pages, what refers to what, shares."""

from __future__ import annotations

from typing import Any

import pytest

HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}
NODE: dict[str, Any] = {"listeners": [HTTP], "serviceDiscovery": {"dns": {"hostname": "front.local"}}}
ROUTE: dict[str, Any] = {
    "httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [{"virtualNode": "front", "weight": 1}]}}
}


@pytest.fixture
def mesh(rooms):
    client = rooms.client("appmesh")
    client.create_mesh(meshName="shop")
    return client


def test_a_mesh_from_its_creation_to_its_end(mesh):
    node = mesh.create_virtual_node(meshName="shop", virtualNodeName="front", spec=NODE)["virtualNode"]
    assert node["spec"] == NODE
    assert node["metadata"]["version"] == 1
    found = mesh.describe_virtual_node(meshName="shop", virtualNodeName="front")["virtualNode"]
    assert found == node
    changed = mesh.update_virtual_node(meshName="shop", virtualNodeName="front", spec={})["virtualNode"]
    assert changed["spec"] == {}
    assert changed["metadata"]["version"] == 2
    gone = mesh.delete_virtual_node(meshName="shop", virtualNodeName="front")["virtualNode"]
    assert gone["status"] == {"status": "DELETED"}
    assert mesh.delete_mesh(meshName="shop")["mesh"]["meshName"] == "shop"
    assert mesh.list_meshes()["meshes"] == []
