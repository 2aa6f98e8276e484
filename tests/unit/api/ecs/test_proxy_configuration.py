"""App Mesh proxies in task definitions: kept word for word, or refused before anything is kept."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import NETWORK, connect, container, fargate, offer, service

NODE = "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web"
HEALTH = {"command": ["CMD-SHELL", "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE"]}
PROPERTIES = {
    "IgnoredUID": "1337",
    "ProxyIngressPort": "15000",
    "ProxyEgressPort": "15001",
    "AppPorts": "8080",
    "IgnoredGID": "",
    "EgressIgnoredIPs": "169.254.170.2,169.254.169.254",
}


def envoy(**changes: object) -> dict[str, object]:
    environment = [{"name": "APPMESH_RESOURCE_ARN", "value": NODE}]
    image = "840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.29.12.1-prod"
    members = {"name": "envoy", "image": image, "user": "1337", "environment": environment, "healthCheck": HEALTH}
    return members | changes


def proxied_definition(proxy: dict[str, object] | None = None, **properties: str) -> dict[str, object]:
    """A task definition with a proxy; ``properties`` change the configuration's."""
    pairs = [{"name": name, "value": value} for name, value in (PROPERTIES | properties).items()]
    app = container(dependsOn=[{"containerName": "envoy", "condition": "HEALTHY"}])
    configuration = {"type": "APPMESH", "containerName": "envoy", "properties": pairs}
    role = "arn:aws:iam::123456789012:role/execution"
    containers = [app, envoy() if proxy is None else proxy]
    return fargate(containerDefinitions=containers, proxyConfiguration=configuration, executionRoleArn=role)


def variable(name: str, value: str) -> dict[str, object]:
    return envoy(environment=[{"name": name, "value": value}])


def gateway(**changes: object) -> dict[str, object]:
    """A task definition whose only container is a virtual gateway's proxy."""
    made = {name: value for name, value in envoy(**changes).items() if value is not None}
    return fargate(containerDefinitions=[made], executionRoleArn="arn:aws:iam::123456789012:role/execution")


def test_a_configuration_is_described_unchanged(ecs):
    definition_params = proxied_definition()
    task_definition = ecs.call("RegisterTaskDefinition", **definition_params)["taskDefinition"]
    assert task_definition["proxyConfiguration"] == definition_params["proxyConfiguration"]
    assert {"name": "ecs.capability.aws-appmesh"} in task_definition["requiresAttributes"]
    assert ecs.call("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"] == task_definition
    assert "proxyConfiguration" not in ecs.definition("plain")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            proxied_definition(AppPorts=""),
            "Invalid 'proxyConfiguration.properties'. ProxyIngressPort and AppPorts must be",
        ),
        (
            proxied_definition(ProxyEgressPort="1"),
            "ProxyEgressPort must be 15001, where App Mesh's proxy listens, not 1.",
        ),
        (proxied_definition(Ignored="1"), "Ignored is no property"),
        (
            proxied_definition() | {"networkMode": "bridge", "requiresCompatibilities": ["EC2"]},
            "APPMESH proxy configuration is only supported in networkMode=awsvpc",
        ),
        (
            proxied_definition() | {"proxyConfiguration": {"type": "APPMESH", "containerName": "none"}},
            "The proxy container 'none' does not exist.",
        ),
        (proxied_definition(envoy(user="1338")), "'user' must be the ignored user (IgnoredUID=1337)"),
        (proxied_definition(envoy(user="envoy")), "'user' must be numbers here, not 'envoy'"),
        (proxied_definition(envoy(user=None)), "'user' must be the ignored user"),
        (
            proxied_definition(IgnoredUID="", IgnoredGID="1337"),
            "'user' must be the ignored user (IgnoredGID=1337)",
        ),
        (
            proxied_definition(envoy(command=["envoy"])),
            "'command' is not supported by moyai: moyai runs its own Envoy instead of",
        ),
        (proxied_definition(envoy(workingDirectory="/")), "'workingDirectory' is not supported by moyai"),
        (
            proxied_definition(envoy(environment=[], secrets=[{"name": "APPMESH_RESOURCE_ARN", "valueFrom": "/x"}])),
            "APPMESH_RESOURCE_ARN identifies the proxy, so it can't be a secret.",
        ),
        (proxied_definition(variable("ENVOY_LOG_LEVEL", "loud")), "ENVOY_LOG_LEVEL must be one of"),
        (
            proxied_definition(variable("ENVOY_STATS_CONFIG_FILE", "/x")),
            "ENVOY_STATS_CONFIG_FILE is not supported by moyai",
        ),
        (gateway(entryPoint=["sh"]), "'entryPoint' is not supported by moyai"),
        (
            gateway(linuxParameters={"capabilities": {"add": ["NET_ADMIN"]}}),
            "'linuxParameters.capabilities.add' is not supported by moyai",
        ),
        (
            gateway(environment=[{"name": "APPMESH_RESOURCE_ARN", "value": "mesh/shop/virtualService/x"}]),
            "names no virtual",
        ),
    ],
)
def test_invalid_configurations_are_refused(ecs, asked, message):
    members = {name: value for name, value in asked.items() if value is not None}
    containers = [
        {k: v for k, v in container_definition.items() if v is not None}
        for container_definition in members["containerDefinitions"]
    ]
    ecs.fails(
        "RegisterTaskDefinition",
        "ClientException",
        message,
        **(members | {"containerDefinitions": containers}),
    )


