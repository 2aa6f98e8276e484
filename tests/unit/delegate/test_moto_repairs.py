"""moto's answers in its own process, as AWS gives them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from moyai.delegate.moto_repairs import describe_cache_nodes, repair_groups

pytest.importorskip("moto")
pytest.importorskip("flask_cors")
GROUP, HOOK = {"AutoScalingGroupName": "hosts"}, {"LifecycleHookName": "hello"}
LAUNCHED = {"LaunchConfigurationName": "hosts"}
SIZES = {"MinSize": "0", "MaxSize": "0", "AvailabilityZones.member.1": "eu-west-1a"}


@pytest.fixture
def ask(monkeypatch):
    """Sends an operation of a service to moto with the repairs, which are undone afterwards."""
    from moto.autoscaling.models import AutoScalingBackend  # noqa: PLC0415 (not installed everywhere)
    from moto.autoscaling.responses import AutoScalingResponse  # noqa: PLC0415
    from moto.elasticache.models import CacheCluster  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415
    from werkzeug.test import Client  # noqa: PLC0415

    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    for repaired in (AutoScalingBackend, AutoScalingResponse, CacheCluster):
        for name, value in vars(repaired).copy().items():
            if callable(value):
                monkeypatch.setattr(repaired, name, value)
    for name in ("cache_nodes", "configuration_endpoint"):
        monkeypatch.setattr(CacheCluster, name, None, raising=False)
    repair_groups()
    describe_cache_nodes()
    client = Client(DomainDispatcherApplication(create_backend_app))

    def send(service: str, operation: str, *, region: str = "eu-west-1", **members: Any) -> ET.Element:
        credential = f"AWS4-HMAC-SHA256 Credential=moyai/19700101/{region}/{service}/aws4_request"
        response = client.post("/", data={"Action": operation, **members}, headers={"Authorization": credential})
        return ET.fromstring(response.data)  # noqa: S314 (moto's answer)

    send("autoscaling", "CreateLaunchConfiguration", **LAUNCHED, ImageId="ami-1", InstanceType="t3.micro")
    yield send
    for hosts in ask_for(send, "DescribeAutoScalingGroups", "AutoScalingGroupName"):
        send("autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=hosts, ForceDelete="true")
    send("autoscaling", "DeleteLaunchConfiguration", **LAUNCHED)


def ask_for(send, operation, element, **members):
    return [each.text for each in send("autoscaling", operation, **members).iterfind(f".//{{*}}{element}")]


def hook_of(send):
    [hook] = send("autoscaling", "DescribeLifecycleHooks", **GROUP).iterfind(".//{*}LifecycleHooks/{*}member")
    return {each.tag.partition("}")[2]: each.text for each in hook}


def test_a_change_of_a_hook_leaves_what_it_does_not_name(ask):
    ask("autoscaling", "CreateAutoScalingGroup", **GROUP, **LAUNCHED, **SIZES)
    transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    notification = {"NotificationTargetARN": "arn:aws:sqs:eu-west-1:1:q", "RoleARN": "arn:aws:iam::1:role/r"}
    settings = {"LifecycleTransition": transition, "DefaultResult": "CONTINUE", "NotificationMetadata": "m"}
    ask("autoscaling", "PutLifecycleHook", **GROUP, **HOOK, **settings, **notification)
    ask("autoscaling", "PutLifecycleHook", **GROUP, **HOOK, HeartbeatTimeout="60")
    changed = {**GROUP, **HOOK, **settings, **notification, "HeartbeatTimeout": "60", "GlobalTimeout": "172800"}
    assert hook_of(ask) == changed
    ask("autoscaling", "PutLifecycleHook", **GROUP, **HOOK, NotificationTargetARN="")
    del changed["NotificationTargetARN"]
    assert hook_of(ask) == changed


def test_a_group_has_the_hooks_that_it_was_created_with_until_it_is_deleted(ask):
    member = "LifecycleHookSpecificationList.member.1"
    transition = {f"{member}.LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
    group = {**GROUP, **LAUNCHED, **SIZES}
    ask("autoscaling", "CreateAutoScalingGroup", **group, **transition, **{f"{member}.LifecycleHookName": "bye"})
    assert hook_of(ask)["LifecycleHookName"] == "bye"
    assert hook_of(ask)["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    ask("autoscaling", "DeleteAutoScalingGroup", **GROUP, ForceDelete="true")
    ask("autoscaling", "CreateAutoScalingGroup", **group)
    assert ask_for(ask, "DescribeLifecycleHooks", "LifecycleHookName", **GROUP) == []


@pytest.mark.parametrize("operation", ["Attach", "Detach", "Describe"])
def test_target_groups_of_an_unknown_group_are_refused(ask, operation):
    arns = {} if operation == "Describe" else {"TargetGroupARNs.member.1": "arn:one"}
    assert ask_for(ask, f"{operation}LoadBalancerTargetGroups", "Code", **GROUP, **arns) == ["ValidationError"]


def test_a_hook_of_an_unknown_group_is_refused(ask):
    assert ask_for(ask, "PutLifecycleHook", "Code", **GROUP, **HOOK) == ["ValidationError"]


@pytest.mark.parametrize(
    ("engine", "region", "domain", "port"),
    [
        ("redis", "eu-west-1", "euw1", "6379"),
        ("valkey", "ap-northeast-1", "apne1", "6379"),
        ("memcached", "us-gov-west-1", "usgw1", "11211"),
        ("redis", "local", "local", "6379"),
    ],
)
def test_a_cache_has_nodes_in_each_region(ask, engine, region, domain, port):
    members = {"CacheClusterId": f"cache-{region}", "CacheNodeType": "cache.t3.micro", "Engine": engine}
    created = ask("elasticache", "CreateCacheCluster", region=region, **members)
    address, at = (created.find(f".//{{*}}CacheNodes//{{*}}{name}") for name in ("Address", "Port"))
    assert address is not None, ET.tostring(created)
    assert at is not None
    assert str(address.text).split(".")[2:] == ["0001", domain, "cache", "amazonaws", "com"]
    assert at.text == port
