"""Terraform plans and CloudFormation templates, checked resource by resource."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moyai.cli.analyze.differences import CONCERNED_TOPICS, parity_rows
from moyai.cli.main import command_line
from moyai.stacks.types.registry import resource_types
from tests.unit.cli.analyze.test_analyze import analyze

CONTAINER = {"name": "app", "image": "nginx", "memory": 64, "portMappings": [{"name": "http", "containerPort": 80}]}
DEFINITION = {
    "family": "web",
    "network_mode": "awsvpc",
    "requires_compatibilities": ["EC2"],
    "cpu": "256",
    "memory": "512",
    "container_definitions": json.dumps([CONTAINER]),
    "volume": [{"name": "data", "host_path": "/srv/data", "efs_volume_configuration": []}],
    "skip_destroy": False,
    "tags": {"team": "shop"},
    "tags_all": {"team": "shop"},
}
SERVICE = {
    "name": "web",
    "desired_count": 1,
    "launch_type": "EC2",
    "wait_for_steady_state": False,
    "deployment_maximum_percent": 200,
    "deployment_circuit_breaker": [{"enable": True, "rollback": True}],
    "network_configuration": [{"assign_public_ip": True, "security_groups": None, "subnets": []}],
    "service_connect_configuration": [
        {"enabled": True, "service": [{"port_name": "http", "client_alias": [{"port": 80, "dns_name": "web"}]}]}
    ],
}
BALANCER = {"name": "web", "internal": False, "load_balancer_type": "application", "subnets": ["subnet-1", "subnet-2"]}
GROUP = {
    "name": "web",
    "port": 80,
    "protocol": "HTTP",
    "target_type": "ip",
    "health_check": [{"path": "/", "matcher": "200"}],
}
LISTENER = {"port": 80, "protocol": "HTTP", "default_action": [{"type": "forward"}]}
RULE = {"priority": 1, "action": [{"type": "forward"}], "condition": [{"path_pattern": [{"values": ["/a"]}]}]}


def plan(unknown: dict[str, Any] | None = None, **resources: dict[str, Any]) -> dict[str, Any]:
    """A plan as ``terraform show -json`` prints it, with resources by their types."""
    planned = [{"address": f"{t}.x", "mode": "managed", "type": t, "values": v} for t, v in resources.items()]
    changes = [
        {"address": f"{name}.x", "change": {"actions": ["create"], "after_unknown": arguments}}
        for name, arguments in (unknown or {}).items()
    ]
    modules = {"resources": planned[:1], "child_modules": [{"address": "module.m", "resources": planned[1:]}]}
    return {"format_version": "1.2", "planned_values": {"root_module": modules}, "resource_changes": changes}


UNKNOWN = {
    "aws_ecs_service": {"task_definition": True, "network_configuration": [{"subnets": True}], "id": True},
    "aws_lb_listener": {"load_balancer_arn": True, "default_action": [{"target_group_arn": True}]},
    "aws_lb_listener_rule": {"listener_arn": True, "action": [{"target_group_arn": True}]},
}


def findings(document: object, tmp_path: Path, severity: str) -> list[str]:
    file = tmp_path / "document.json"
    file.write_text(json.dumps(document))
    reported = analyze(file)[1]["findings"]
    return [f"{f['resource']}: {f['message']}" for f in reported if f["severity"] == severity]


def whole_plan() -> dict[str, Any]:
    balancing = {"aws_lb": BALANCER, "aws_lb_target_group": GROUP, "aws_lb_listener": LISTENER}
    return plan(
        UNKNOWN,
        aws_ecs_task_definition=DEFINITION,
        aws_ecs_service=SERVICE,
        aws_lb_listener_rule=RULE,
        aws_service_discovery_http_namespace={"name": "shop"},
        **balancing,
    )


def test_a_plan_that_can_be_applied_has_no_problems(tmp_path):
    assert findings(whole_plan(), tmp_path, "problem") == []


def test_a_plan_shows_differences_beside_its_members(tmp_path):
    differences = findings(whole_plan(), tmp_path, "difference")
    assert [text.partition(": on AWS, ")[0] for text in differences] == [
        "aws_ecs_task_definition.x: volumes[].host.sourcePath",
        "aws_ecs_service.x: assignPublicIp",
        "aws_lb.x: Name",
    ]
    assert "127.83.0.0/16" in differences[1]


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (
            "aws_ecs_task_definition",
            DEFINITION | {"container_definitions": json.dumps([CONTAINER | {"credentialSpecs": ["a"]}])},
            "containerDefinitions[0].credentialSpecs: not supported by moyai",
        ),
        ("aws_ecs_task_definition", DEFINITION | {"container_definitions": "{"}, "containerDefinitions"),
        ("aws_ecs_task_definition", DEFINITION | {"container_definitions": "[" * 5_000}, "containerDefinitions"),
        (
            "aws_ecs_task_definition",
            DEFINITION | {"container_definitions": '[{"cpu": "much"}]'},
            "containerDefinitions/cpu",
        ),
        ("aws_ecs_service", SERVICE | {"deployment_controller": [{"type": "OTHER"}]}, "ECS"),
        ("aws_lb", BALANCER | {"load_balancer_type": "round"}, "[application, network, gateway]"),
        ("aws_lb_target_group", GROUP | {"port": 70_000}, "less than or equal to 65535"),
    ],
)
def test_a_refused_argument_is_named_by_its_member(kind, arguments, message, tmp_path):
    problems = findings(plan(**{kind: arguments}), tmp_path, "problem")
    assert any(text.startswith(f"{kind}.x: ") and message in text for text in problems), problems


@pytest.mark.parametrize("unknown", [True, [{"enabled": True}], [True], False])
@pytest.mark.parametrize("stickiness", [None, [], "often", [{"duration": 60, "enabled": True}]])
def test_a_forward_block_is_read_whatever_is_known_of_its_stickiness(stickiness, unknown, tmp_path):
    forward = {"target_group": [{"weight": 1}], "stickiness": stickiness}
    marks = {"target_group": [{"arn": True}], "stickiness": unknown}
    document = plan(
        {"aws_lb_listener_rule": {"listener_arn": True, "action": [{"forward": [marks]}]}},
        aws_lb_listener_rule=RULE | {"action": [{"type": "forward", "forward": [forward]}]},
    )
    problems = findings(document, tmp_path, "problem")
    assert len(problems) == (stickiness == "often" and unknown is not True), problems


def referring_plan(module: str, index: str, references: object) -> dict[str, Any]:
    """A plan with a service that offers a port of the task definition ``web`` and not of ``other``."""
    offer = {"port_name": "http", "client_alias": [{"port": 80}]}
    connect = [{"enabled": True, "namespace": "shop", "service": [offer]}]
    unmapped = [{name: value for name, value in CONTAINER.items() if name != "portMappings"}]
    values = {
        "aws_ecs_task_definition.web": DEFINITION,
        "aws_ecs_task_definition.other": DEFINITION | {"container_definitions": json.dumps(unmapped)},
        "aws_ecs_service.web": SERVICE | {"service_connect_configuration": connect},
    }
    resources = [
        {"address": f"{module}{name}{index}", "mode": "managed", "type": name.partition(".")[0], "values": each}
        for name, each in values.items()
    ]
    marks = {"task_definition": True, "network_configuration": [{"subnets": True}]}
    change = {"address": resources[-1]["address"], "change": {"after_unknown": marks}}
    written = {"address": "aws_ecs_service.web", "expressions": {"task_definition": {"references": references}}}
    configured: dict[str, Any] = {"resources": [written]}
    if module:
        configured = {"module_calls": {"shop": {"module": configured}}}
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [change],
        "configuration": {"root_module": configured},
    }


@pytest.mark.parametrize(("module", "index"), [("", ""), ("module.shop.", ""), ('module.shop["a.b"].', '["eu"]')])
@pytest.mark.parametrize(("name", "problems"), [("web", 0), ("other", 1)])
def test_a_service_of_a_plan_is_checked_with_the_task_definition_that_it_refers_to(
    module, index, name, problems, tmp_path
):
    address = f"aws_ecs_task_definition.{name}"
    references = [f"{address}.arn", address, *(["each.key"] if index else [])]
    found = findings(referring_plan(module, index, references), tmp_path, "problem")
    assert len(found) == problems, found
    assert all(text.startswith(f"{module}aws_ecs_service.web{index}: ") for text in found)
    assert findings(referring_plan(module, index, references), tmp_path, "unchecked") == []


@pytest.mark.parametrize(
    "references",
    [
        ["var.task_definition"],
        ["module.tasks.arn", "module.tasks"],
        ["aws_ecs_task_definition.web.arn", "aws_ecs_task_definition.web", "aws_ecs_task_definition.other"],
        ["aws_ecs_task_definition.other[0].arn", "aws_ecs_task_definition.other[1].arn"],
        [{}, 3],
        "aws_ecs_task_definition.other",
        None,
    ],
)
def test_a_service_whose_task_definition_is_not_certain_is_checked_without_it(references, tmp_path):
    document = referring_plan("", "", references)
    assert findings(document, tmp_path, "problem") == []
    message = "the rules that also concern the task definition, because the service refers to none directly"
    assert findings(document, tmp_path, "unchecked") == [f"aws_ecs_service.web: {message}"]


def test_rules_that_need_an_unknown_value_are_named(tmp_path):
    document = plan({"aws_ecs_task_definition": {"network_mode": True}}, aws_ecs_task_definition=DEFINITION)
    message = "the rules of RegisterTaskDefinition, because a value that they need is not known yet"
    assert findings(document, tmp_path, "unchecked") == [f"aws_ecs_task_definition.x: {message}"]
    file = tmp_path / "document.json"
    lines = CliRunner().invoke(command_line(), ["analyze", str(file)]).stdout.splitlines()
    assert lines[-1].endswith(", 1 unchecked.")


def two_services(alias: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    """A plan with two services that offer the same port, and the same part of whose configurations is unknown."""
    offer = {"port_name": "http", "client_alias": [{"port": 80} | alias]}
    values: dict[str, Any] = {
        "service_connect_configuration": [{"enabled": True, "namespace": "shop", "service": [offer]}]
    }
    values |= {"task_definition": "web", "launch_type": "EC2"}
    resources = [
        {
            "address": f"aws_ecs_service.{n}",
            "mode": "managed",
            "type": "aws_ecs_service",
            "values": {"name": n} | values,
        }
        for n in ("a", "b")
    ]
    marks = {"service_connect_configuration": [unknown]}
    changes = [{"address": each["address"], "change": {"after_unknown": marks}} for each in resources]
    planned = {"root_module": {"resources": resources}}
    return {"format_version": "1.2", "planned_values": planned, "resource_changes": changes}


@pytest.mark.parametrize(
    ("alias", "unknown", "problems"),
    [
        ({"dns_name": "web"}, {}, 1),
        ({"dns_name": "web"}, {"namespace": True}, 0),
        ({}, {"service": [{"client_alias": [{"dns_name": True}]}]}, 0),
        ({}, {"service": [{"discovery_name": True}]}, 0),
        ({}, {"service": [{"port_name": True}]}, 0),
        ({"dns_name": "web"}, {"service": [{"client_alias": [{"port": True}]}]}, 0),
    ],
)
def test_names_of_services_are_compared_only_where_they_are_known(alias, unknown, problems, tmp_path):
    assert len(findings(two_services(alias, unknown), tmp_path, "problem")) == problems


SERVICES = """
Parameters:
  Stage: {Type: String}
  Port: {Type: Number}
