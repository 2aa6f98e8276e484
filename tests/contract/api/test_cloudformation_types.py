"""Resource types of CloudFormation, beyond their calls: going back, and leaving what is another's alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, create, finish, physical_id, stack

ABSENT_GROUP = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": "absent"}}
"""A resource whose creation fails."""


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def update(installation, cfn, **resources: Any) -> str:
    """The state of the stack after an update to these resources."""
    cfn.update_stack(StackName=NAME, TemplateBody=body(**resources))
    finish(installation)
    return str(stack(cfn)["StackStatus"])


def secret_of_length(length: int) -> dict[str, Any]:
    return of("SecretsManager::Secret", GenerateSecretString={"PasswordLength": length})


def test_a_generated_secret_has_its_value_again_after_a_rollback(installation, cfn):
    secrets = installation.client("secretsmanager")
    create(installation, cfn, body=body(Key=secret_of_length(20)))

    def value() -> str:
        return str(secrets.get_secret_value(SecretId=physical_id(cfn, "Key"))["SecretString"])

    first = value()
    failing = {**ABSENT_GROUP, "DependsOn": "Key"}
    for changed in (secret_of_length(30), secret_of_length(30), of("SecretsManager::Secret", SecretString="chosen")):
        assert update(installation, cfn, Key=changed, Fails=failing) == "UPDATE_ROLLBACK_COMPLETE"
        assert value() == first
    assert update(installation, cfn, Key=secret_of_length(30)) == "UPDATE_COMPLETE"
    assert len(value()) == 30


def test_a_stack_has_its_description_again_after_a_rollback(installation, cfn):
    first = {"A": of("SSM::Parameter", Type="String", Value="a")}
    create(installation, cfn, body=json.dumps({"Description": "the first", "Resources": first}))
    failing = json.dumps({"Description": "the second", "Resources": {**first, "Fails": ABSENT_GROUP}})
    cfn.update_stack(StackName=NAME, TemplateBody=failing)
    assert stack(cfn)["Description"] == "the second"
    finish(installation)
    assert (stack(cfn)["StackStatus"], stack(cfn)["Description"]) == ("UPDATE_ROLLBACK_COMPLETE", "the first")


def test_ranges_that_a_vpc_gets_later_are_among_its_attributes(installation, cfn):
    blocks = {"Fn::GetAtt": ["Vpc", "Ipv6CidrBlocks"]}
    resources = {
        "Vpc": of("EC2::VPC", CidrBlock="10.60.0.0/16"),
        "Range": of("EC2::VPCCidrBlock", VpcId={"Ref": "Vpc"}, AmazonProvidedIpv6CidrBlock=True),
        "Copy": {
            **of("SSM::Parameter", Type="String", Value={"Fn::Select": [0, blocks]}),
            "DependsOn": "Range",
        },
    }
    create(
        installation,
        cfn,
        body=json.dumps({"Resources": resources, "Outputs": {"B": {"Value": {"Fn::Join": [",", blocks]}}}}),
    )
    [block] = [output["OutputValue"] for output in stack(cfn)["Outputs"]]
    assert block.endswith("::/56")
    parameter = installation.client("ssm").get_parameter(Name=physical_id(cfn, "Copy"))["Parameter"]
    assert parameter["Value"] == block


@pytest.mark.parametrize(
    ("attribute", "is_accepted"), [("Outputs.Url", True), ("Outputs", False), ("Outputs.", False), ("Url", False)]
)
def test_the_outputs_of_a_nested_stack_are_its_attributes(cfn, attribute, is_accepted):
    value = {"Fn::GetAtt": ["Nested", attribute]}
    template = body(
        Nested=of("CloudFormation::Stack", TemplateURL="http://bucket.example/inner"),
        Copy=of("SSM::Parameter", Type="String", Value=value),
    )
    request = {"StackName": NAME, "ChangeSetName": "next", "ChangeSetType": "CREATE", "TemplateBody": template}
    if is_accepted:
        cfn.create_change_set(**request)
        assert cfn.describe_change_set(StackName=NAME, ChangeSetName="next")["Status"] == "CREATE_COMPLETE"
    else:
        _, message = refusal(cfn.create_change_set, **request)
        assert message.endswith(f"resource Nested does not support attribute type {attribute} in Fn::GetAtt")


def target(cluster: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster}/web",
        "ScalableDimension": "ecs:service:DesiredCount",
    }


@pytest.mark.parametrize("kind", ["target", "policy", "instance", "rotation"])
def test_a_creation_does_not_take_over_what_another_has_made(installation, cfn, kind):
    others = {"target": existing_target, "policy": of_policy, "instance": of_instance, "rotation": of_rotation}
    create(installation, cfn, body=body(It=others[kind](installation)), OnFailure="DO_NOTHING")
    listed = cfn.describe_stack_events(StackName=NAME)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in listed]
    assert any("already exists" in reason and "HandlerErrorCode: AlreadyExists" in reason for reason in reasons)


def existing_target(installation) -> dict[str, Any]:
    ecs = installation.client("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=0)
    scaling = installation.client("application-autoscaling")
    scaling.register_scalable_target(**target("shop"), MinCapacity=1, MaxCapacity=2)
    return of("ApplicationAutoScaling::ScalableTarget", **target("shop"), MinCapacity=1, MaxCapacity=3)


def of_policy(installation) -> dict[str, Any]:
    existing_target(installation)
    policy = {
        "PolicyName": "steps",
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    }
    installation.client("application-autoscaling").put_scaling_policy(**target("shop"), **policy)
    return of("ApplicationAutoScaling::ScalingPolicy", **target("shop"), **policy)


def of_instance(installation) -> dict[str, Any]:
    cloud_map = installation.client("servicediscovery")
    cloud_map.create_http_namespace(Name="shop.example")
    finish(installation)
    [namespace] = cloud_map.list_namespaces()["Namespaces"]
    service = cloud_map.create_service(Name="web", NamespaceId=namespace["Id"])["Service"]["Id"]
    attributes = {"AWS_INSTANCE_IPV4": "10.0.0.9"}
    cloud_map.register_instance(ServiceId=service, InstanceId="one", Attributes=attributes)
    finish(installation)
    return of("ServiceDiscovery::Instance", ServiceId=service, InstanceId="one", InstanceAttributes=attributes)


def of_rotation(installation) -> dict[str, Any]:
    secrets = installation.client("secretsmanager")
    secret = secrets.create_secret(Name="shop", SecretString="s")["ARN"]
    function = {"RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate"}
    rules = {"RotationRules": {"AutomaticallyAfterDays": 30}}
    secrets.rotate_secret(SecretId=secret, RotateImmediately=False, **function, **rules)
    members = {"SecretId": secret, "RotateImmediatelyOnUpdate": False}
    return of("SecretsManager::RotationSchedule", **members, **function, **rules)
