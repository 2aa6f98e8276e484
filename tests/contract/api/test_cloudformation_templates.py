"""Templates as others have written them: types that moyai does not have, applications, public parameters."""

from __future__ import annotations

import json

import pytest

from moyai.domain.defaults import Defaults
from moyai.domain.world import Put
from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, create, finish, stack

HOST = {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1"}, "CreationPolicy": {"ResourceSignal": {}}}
PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Host", "Ip"]}}}
WITH_HOST = json.dumps(
    {
        "Resources": {"Host": HOST, "Address": PARAMETER},
        "Outputs": {"Host": {"Value": {"Ref": "Host"}}, "Address": {"Value": {"Fn::GetAtt": ["Address", "Value"]}}},
    }
)


@pytest.fixture
def cfn(installation):
    return installation.client("cloudformation")


def outputs(cfn) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack(cfn)["Outputs"]}


@pytest.mark.parametrize("pattern", ["AWS::EC2::Instance", "AWS::EC2::*"])
def test_resources_of_skipped_types_are_names_only(installation, cfn, pattern):
    message = refusal(cfn.create_stack, StackName=NAME, TemplateBody=WITH_HOST)[1]
    assert "[AWS::EC2::Instance]. To leave such resources out, start moyai with --skip-resource-type" in message
    installation.store.apply([Put(Defaults(skipped_types=(pattern,)))])
    create(installation, cfn, body=WITH_HOST)
    resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
    assert {each["ResourceType"] for each in resources} == {"Skipped::AWS::EC2::Instance", "AWS::SSM::Parameter"}
    host = outputs(cfn)["Host"]
    assert host.startswith(f"{NAME}-Host-")
    assert outputs(cfn)["Address"] == f"{host}.Ip"


def test_a_stack_with_skipped_resources_is_deleted_without_the_option(installation, cfn):
    installation.store.apply([Put(Defaults(skipped_types=("AWS::EC2::Instance",)))])
    create(installation, cfn, body=WITH_HOST)
    installation.store.apply([Put(Defaults())])
    update = {"StackName": NAME, "UsePreviousTemplate": True}
    assert "Unrecognized resource types" in refusal(cfn.update_stack, **update)[1]
    identity = stack(cfn)["StackId"]
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn, identity)["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    "name",
    [
        "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id",
        "/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    ],
)
def test_a_public_parameter_has_the_id_of_an_image(installation, cfn, name):
    image = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": name}
    properties = {"Type": "String", "Value": {"Ref": "Image"}}
    resources = {"A": {"Type": "AWS::SSM::Parameter", "Properties": properties}}
    template = {"Parameters": {"Image": image}, "Resources": resources}
    create(installation, cfn, body=json.dumps(template))
    [parameter] = stack(cfn)["Parameters"]
    [described] = installation.client("ec2").describe_images(ImageIds=[parameter["ResolvedValue"]])["Images"]
    assert described["OwnerId"] == "591542846629"


def test_a_custom_resource_may_have_a_version(cfn):
    thing = {"Type": "Custom::Thing", "Version": "1.0", "Properties": {"ServiceToken": "arn:aws:lambda:x"}}
    cfn.validate_template(TemplateBody=json.dumps({"Resources": {"A": thing}}))


def test_a_group_waits_for_no_signals_and_replaces_nothing(cfn):
    group = {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {"MinSize": "1"},
        "CreationPolicy": {
            "ResourceSignal": {"Count": "2", "Timeout": "PT15M"},
            "AutoScalingCreationPolicy": {"MinSuccessfulInstancesPercent": 80},
        },
        "UpdatePolicy": {"AutoScalingRollingUpdate": {"MinInstancesInService": "1", "PauseTime": "PT15M"}},
    }
    body = json.dumps({"Resources": {"A": group}})
    assert "required key [MaxSize] not found" in refusal(cfn.create_stack, StackName=NAME, TemplateBody=body)[1]
