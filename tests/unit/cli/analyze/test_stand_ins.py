"""Stand-ins for values that a document does not have yet."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from moyai.app.request_check import request_check
from moyai.cli.analyze.stand_ins import with_stand_ins

ROLE = "arn:aws:iam::123456789012:role/shop"
PROXY = [
    {"name": "IgnoredUID", "value": "1337"},
    {"name": "ProxyIngressPort", "value": "15000"},
    {"name": "ProxyEgressPort", "value": "15001"},
    {"name": "AppPorts", "value": "80"},
]
CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "nginx",
    "memory": 64,
    "dockerLabels": {"a": "b"},
    "environment": [{"name": "A", "value": "1"}],
    "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::shop/a.env"}],
    "secrets": [{"name": "KEY", "valueFrom": "key"}],
    "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
    "resourceRequirements": [{"type": "GPU", "value": "1"}],
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"},
    },
}
ENVOY: dict[str, Any] = {
    "name": "envoy",
    "image": "aws-appmesh-envoy",
    "memory": 64,
    "user": "1337",
    "environment": [
        {"name": "APPMESH_RESOURCE_ARN", "value": "arn:aws:appmesh:us-east-1:123456789012:mesh/m/virtualNode/n"},
        {"name": "ENVOY_LOG_LEVEL", "value": "info"},
        {"name": "ENABLE_ENVOY_XRAY_TRACING", "value": "1"},
        {"name": "XRAY_DAEMON_PORT", "value": "2000"},
    ],
}
DEFINITION: dict[str, Any] = {
    "family": "web",
    "networkMode": "awsvpc",
    "taskRoleArn": ROLE,
    "executionRoleArn": ROLE,
    "containerDefinitions": [CONTAINER, ENVOY],
    "volumes": [
        {
            "name": "data",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-01234567",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "fsap-01234567"},
            },
        }
    ],
    "proxyConfiguration": {"type": "APPMESH", "containerName": "envoy", "properties": PROXY},
    "tags": [{"key": "team", "value": "shop"}],
}
HEADER = {"name": "x-test", "value": {"exact": "1"}}
SERVICE: dict[str, Any] = {
    "cluster": "shop",
    "serviceName": "web",
    "taskDefinition": "web",
    "desiredCount": 1,
    "loadBalancers": [
        {
            "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef",
            "containerName": "app",
            "containerPort": 80,
        }
    ],
    "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}],
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": False,
            "thresholdConfiguration": {"type": "COUNT", "value": 3},
        }
    },
    "serviceConnectConfiguration": {
        "enabled": True,
        "namespace": "shop",
        "services": [
            {"portName": "http", "clientAliases": [{"port": 80, "testTrafficRules": {"header": HEADER}}]},
        ],
        "logConfiguration": CONTAINER["logConfiguration"],
    },
    "tags": [{"key": "team", "value": "shop"}],
}
REQUESTS = {"RegisterTaskDefinition": DEFINITION, "CreateService": SERVICE}


def places(value: Any, shape: Shape | None, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each member that a structure has, and of each option."""
    if isinstance(shape, ListShape):
        for index, element in enumerate(value):
            yield from places(element, shape.member, (*path, index))
    elif isinstance(value, dict):
        for name, member in value.items():
            yield (*path, name)
            below = shape.members[name] if isinstance(shape, StructureShape) else None
            yield from places(member, below, (*path, name))


CASES = [
    (operation, path)
    for operation, request in REQUESTS.items()
    for path in places(request, request_check().input_shape("ecs", operation))
]


@pytest.mark.parametrize("operation", REQUESTS)
def test_the_requests_without_stand_ins_are_accepted(operation):
    assert list(request_check().ecs_refusals(operation, REQUESTS[operation])) == []
    assert list(request_check().broken_rules(operation, REQUESTS[operation], None)) == []


@pytest.mark.parametrize(("operation", "path"), CASES, ids=str)
def test_a_stand_in_breaks_no_rule_at_any_place(operation, path):
    check = request_check()
    shape = check.input_shape("ecs", operation)
    request = copy.deepcopy(REQUESTS[operation])
    place = request
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    members = with_stand_ins(request, {path[-1].lower()}, shape)
    assert members is None or list(check.ecs_refusals(operation, members)) == []
    assert members is None or list(check.broken_rules(operation, members, None)) == []


def test_rules_are_checked_beside_environment_variables_without_values():
    request = copy.deepcopy(DEFINITION)
    for container in request["containerDefinitions"]:
        for pair in container["environment"]:
            del pair["value"]
    shape = request_check().input_shape("ecs", "RegisterTaskDefinition")
    assert with_stand_ins(request, {"value"}, shape) is not None


def test_rules_are_not_checked_where_a_proxy_lacks_a_property():
    properties = [PROXY[0], {"name": "ProxyEgressPort"}]
    request = DEFINITION | {"proxyConfiguration": DEFINITION["proxyConfiguration"] | {"properties": properties}}
    assert with_stand_ins(request, {"value"}, request_check().input_shape("ecs", "RegisterTaskDefinition")) is None