def test_a_group_may_be_ignored_instead_of_a_user(ecs):
    ecs.call("RegisterTaskDefinition", **proxied_definition(envoy(user="1:1338"), IgnoredUID="", IgnoredGID="1338"))
    ecs.call("RegisterTaskDefinition", **proxied_definition(envoy(user="1337:5"), IgnoredGID="1338"))


def test_sampling_rules_must_come_from_a_volume(ecs):
    def sampling_members(path: str) -> dict[str, object]:
        pairs = {"ENABLE_ENVOY_XRAY_TRACING": "1", "XRAY_SAMPLING_RULE_MANIFEST": path}
        environment = [{"name": name, "value": value} for name, value in pairs.items()]
        mount = {"sourceVolume": "rules", "containerPath": "/rules"}
        return proxied_definition(envoy(environment=environment, mountPoints=[mount])) | {
            "volumes": [{"name": "rules"}]
        }

    ecs.call("RegisterTaskDefinition", **sampling_members("/rules/a.json"))
    ecs.fails(
        "RegisterTaskDefinition", "ClientException", "XRAY_SAMPLING_RULE_MANIFEST", **sampling_members("/etc/a.json")
    )


def test_an_override_is_checked_like_the_definition(ecs):
    ecs.call("CreateCluster")
    ecs.call("RegisterTaskDefinition", **proxied_definition())

    def run(**override: object) -> dict[str, object]:
        overrides = {"containerOverrides": [{"name": "envoy"} | override]}
        return {"taskDefinition": "web", "networkConfiguration": NETWORK, "overrides": overrides}

    ecs.fails("RunTask", "InvalidParameterException", "containerOverrides.command", **run(command=["x"]))
    bad = [{"name": "ENVOY_CONCURRENCY", "value": "many"}]
    ecs.fails("RunTask", "InvalidParameterException", "ENVOY_CONCURRENCY must be", **run(environment=bad))
    other = [{"name": "APPMESH_RESOURCE_ARN", "value": NODE + "2"}]
    assert ecs.call("RunTask", **run(environment=other))["failures"] == []


def test_an_override_to_a_gateway_is_checked(ecs):
    ecs.call("CreateCluster")
    ecs.call("RegisterTaskDefinition", **gateway(environment=[], command=["envoy"]))
    named = [{"name": "APPMESH_RESOURCE_ARN", "value": "mesh/shop/virtualGateway/front"}]
    overrides = {"containerOverrides": [{"name": "envoy", "environment": named}]}
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "overrides": overrides}
    ecs.fails("RunTask", "InvalidParameterException", "'command' is not supported by moyai", **params)


@pytest.mark.parametrize("parameters", [proxied_definition(), gateway()])
def test_a_service_has_either_an_app_mesh_or_a_service_connect_proxy(ecs, parameters):
    ecs.namespace()
    ecs.call("CreateCluster")
    ecs.definition("plain")
    ecs.call("RegisterTaskDefinition", **parameters)
    connected = {"serviceConnectConfiguration": connect(offer())}
    message = "serviceConnectConfiguration can't be enabled for a service whose task definition has a"
    ecs.fails("CreateService", "InvalidParameterException", message, **(service() | connected))
    ecs.call("CreateService", **(service(taskDefinition="plain") | connected))
    change = {"service": "web", "taskDefinition": "web:1"}
    ecs.fails("UpdateService", "InvalidParameterException", message, **change)
    off = {"serviceConnectConfiguration": {"enabled": False}}
    ecs.call("UpdateService", **change, **off)
    ecs.call("UpdateService", service="web", taskDefinition="plain", **connected)
