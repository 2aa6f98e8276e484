"""App Mesh's API, with the AWS CLI as it is installed: what a walkthrough's script says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

NODE = {
    "listeners": [
        {
            "portMapping": {"port": 9080, "protocol": "http"},
            "healthCheck": {
                "protocol": "http",
                "path": "/ping",
                "healthyThreshold": 2,
                "unhealthyThreshold": 2,
                "timeoutMillis": 2000,
                "intervalMillis": 5000,
            },
        }
    ],
    "serviceDiscovery": {"dns": {"hostname": "color.howto.local"}},
}


class Shell:
    """``aws appmesh``."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def __call__(self, operation: str, *arguments: str, spec: object = None) -> Any:
        given = () if spec is None else ("--spec", json.dumps(spec))
        return self._installation.aws("appmesh", operation, *arguments, *given)


@pytest.fixture
def shell(simulation):
    return Shell(simulation)


def test_the_aws_cli_creates_changes_and_deletes_a_mesh(shell, tmp_path):
    mesh = shell("create-mesh", "--mesh-name", "howto", "--tags", "key=a,value=b")
    assert mesh["mesh"]["metadata"]["version"] == 1
    within = ("--mesh-name", "howto")
    shell("create-virtual-node", *within, "--virtual-node-name", "color", spec=NODE)
    listener = "listeners=[{portMapping={port=80,protocol=http}}]"
    shell("create-virtual-router", *within, "--virtual-router-name", "color", "--spec", listener)
    route = tmp_path / "route.json"
    routed = {"weightedTargets": [{"virtualNode": "color", "weight": 1}]}
    route.write_text(
        json.dumps(
            {
                "meshName": "howto",
                "virtualRouterName": "color",
                "routeName": "all",
                "spec": {"httpRoute": {"match": {"prefix": "/"}, "action": routed}},
            }
        )
    )
    shell("create-route", "--cli-input-json", f"file://{route}")
    service = ("--virtual-service-name", "color.howto.local")
    shell(
        "create-virtual-service",
        *within,
        *service,
        spec={"provider": {"virtualRouter": {"virtualRouterName": "color"}}},
    )
    virtual_service = shell("describe-virtual-service", *within, *service)["virtualService"]
    assert virtual_service["metadata"]["arn"].endswith(":mesh/howto/virtualService/color.howto.local")
    assert virtual_service["status"] == {"status": "ACTIVE"}
    assert [
        each_route["routeName"]
        for each_route in shell("list-routes", *within, "--virtual-router-name", "color")["routes"]
    ] == ["all"]
    arn = mesh["mesh"]["metadata"]["arn"]
    assert shell("list-tags-for-resource", "--resource-arn", arn)["tags"] == [{"key": "a", "value": "b"}]

    with pytest.raises(AssertionError, match=r"\(ResourceInUseException\).*has active VirtualServices"):
        shell("delete-mesh", *within)
    shell("delete-virtual-service", *within, *service)
    shell("delete-route", *within, "--virtual-router-name", "color", "--route-name", "all")
    shell("delete-virtual-router", *within, "--virtual-router-name", "color")
    shell("delete-virtual-node", *within, "--virtual-node-name", "color")
    assert shell("delete-mesh", *within)["mesh"]["status"] == {"status": "DELETED"}