Conditions:
  Production: !Equals [!Ref Stage, production]
Resources:
  NsA: {Type: "AWS::ServiceDiscovery::HttpNamespace", Properties: {Name: a}}
  NsB: {Type: "AWS::ServiceDiscovery::HttpNamespace", Properties: {Name: b}}
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      ContainerDefinitions:
        - Name: app
          Image: nginx
          Memory: 64
          HealthCheck: {Command: [CMD-SHELL, "curl localhost:8080"]}
          PortMappings: MAPPINGS
  A:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: web
      ServiceConnectConfiguration:
        Enabled: true
        Namespace: !GetAtt NsA.Arn
        Services: [{PortName: OFFERED, ClientAliases: [{Port: 80, DnsName: web}]}]
  B:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: web
      ServiceConnectConfiguration:
        Enabled: true
        Namespace: !GetAtt NsB.Arn
        Services: [{PortName: OFFERED, ClientAliases: [{Port: 80, DnsName: web}]}]
"""


@pytest.mark.parametrize(
    ("mappings", "offered", "wrong"),
    [
        ('[{Name: !Sub "http-${Stage}", ContainerPort: !Ref Port}]', "http", False),
        ("!If [Production, [{Name: http, ContainerPort: 8080}], []]", "http", False),
        ("[{Name: admin, ContainerPort: 8080}, !If [Production, {Name: http}, {Name: web}]]", "http", False),
        ("[{Name: http, ContainerPort: 8080}]", "!Ref Stage", False),
        ("[{Name: http, ContainerPort: 8081}]", "grpc", True),
    ],
)
def test_ports_of_a_template_are_compared_only_where_they_are_known(mappings, offered, wrong, tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text(SERVICES.replace("MAPPINGS", mappings).replace("OFFERED", offered))
    severities = [f["severity"] for f in analyze(file)[1]["findings"] if f["severity"] != "difference"]
    if wrong:
        assert severities == ["warning", "problem", "problem"]
    else:
        assert set(severities) == {"unchecked"}


def test_types_that_another_server_answers_are_named_once(tmp_path):
    document = plan(aws_s3_bucket={"bucket": "a"}, aws_vpc={"cidr_block": "10.0.0.0/16"}, random_id={})
    assert [text.partition(":")[0] for text in findings(document, tmp_path, "warning")] == [""]
    assert "aws_s3_bucket" in findings(document, tmp_path, "warning")[0]


@pytest.mark.parametrize(
    "planned",
    [
        {},
        {"root_module": []},
        {"root_module": {"resources": [1, {"type": "aws_lb", "values": 1}], "child_modules": [2]}},
    ],
)
def test_a_plan_of_another_form_has_no_resources(planned, tmp_path):
    assert findings({"planned_values": planned, "resource_changes": [{"address": [1]}, 3]}, tmp_path, "problem") == []


TEMPLATE = """
Parameters:
  Size: {Type: Number, Default: 256}
  Image: {Type: String}
  Stage: {Type: String}
