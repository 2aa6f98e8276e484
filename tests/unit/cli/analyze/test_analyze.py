"""Files for ECS, checked before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moyai.cli.main import command_line
from moyai.images.model import host_platform

SHOP = Path(__file__).parents[4] / "examples/shop"


def analyze(*paths: Path) -> tuple[int, Any]:
    result = CliRunner().invoke(command_line(), ["analyze", "--json", *map(str, paths)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def definition(**container: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": [{"name": "app", "image": "nginx", "memory": 64} | container]}


def service(name: str, port_name: str = "http") -> dict[str, Any]:
    offer = {"portName": port_name, "clientAliases": [{"port": 80, "dnsName": "shared"}]}
    connect = {"enabled": True, "namespace": "shop", "services": [offer]}
    return {"serviceName": name, "taskDefinition": "web", "desiredCount": 1, "serviceConnectConfiguration": connect}


def test_the_example_has_only_differences_from_aws():
    code, report = analyze(SHOP)
    assert (code, len(report["files"])) == (0, 9)
    assert {finding["severity"] for finding in report["findings"]} == {"difference"}


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        (definition(healthCheck={"command": ["curl", "x"]}), ["healthCheck.command must begin with CMD"]),
        (definition(healthCheck={"command": ["CMD"]}), ["healthCheck.command must begin with CMD"]),
        (
            definition(healthCheck={"command": ["CMD-SHELL", "curl localhost:99"]}),
            ["port 99, which no portMapping"],
        ),
        (
            definition(healthCheck={"command": ["CMD-SHELL", "curl -f http://localhost/health || exit 1"]}),
            ["port 80, which no portMapping"],
        ),
        (definition(portMapping=[{"containerPort": 80}]), ["ContainerDefinition.portMapping: AWS's API has no such"]),
        (definition(memory="much"), ["memory"]),
        (
            {"Resources": {"Topic": {"Type": "AWS::Nothing::Topic"}}},
            ["the type AWS::Nothing::Topic is not supported by moyai; `moyai up --skip-resource-type AWS::Nothing"],
        ),
        (
            {"Resources": {"A": {"Type": "Skipped::AWS::A::B"}}},
            ["the type Skipped::AWS::A::B is not supported by moyai"],
        ),
        (
            {
                "Transform": "AWS::Serverless-2016-10-31",
                "Resources": {
                    "F": {"Type": "AWS::Serverless::Function"},
                    "A": {"Type": "AWS::Serverless::Application"},
                    "N": {"Properties": {}},
                },
            },
            ["the type AWS::Serverless::Function", "the type None is not supported"],
        ),
    ],
)
def test_a_finding_says_what_is_wrong(document, messages, tmp_path):
    file = tmp_path / "one.json"
    file.write_text(json.dumps(document))
    code, report = analyze(file)
    texts = [finding["message"] for finding in report["findings"]]
    assert code == any(finding["severity"] == "problem" for finding in report["findings"])
    assert all(any(message in text for text in texts) for message in messages), texts


def test_a_task_definition_is_checked_as_by_its_registration(tmp_path):
    mounts = [{"sourceVolume": "data", "containerPath": "/data"}]
    check = {"command": ["CMD", "true"], "retries": 11}
    containers = [
        {"name": "app", "image": "nginx", "dependsOn": [{"containerName": "side", "condition": "START"}]}
        | {"mountPoints": mounts, "portMappings": [{"name": "http", "containerPort": 80}]},
        {"name": "side", "image": "nginx", "dependsOn": [{"containerName": "app", "condition": "START"}]}
        | {"healthCheck": check, "portMappings": [{"name": "http", "containerPort": 81}], "privileged": True}
        | {"secrets": [{"name": "KEY", "valueFrom": "key"}], "credentialSpecs": ["a"]},
        {"name": "last", "image": ""},
    ]
    system = "WINDOWS_SERVER_2022_CORE"
    document: dict[str, Any] = {"family": "web", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "8192"}
    document |= {
        "networkMode": "awsvpc",
        "containerDefinitions": containers,
        "runtimePlatform": {"operatingSystemFamily": system},
    }
    file = tmp_path / "web.json"
    file.write_text(json.dumps(document))
    problems = [f["message"] for f in analyze(file)[1]["findings"] if f["severity"] == "problem"]
    assert problems[0].startswith("containerDefinitions[1].credentialSpecs: not supported by moyai")
    assert problems[1:] == [
        "No Fargate configuration exists for given values: 256 CPU, 8192 memory.",
        f"runtimePlatform.operatingSystemFamily: {system} is not supported by moyai: tasks run on Linux.",
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        "healthCheck.retries must be between 1 and 10.",
        "Container.image should not be null or empty.",
        "Invalid port mapping in container 'side': port mapping name is already used: http.",
        "Container dependencies form a cycle among: app, side.",
        "Unknown volume 'data'.",
        "Fargate requires that the 'privileged' setting be 'false'.",
        "privileged: true is not supported by moyai: add the capabilities that the container needs.",
    ]


def test_a_service_is_checked_as_by_its_creation_with_its_task_definition(tmp_path):
    (tmp_path / "web.json").write_text(json.dumps(definition() | {"networkMode": "awsvpc"}))
    group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
    document: dict[str, Any] = {"serviceName": "a b", "taskDefinition": "web", "launchType": "FARGATE"}
    document["loadBalancers"] = [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]
    document["deploymentConfiguration"] = {"minimumHealthyPercent": 200}
    file = tmp_path / "service.json"
    file.write_text(json.dumps(document))
    assert [f["message"] for f in analyze(tmp_path)[1]["findings"] if f["severity"] == "problem"] == [
        "serviceName must be 1-255 letters, digits, underscores and hyphens.",
        "DesiredCount is missing",
        "minimumHealthyPercent must be at most 100 and at least 0",
        "Task definition does not support launch_type FARGATE.",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        "The container web does not exist in the task definition.",
    ]


def test_files_are_checked_together(tmp_path):
    documents = {"web": definition(portMappings=[{"name": "http", "containerPort": 80}])}
    documents |= {"a": service("a"), "b": service("b", "grpc")}
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "other.json").write_text("[]")
    code, report = analyze(tmp_path)
    assert code == 1
    assert [finding["message"] for finding in report["findings"]] == [
        "portName(grpc) does not refer to any named PortMapping in the container definitions",
        "shared:80 is a clientAlias of a, too: give one of them another dnsName",
    ]


def write(folder: Path, **documents: object) -> None:
    folder.mkdir(exist_ok=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def web(port_name: str) -> dict[str, Any]:
    return definition(portMappings=[{"name": port_name, "containerPort": 80}])


def test_a_service_is_checked_with_the_task_definition_of_its_directory(tmp_path):
    write(tmp_path / "a", web=web("http"), service=service("a"))
    write(tmp_path / "b", web=web("grpc"), service=service("a", "grpc"))
    assert analyze(tmp_path)[0] == 0
    write(tmp_path / "b", service=service("a"))
    assert "portName(http)" in analyze(tmp_path / "b")[1]["findings"][0]["message"]


def test_a_service_is_not_checked_with_a_task_definition_that_may_be_another(tmp_path):
    write(tmp_path, web=web("grpc"), revision=service("a") | {"taskDefinition": "web:3"})
    assert analyze(tmp_path)[0] == 0
    write(tmp_path / "b", web=web("grpc"))
    write(tmp_path / "c", service=service("a"))
    assert analyze(tmp_path / "b", tmp_path / "c", tmp_path / "web.json")[0] == 0
    container = {"Name": "app", "Image": "nginx", "Memory": 64}
    resource = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"Family": "web", "ContainerDefinitions": [container]},
    }
    write(tmp_path / "d", service=service("a"), web=web("http"), stack={"Resources": {"Web": resource}})
    assert analyze(tmp_path / "d")[0] == 0


def test_short_functions_of_templates_are_read(tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text(
        "Parameters: {Name: {Type: String}}\n"
        "Resources:\n  C:\n    Type: AWS::ECS::Cluster\n    Properties: {ClusterName: !Ref Name}\n"
    )
    assert analyze(file)[0] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"serviceConnectConfiguration": "yes please"},
        {"serviceConnectConfiguration": {"services": [{"portName": ["a"], "clientAliases": [{"port": [1]}]}]}},
        {"serviceConnectConfiguration": {"enabled": "x", "namespace": [], "services": {"a": 1}}},
        {"serviceName": ["a"]},
    ],
)
def test_a_wrong_shape_is_a_finding(change, tmp_path):
    (tmp_path / "web.json").write_text(json.dumps(definition(portMappings=[{"name": ["a"]}]) | {"family": "web"}))
    (tmp_path / "list.json").write_text(json.dumps(definition() | {"family": ["web"]}))
    file = tmp_path / "service.json"
    file.write_text(json.dumps(service("a") | change))
    code, report = analyze(tmp_path)
    assert code == 1
    assert any(finding["file"] == str(file) for finding in report["findings"])


def test_a_value_that_json_lacks_is_a_finding(tmp_path):
    file = tmp_path / "service.yaml"
    file.write_text("serviceName: 2026-11-28\n")
    assert "can't be sent to ECS" in analyze(file)[1]["findings"][0]["message"]


def test_a_template_with_a_task_definition_is_a_template(tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text("Resources: {}\ntaskDefinition: {}\n")
    assert analyze(file)[1]["files"] == [{"file": str(file), "kind": "CloudFormation template"}]


CYCLE = "serviceName: a\nloop: &a [*a]\n"
LAUGHS = "serviceName: a\n" + "".join(f"l{n}: &l{n} [{f'*l{n - 1}, ' * 10 if n else 'x'}]\n" for n in range(9))
DEEP = ['{"serviceName":' + "[" * 50_000 + "]" * 50_000 + "}", '{"serviceName":' + "[" * 200 + "]" * 200 + "}"]


@pytest.mark.parametrize("text", ["{", "a: [", "[]", "x" * 1_100_000, CYCLE, LAUGHS, *DEEP])
def test_a_file_that_is_no_document_is_refused(text, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(text)
    result = CliRunner().invoke(command_line(), ["analyze", str(file)])
    assert str(file) in str(result.exception)


def test_a_task_definition_for_another_processor_is_a_warning(tmp_path):
    other = "X86_64" if host_platform().architecture == "arm64" else "ARM64"
    file = tmp_path / "web.json"
    file.write_text(json.dumps(definition() | {"runtimePlatform": {"cpuArchitecture": other}}))
    code, report = analyze(file)
    assert code == 0
    assert [(each["severity"], other in each["message"]) for each in report["findings"]] == [("warning", True)]
