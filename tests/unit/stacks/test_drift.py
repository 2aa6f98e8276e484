"""Drift: which forms of a value are what was set."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.cloudformation.drift import DriftStatus
from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, StackResource
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.stacks.progress.drift import drift_of

NOW = Instant(0.0)
ROLE = "arn:aws:iam::123456789012:role/tasks"


def differences(kind: str, properties: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """The paths at which the answer of the type's reading operation differs from the properties."""
    physical = PhysicalResource("it", properties, "it", {})
    stack = StackId("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1")
    resource = StackResource(stack, "It", kind, ResourceStatus.CREATE_COMPLETE, NOW, "token", physical)
    steps = drift_of(resource, NOW, ())
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(answer)
    drift = end.value.value
    assert (drift.status is DriftStatus.IN_SYNC) is (not drift.differences)
    return [difference["property_path"] for difference in drift.differences]


@pytest.mark.parametrize(
    ("threshold", "expected"), [(70.0, []), (70, []), (70.5, ["/Threshold"]), ("seventy", ["/Threshold"])]
)
def test_a_number_has_several_forms(threshold, expected):
    answer = {"MetricAlarms": [{"Threshold": threshold}]}
    assert differences("AWS::CloudWatch::Alarm", {"Threshold": "70"}, answer) == expected


@pytest.mark.parametrize(
    ("value", "actual"), [("1.10", "1.1"), ("0815", "815"), ("12.20", "12.2"), ("1", "1.0"), ("-0", "0")]
)
def test_texts_that_look_like_numbers_are_texts(value, actual):
    answer = {"Parameter": {"Value": actual}}
    assert differences("AWS::SSM::Parameter", {"Value": value}, answer) == ["/Value"]


def test_a_truth_is_no_number():
    answer = {"MetricAlarms": [{"ActionsEnabled": True, "Threshold": 1.0}]}
    alarm = {"ActionsEnabled": "1", "Threshold": 1}
    assert differences("AWS::CloudWatch::Alarm", alarm, answer) == ["/ActionsEnabled"]


def test_a_list_is_compared_in_the_form_in_which_it_was_sent():
    properties, group = {"VPCZoneIdentifier": ["subnet-a", "subnet-b"]}, "AWS::AutoScaling::AutoScalingGroup"
    answer = {"AutoScalingGroups": [{"VPCZoneIdentifier": "subnet-a,subnet-b"}]}
    assert differences(group, properties, answer) == []
    answer = {"AutoScalingGroups": [{"VPCZoneIdentifier": "subnet-a"}]}
    assert differences(group, properties, answer) == ["/VPCZoneIdentifier"]


def test_a_name_is_equal_to_the_arn_or_the_description_of_its_bearer():
    task = {"taskDefinition": {"executionRoleArn": ROLE}}
    assert differences("AWS::ECS::TaskDefinition", {"ExecutionRoleArn": "tasks"}, task) == []
    assert differences("AWS::ECS::TaskDefinition", {"ExecutionRoleArn": "asks"}, task) == ["/ExecutionRoleArn"]
    for other in (ROLE.replace("role/", "role/admin/"), ROLE.replace("123456789012", "999999999999")):
        task = {"taskDefinition": {"executionRoleArn": other}}
        assert differences("AWS::ECS::TaskDefinition", {"ExecutionRoleArn": "tasks"}, task) == ["/ExecutionRoleArn"]
    for region, expected in (("us-east-1", []), ("eu-west-1", ["/TaskDefinition"])):
        service = {"services": [{"taskDefinition": f"arn:aws:ecs:{region}:123456789012:task-definition/web:3"}]}
        assert differences("AWS::ECS::Service", {"TaskDefinition": "web:3"}, service) == expected
    secret = {"KmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/shop"}
    assert differences("AWS::SecretsManager::Secret", {"KmsKeyId": "alias/shop"}, secret) == []
    profile = {"InstanceProfile": {"Roles": [{"RoleName": "tasks", "Arn": ROLE}]}}
    assert differences("AWS::IAM::InstanceProfile", {"Roles": ["tasks"]}, profile) == []
    assert differences("AWS::IAM::InstanceProfile", {"Roles": ["other"]}, profile) == ["/Roles"]
    profile = {"InstanceProfile": {"Roles": [{"RoleName": "tasks", "Path": "/", "Description": "other"}]}}
    assert differences("AWS::IAM::InstanceProfile", {"Roles": ["other"]}, profile) == ["/Roles"]


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        (".5 vCPU", "0.5GB", []),
        ("0.5 vcpu", "0.5 GB", []),
        (512, 512, []),
        ("512", "1 GB", ["/Memory"]),
        ("1 vCPU", "512", ["/Cpu"]),
        ("half", "small", ["/Cpu", "/Memory"]),
    ],
)
def test_the_size_of_a_task_has_several_notations(cpu, memory, expected):
    task = {"taskDefinition": {"cpu": "512", "memory": "512"}}
    assert differences("AWS::ECS::TaskDefinition", {"Cpu": cpu, "Memory": memory}, task) == expected


def test_write_only_properties_are_not_compared():
    answer = {"ScalableTargets": [{"RoleARN": ROLE, "MinCapacity": 1}]}
    target = {
        "ResourceId": "service/a/b",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
        "RoleARN": "arn:aws:iam::123456789012:role/other",
        "MinCapacity": 2,
    }
    assert differences("AWS::ApplicationAutoScaling::ScalableTarget", target, answer) == ["/MinCapacity"]
