"""Network modes as an SDK sees them: what is registered is shown, and a task's bindings and attachments."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from tests.unit.plan.instances import bound, definition, instance, on


def register(installation, mode, *ports, **rest):
    container = {"name": "app", "image": "moyai.local/host", "memory": 64, "portMappings": list(ports)} | rest
    other = {"name": "db", "image": "moyai.local/host", "memory": 64}
    params = {"family": "modes", "networkMode": mode, "containerDefinitions": [container, other]}
    return installation.client("ecs").register_task_definition(**params)["taskDefinition"]["containerDefinitions"][0]


def test_a_registered_definition_is_described_unchanged(installation):
    ports = ({"containerPort": 80}, {"containerPort": 81, "hostPort": 8080}, {"containerPortRange": "7000-7009"})
    described_instance = register(installation, "bridge", *ports, links=["db:redis"])
    assert described_instance["links"] == ["db:redis"]
    assert described_instance["portMappings"] == [
        {"containerPort": 80, "hostPort": 0, "protocol": "tcp"},
        {"containerPort": 81, "hostPort": 8080, "protocol": "tcp"},
        {"containerPortRange": "7000-7009", "protocol": "tcp"},
    ]
    assert register(installation, "host", {"containerPort": 80})["portMappings"][0]["hostPort"] == 80


def test_a_protocol_that_is_none_of_ecss_is_tcp(installation):
    [port] = register(installation, "awsvpc", {"containerPort": 80, "protocol": "http"})["portMappings"]
    assert port == {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}


@pytest.mark.parametrize(
    ("mode", "port", "words"),
    [
        ("host", {"containerPort": 80, "hostPort": 81}, "When networkMode=host, the host ports and container ports"),
        ("none", {"containerPort": 80}, "networkMode=none"),
        ("bridge", {"containerPortRange": "9-8"}, "containerPortRange"),
    ],
)
def test_ports_that_do_not_fit_the_network_mode_are_refused(installation, mode, port, words):
    with pytest.raises(ClientError, match=words) as exc_info:
        register(installation, mode, port)
    assert exc_info.value.response["Error"]["Code"] == "ClientException"


def test_a_task_shows_its_bindings_and_no_interface(installation):
    build = installation.builder
    ports = (PortMapping(80, 0), PortMapping(container_port_range="7000-7001"))
    task = on(build, instance(build), definition(build, NetworkMode.BRIDGE, *ports))
    single, several = bound(task)
    [described_task] = installation.client("ecs").describe_tasks(tasks=[task.arn])["tasks"]
    assert described_task["attachments"] == []
    [container] = described_task["containers"]
    assert container["networkInterfaces"] == []
    own = {"bindIP": "0.0.0.0", "protocol": "tcp"}  # noqa: S104
    assert container["networkBindings"] == [
        own | {"containerPort": 80, "hostPort": single.host_port},
        own
        | {
            "containerPortRange": "7000-7001",
            "hostPortRange": f"{several.host_port}-{several.host_port + 1}",
        },
    ]
