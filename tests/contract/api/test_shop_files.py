"""The example application's files, as they stand, are what ECS takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.api.ecs.client import EcsClient

SHOP = Path("examples/shop")


def _files(folder: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((SHOP / folder).glob("*.json"))]


def test_every_task_definition_and_service_is_accepted():
    bench = EcsClient()
    services = _files("services")
    for cluster in {service["cluster"] for service in services}:
        bench.call("CreateCluster", clusterName=cluster, serviceConnectDefaults={"namespace": "shop"})
    for definition in _files("task-definitions"):
        bench.call("RegisterTaskDefinition", **definition)
    for service in services:
        bench.call("CreateService", **service)
    service_arns = bench.call("ListServicesByNamespace", namespace="shop")["serviceArns"]
    assert len(service_arns) == len(services) >= 4
    assert len({arn.split("/")[1] for arn in service_arns}) >= 2


def test_the_shop_has_logs_and_terminals_in_the_console():
    containers = [c for definition in _files("task-definitions") for c in definition["containerDefinitions"]]
    assert {c["logConfiguration"]["logDriver"] for c in containers} == {"awslogs"}
    assert {service["enableExecuteCommand"] for service in _files("services")} == {True}