Conditions:
  Never: !Equals [!Ref Size, "1"]
  Production: !Equals [!Ref Stage, production]
Resources:
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: !Ref Size
      Memory: 512
      ContainerDefinitions:
        - {Name: app, Image: !Ref Image, CredentialSpecs: [a], Essential: !If [Production, true, false]}
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Definition
      LaunchType: MANAGED_INSTANCES
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: !Split [",", !ImportValue Subnets]}}
      Colour: red
  Skipped: {Type: "AWS::Nothing::Here", Condition: Never}
"""


def test_a_template_is_checked_with_the_values_that_it_has(tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text(TEMPLATE)
    reported = analyze(file)[1]["findings"]
    texts = [f"{f['resource']}: {f['message']}" for f in reported]
    assert [text[:62] for text in texts] == [
        "Service: #: extraneous key [Colour] is not permitted",
        "Definition: containerDefinitions[0].credentialSpecs: not suppo",
        "Definition: the rules of RegisterTaskDefinition, because a val",
        "Service: launchType: MANAGED_INSTANCES is not supported by moy",
        "Service: launchType: on AWS, by a capacity provider; here, rej",
    ]


def test_a_template_with_a_fault_of_its_own_is_a_finding(tmp_path):
    text = "Resources: {A: {Type: 'AWS::ECS::Cluster', Properties: {ClusterName: !Ref Nothing}}}"
    (tmp_path / "stack.yaml").write_text(text)
    code, report = analyze(tmp_path)
    assert code == 1
    assert "Nothing" in report["findings"][0]["message"]


def test_every_difference_is_a_row_of_the_parity_table():
    assert set(CONCERNED_TOPICS) - parity_rows().keys() == set()


DRAFT = """
Resources:
  Role: {Type: "AWS::IAM::Role", Properties: {AssumeRolePolicyDocument: {}}}
  Logs: {Type: "AWS::Logs::LogGroup"}
  Group: {Type: "AWS::ElasticLoadBalancingV2::TargetGroup"}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 256
      Memory: MEMORY
      ExecutionRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - Name: app
          Image: !Sub "${Role}/app"
          PortMappings: [{ContainerPort: 80}]
          LogConfiguration:
            LogDriver: awslogs
            Options: {awslogs-group: !Ref Logs, awslogs-region: !Ref AWS::Region, awslogs-stream-prefix: app}
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Definition
      LaunchType: FARGATE
      DesiredCount: COUNT
      LoadBalancers: [{ContainerName: app, ContainerPort: 80, TargetGroupArn: !Ref Group}]
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!ImportValue A], SecurityGroups: [!ImportValue B]}}
"""


@pytest.mark.parametrize(
    ("memory", "count", "problems"),
    [
        (512, 1, []),
        (
            8192,
            1,
            [
                "No Fargate configuration exists for given values: 256 CPU, 8192 memory.",
                "Task definition does not support launch_type FARGATE.",
            ],
        ),
        (512, 9000, ["desiredCount must be between 0 and 5000."]),
    ],
)
def test_rules_of_a_template_are_checked_where_other_resources_have_values(memory, count, problems, tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text(DRAFT.replace("MEMORY", str(memory)).replace("COUNT", str(count)))
    assert [f["message"] for f in analyze(file)[1]["findings"] if f["severity"] == "problem"] == problems


def test_a_template_needs_no_member_that_its_stack_adds(tmp_path):
    kinds = [kind for kind in resource_types().values() if kind.idempotency_member is not None]
    resources = {f"R{number}": {"Type": kind.name} for number, kind in enumerate(kinds)}
    problems = findings({"Resources": resources}, tmp_path, "problem")
    assert len(kinds) > 20
    assert [text for text in problems for kind in kinds if str(kind.idempotency_member) in text] == []


VALID = """
Resources:
  FS: {Type: "AWS::EFS::FileSystem"}
  AP: {Type: "AWS::EFS::AccessPoint", Properties: {FileSystemId: !Ref FS}}
  Zone: {Type: "AWS::Route53::HostedZone", Properties: {Name: shop.example}}
  Record:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneName: shop.example., Name: a.shop.example, Type: A, TTL: 60, ResourceRecords: [10.0.0.1]}
  Nested: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: "https://s3.amazonaws.com/a/b.yaml"}}
  Association:
    Type: AWS::EC2::SubnetNetworkAclAssociation
    Properties: {SubnetId: subnet-1, NetworkAclId: acl-1}
  Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: p
      PolicyType: TargetTrackingScaling
      ScalingTargetId: service/shop/web|ecs:service:DesiredCount|ecs
      TargetTrackingScalingPolicyConfiguration: {TargetValue: 50}
"""


def test_a_template_needs_no_member_that_its_stack_finds(tmp_path):
    file = tmp_path / "stack.yaml"
    file.write_text(VALID)
    assert [f for f in analyze(file)[1]["findings"] if f["severity"] == "problem"] == []


@pytest.mark.parametrize(("logical_id", "problems"), [("Web", 1), ("Other", 0)])
def test_a_service_is_checked_with_the_task_definition_that_it_refers_to(logical_id, problems, tmp_path):
    file = tmp_path / "stack.yaml"
    mappings = "[{Name: grpc, ContainerPort: 8080}]"
    other = """
  Other:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      ContainerDefinitions:
        - {Name: app, Image: nginx, Memory: 64, PortMappings: [{Name: http, ContainerPort: 8080}]}
"""
    text = SERVICES.replace("MAPPINGS", mappings).replace("OFFERED", "http")
    text = text.replace("TaskDefinition: web", "TaskDefinition: !Ref Other")
    text = text.replace("!Ref Other", f"!Ref {logical_id}", 1)
    file.write_text(text + other)
    reported = [f["resource"] for f in analyze(file)[1]["findings"] if f["severity"] == "problem"]
    assert reported == ["A"] * problems
