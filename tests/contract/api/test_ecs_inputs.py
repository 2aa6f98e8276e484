"""Whatever the model allows as input, an operation of ECS answers it or raises an error that the model lists,
and an error changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.cloudmap.service import RecordType
from moyai.domain.record import StoredRecord
from moyai.kernel.errors import ApiError
from moyai.testing.ids import SeededIds
from tests.contract.api.drawn import values
from tests.unit.api.ecs.client import (
    ARN,
    NETWORK,
    REGISTRY,
    SUBNETS,
    EcsClient,
    connect,
    dispatcher,
    ecs_service,
    fargate,
    offer,
    service,
)

pytestmark = pytest.mark.long

_DAEMON = f"{ARN}daemon/default/watch"
_AGENT: dict[str, object] = {"family": "agent", "containerDefinitions": [{"name": "app", "image": "app"}]}
_GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:a:autoScalingGroupName/a"
KNOWN: Mapping[str, Sequence[str]] = {
    "cluster": ["default", f"{ARN}cluster/default", "none"],
    "clusters": ["default"],
    "service": ["web", "own", f"{ARN}service/default/web", "none"],
    "serviceName": ["web", "new"],
    "services": ["web"],
    "taskDefinition": ["web", "web:1", "none"],
    "family": ["web"],
    "portName": ["http"],
    "namespace": ["shop.local"],
    "resourceArn": [f"{ARN}cluster/default", f"{ARN}service/default/web", f"{ARN}task-definition/web:1"],
    "launchType": ["FARGATE"],
    "subnets": SUBNETS[:2],
    "capacityProviders": ["FARGATE"],
    "capacityProvider": ["FARGATE"],
    "capacityProviderArns": ["machines", f"{ARN}capacity-provider/machines", "FARGATE"],
    "daemonArn": [_DAEMON, f"{ARN}daemon/default/none"],
    "daemonName": ["watch"],
    "daemonTaskDefinition": ["agent", "agent:1"],
    "daemonTaskDefinitionArn": ["agent:1", f"{ARN}daemon-task-definition/agent:1"],
    "cpu": ["256", "1 vcpu"],
    "memory": ["512", "2GB"],
    "networkMode": ["awsvpc"],
    "containerName": ["app"],
    "registryArn": [f"{REGISTRY}a", f"{REGISTRY}srv"],
    "name": ["app", "http"],
}
"""Strings that mean something in the world of the bench, so that requests get past the first check."""
_OWN: dict[str, object] = {"cluster": "default", "service": "own"}
START: dict[str, dict[str, object]] = {
    "RegisterTaskDefinition": fargate(),
    "CreateDaemon": {"daemonName": "new", "daemonTaskDefinitionArn": "agent:1", "capacityProviderArns": ["machines"]},
    "UpdateDaemon": {"daemonArn": _DAEMON, "daemonTaskDefinitionArn": "agent:1", "capacityProviderArns": ["machines"]},
    "RegisterDaemonTaskDefinition": _AGENT,
    "CreateService": service("new"),
    "UpdateService": {"service": "web"},
    "CreateTaskSet": _OWN | {"taskDefinition": "web", "networkConfiguration": NETWORK},
    "DescribeTaskSets": _OWN,
    "RunTask": {"taskDefinition": "web", "networkConfiguration": NETWORK},
}
"""Requests that succeed; what is drawn is laid over them, one or two members at a time."""


def _populated_client() -> EcsClient:
    """A bench of its own, with what the first one was furnished with: records are values, so all can have the same."""
    bench = EcsClient()
    bench.put(*_initial_records())
    bench.ids = SeededIds(8)  # others than are taken
    return bench


@cache
def _initial_records() -> tuple[StoredRecord, ...]:
    bench = EcsClient()
    bench.call("CreateCluster")
    bench.namespace()
    bench.registry(RecordType.A)
    bench.registry(RecordType.SRV)
    bench.definition()
    bench.service(serviceConnectConfiguration=connect(offer()))
    bench.call("CreateService", serviceName="own", desiredCount=1, deploymentController={"type": "EXTERNAL"})
    bench.call("CreateTaskSet", **START["CreateTaskSet"])
    bench.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)
    bench.call("RegisterDaemonTaskDefinition", **_AGENT)
    bench.call("CreateCapacityProvider", name="machines", autoScalingGroupProvider={"autoScalingGroupArn": _GROUP})
    bench.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["machines"],
        defaultCapacityProviderStrategy=[],
    )
    bench.call("CreateDaemon", **START["CreateDaemon"] | {"daemonName": "watch"})
    return tuple(bench.world.records())


def _failure(bench: EcsClient, name: str, params: dict[str, object]) -> ApiError | None:
    try:
        bench.call(name, **params)
    except ApiError as error:
        return error
    return None


@pytest.mark.parametrize("name", sorted(ecs_service().operations))
def test_any_input_is_answered_or_refused_as_modelled(name):
    model = dispatcher().model.operation_model(name)
    modelled = {error.name for error in model.error_shapes} | {"SerializationException"}

    @settings(max_examples=30)
    @given(values(model.input_shape, KNOWN), st.booleans())
    def ask(drawn, whole):
        params = drawn if whole else START.get(name, {}) | dict(list(drawn.items())[-2:])
        bench = _populated_client()
        before = list(bench.world.records())
        failure = _failure(bench, name, params)
        if failure is not None:
            assert failure.code in modelled
            assert failure.message
            assert list(bench.world.records()) == before

    ask()
