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
def skipping(installation):
    """Starts to skip types."""

    def skip(*patterns: str) -> None:
        installation.store.apply([Put(Defaults(skipped_types=patterns))])

    return skip


def template(**resources: object) -> str:
    return json.dumps({"Resources": resources})


def types(cfn) -> dict[str, str]:
    resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
    return {each["LogicalResourceId"]: each["ResourceType"] for each in resources}


def outputs(cfn) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack(cfn)["Outputs"]}


@pytest.mark.parametrize("pattern", ["AWS::EC2::Instance", "AWS::EC2::*"])
def test_resources_of_skipped_types_are_names_only(installation, cfn, skipping, pattern):
    message = refusal(cfn.create_stack, StackName=NAME, TemplateBody=WITH_HOST)[1]
    assert "[AWS::EC2::Instance]. To leave such resources out, start moyai with --skip-resource-type" in message
    skipping(pattern)
    create(installation, cfn, body=WITH_HOST)
    assert types(cfn) == {"Host": "Skipped::AWS::EC2::Instance", "Address": "AWS::SSM::Parameter"}
    host = outputs(cfn)["Host"]
    assert host.startswith(f"{NAME}-Host-")
    assert outputs(cfn)["Address"] == f"{host}.Ip"


def test_types_that_moyai_has_are_not_skipped(installation, cfn, skipping):
    skipping("AWS::EC2::*", "AWS::SSM::Parameter", "AWS::SSM::*")
    network = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}
    create(installation, cfn, body=template(Host=HOST, Network=network, Address=PARAMETER))
    assert types(cfn) == {
        "Host": "Skipped::AWS::EC2::Instance",
        "Network": "AWS::EC2::VPC",
        "Address": "AWS::SSM::Parameter",
    }


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("MyOrg::Network::Vpc::MODULE", "MyOrg::Network::Vpc::MODULE"),
        ("MyOrg::Network::Vpc::MODULE", "MyOrg::Network::*"),
        ("Datadog::Monitors::Monitor", "Datadog::Monitors::*"),
        ("AWS::EC2::Volume", "AWS::EC2::Volume"),
    ],
)
def test_a_skipped_resource_has_no_policies(installation, cfn, skipping, kind, pattern):
    policies = {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot", "UpdatePolicy": {"A": {"B": 1}}}
    skipping(pattern)
    create(installation, cfn, body=template(Disk={"Type": kind, **policies}))
    assert types(cfn) == {"Disk": f"Skipped::{kind}"}
    identity = stack(cfn)["StackId"]
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn, identity)["StackStatus"] == "DELETE_COMPLETE"


def test_functions_of_serverless_templates_are_skipped(installation, cfn, skipping):
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "."}, "Connectors": {}}
    value = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["F", "Arn"]}}}
    document = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Runtime": "python3.14"}},
        "Resources": {"F": function, "Name": value},
    }
    body, capabilities = json.dumps(document), ["CAPABILITY_AUTO_EXPAND"]
    message = refusal(cfn.create_stack, StackName=NAME, TemplateBody=body, Capabilities=capabilities)[1]
    assert "moyai has no AWS::Serverless::Function" in message
    skipping("AWS::Serverless::Function")
    create(installation, cfn, body=body, Capabilities=capabilities)
    assert types(cfn) == {"F": "Skipped::AWS::Serverless::Function", "Name": "AWS::SSM::Parameter"}
    processed = cfn.get_template(StackName=NAME, TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["F"]["Type"] == "Skipped::AWS::Serverless::Function"


@pytest.mark.parametrize("operation", ["validate_template", "get_template_summary"])
def test_types_that_are_not_there_fail_validation_unless_they_are_skipped(cfn, skipping, operation):
    types = {"A": "AWS::EC2::Instance", "B": "AWS::No::Such", "C": "AWS::Logs::LogGroup", "D": "Custom::Thing"}
    body = json.dumps({"Resources": {name: {"Type": kind} for name, kind in types.items()}})
    message = refusal(getattr(cfn, operation), TemplateBody=body)[1]
    assert "Template format error: Unrecognized resource types: [AWS::EC2::Instance, AWS::No::Such]." in message
    skipping("AWS::EC2::Instance", "AWS::No::Such")
    getattr(cfn, operation)(TemplateBody=body)


def test_the_template_of_a_stack_is_summarised_without_the_option(installation, cfn, skipping):
    skipping("AWS::EC2::Instance")
    create(installation, cfn, body=WITH_HOST)
    installation.store.apply([Put(Defaults())])
    assert "AWS::EC2::Instance" in cfn.get_template_summary(StackName=NAME)["ResourceTypes"]


def test_a_stack_with_skipped_resources_is_deleted_without_the_option(installation, cfn, skipping):
    skipping("AWS::EC2::Instance")
    create(installation, cfn, body=WITH_HOST)
    installation.store.apply([Put(Defaults())])
    update = {"StackName": NAME, "UsePreviousTemplate": True}
    assert "Unrecognized resource types" in refusal(cfn.update_stack, **update)[1]
    identity = stack(cfn)["StackId"]
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn, identity)["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id", "591542846629"),
        ("/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id", "092701018921"),
        ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "137112412989"),
    ],
)
def test_a_public_parameter_has_the_id_of_an_image(installation, cfn, name, owner):
    image = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": name}
    properties = {"Type": "String", "Value": {"Ref": "Image"}}
    resources = {"A": {"Type": "AWS::SSM::Parameter", "Properties": properties}}
    template = {"Parameters": {"Image": image}, "Resources": resources}
    create(installation, cfn, body=json.dumps(template))
    [parameter] = stack(cfn)["Parameters"]
    images = installation.client("ec2").describe_images(ImageIds=[parameter["ResolvedValue"]], Owners=[owner])["Images"]
    assert [image["OwnerId"] for image in images] == [owner]


def test_a_custom_resource_may_have_a_version(cfn):
    thing = {"Type": "Custom::Thing", "Version": "1.0", "Properties": {"ServiceToken": "arn:aws:lambda:x"}}
    cfn.validate_template(TemplateBody=json.dumps({"Resources": {"A": thing}}))
