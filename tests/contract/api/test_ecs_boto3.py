"""boto3 speaks to ECS through the real gateway: a service from nothing to deletion, errors as its own exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from moyai.api.asgi import App
from moyai.api.ecs.service import ecs as ecs_service
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.models import load_models
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from tests.unit.api.ecs.client import NETWORK, connect, container, fargate, offer, service
from tests.unit.api.world import serving

_ROLE = "arn:aws:iam::123456789012:role/execution"


async def _with_client(work: Callable[[BaseClient], None]) -> None:
    """Do the work with a client of ECS that reaches it by HTTP."""
    clock = ManualClock()
    dependencies = GatewayDependencies(store=MemoryStore(), clock=clock, ids=SeededIds(3))
    handlers = ecs_service(ExecSessionRegistry(SimRuntime(clock), clock))
    async with serving(App(ApiGateway([handlers], load_models(["ecs"]), dependencies))) as endpoint:
        client = boto3.client(
            "ecs",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        await asyncio.to_thread(work, client)


async def test_a_service_from_creation_to_deletion():
    await _with_client(_life)


def _life(ecs) -> None:
    ecs.create_cluster(serviceConnectDefaults={"namespace": "shop.local"})
    ecs.register_task_definition(**fargate())
    new_service = ecs.create_service(**service(serviceConnectConfiguration=connect(offer())))["service"]
    assert new_service["createdAt"].year == 2027
    [described_service] = ecs.describe_services(services=["web"])["services"]
    assert described_service["deployments"][0]["serviceConnectResources"][0]["discoveryName"] == "http"
    [task] = ecs.run_task(taskDefinition="web", networkConfiguration=NETWORK)["tasks"]
    assert ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]["taskArn"] == task["taskArn"]
    _from_files(ecs)
    pages = ecs.get_paginator("list_services").paginate(PaginationConfig={"PageSize": 1})
    assert [arn for page in pages for arn in page["serviceArns"]] == [new_service["serviceArn"]]
    with pytest.raises(ecs.exceptions.ClusterContainsServicesException):
        ecs.delete_cluster(cluster="default")
    with pytest.raises(ecs.exceptions.ServiceNotFoundException, match="Service not found"):
        ecs.update_service(service="none")
    with pytest.raises(ecs.exceptions.ClientException, match="Container list cannot be empty"):
        ecs.register_task_definition(family="web", containerDefinitions=[])
    assert ecs.delete_service(service="web", force=True)["service"]["status"] == "DRAINING"


def _from_files(ecs) -> None:
    files = [{"type": "s3", "value": "arn:aws:s3:::shop/a.env"}]
    containers = [container(environmentFiles=files)]
    members = fargate() | {"family": "files", "containerDefinitions": containers, "executionRoleArn": _ROLE}
    container_definition = ecs.register_task_definition(**members)["taskDefinition"]["containerDefinitions"][0]
    assert container_definition["environmentFiles"] == files
    override = {
        "name": container_definition["name"],
        "environmentFiles": [files[0] | {"value": "arn:aws:s3:::shop/b.env"}],
    }
    overrides = {"containerOverrides": [override]}
    [task] = ecs.run_task(taskDefinition="files", networkConfiguration=NETWORK, overrides=overrides)["tasks"]
    assert task["overrides"]["containerOverrides"] == [override]
    override["environmentFiles"] *= 11
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="at most 10 environment files"):
        ecs.run_task(taskDefinition="files", networkConfiguration=NETWORK, overrides=overrides)


async def test_a_task_definition_with_a_log_router():
    await _with_client(_firelens)


def _firelens(ecs) -> None:
    secret = {"name": "apikey", "valueFrom": "/logs/key"}
    log = {"logDriver": "awsfirelens", "options": {"Name": "http"}, "secretOptions": [secret]}
    router = {"type": "fluentbit", "options": {"config-file-type": "file", "config-file-value": "/extra.conf"}}
    app, plain = container(name="app", logConfiguration=log), container(name="router", portMappings=[])
    members = fargate(executionRoleArn=_ROLE, containerDefinitions=[app, plain])
    with pytest.raises(ecs.exceptions.ClientException, match="a firelens configuration object must be configured in"):
        ecs.register_task_definition(**members)
    members["containerDefinitions"] = [app, plain | {"firelensConfiguration": router}]
    ecs.register_task_definition(**members)
    definition = ecs.describe_task_definition(taskDefinition="web:1")["taskDefinition"]
    assert [c.get("logConfiguration") for c in definition["containerDefinitions"]] == [log, None]
    assert [c.get("firelensConfiguration") for c in definition["containerDefinitions"]] == [None, router]
    assert {"name": "ecs.capability.firelens.options.config.file"} in definition["requiresAttributes"]
    members["containerDefinitions"] = [app, plain | {"firelensConfiguration": {"type": "vector"}}]
    with pytest.raises(ecs.exceptions.ClientException, match="fluentd,fluentbit"):
        ecs.register_task_definition(**members)


async def test_an_external_deployment():
    await _with_client(_external)


def _external(ecs) -> None:
    ecs.create_cluster()
    ecs.register_task_definition(**fargate())
    own = {"cluster": "default", "service": "own"}
    ecs.create_service(serviceName="own", desiredCount=3, deploymentController={"type": "EXTERNAL"})
    blue = ecs.create_task_set(
        **own,
        taskDefinition="web",
        networkConfiguration=NETWORK,
        externalId="blue",
        scale={"value": 33.4, "unit": "PERCENT"},
        tags=[{"key": "a", "value": "1"}],
    )["taskSet"]
    assert (blue["computedDesiredCount"], blue["stabilityStatusAt"].year) == (2, 2027)
    ecs.update_task_set(**own, taskSet=blue["id"], scale={"value": 100, "unit": "PERCENT"})
    ecs.update_service_primary_task_set(**own, primaryTaskSet=blue["taskSetArn"])
    task_sets = ecs.describe_task_sets(**own, include=["TAGS"])["taskSets"]
    assert [(s["status"], s["scale"]["value"], s["tags"]) for s in task_sets] == [("PRIMARY", 100, blue["tags"])]
    [service] = ecs.describe_services(services=["own"])["services"]
    assert [s["externalId"] for s in service["taskSets"]] == ["blue"]
    with pytest.raises(ecs.exceptions.InvalidParameterException):
        ecs.delete_task_set(**own, taskSet=blue["id"])
    assert ecs.delete_task_set(**own, taskSet=blue["id"], force=True)["taskSet"]["status"] == "DRAINING"
    with pytest.raises(ecs.exceptions.TaskSetNotFoundException):
        ecs.delete_task_set(**own, taskSet="ecs-svc/0")
