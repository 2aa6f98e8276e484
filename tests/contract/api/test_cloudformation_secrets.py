"""CloudFormation never shows other accounts' records, hidden parameters and resolved secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import (
    NAME,
    TEMPLATE,
    changes_of,
    create,
    events,
    finish,
    physical_id,
    stack,
)


def test_a_change_set_in_another_account_is_not_seen(installation, cfn):
    names = {"StackName": NAME, "ChangeSetName": "first"}
    identity = cfn.create_change_set(**names, TemplateBody=TEMPLATE, ChangeSetType="CREATE")["Id"]
    other = installation.client("cloudformation", key="222222222222")
    for call in (other.describe_change_set, other.get_template, other.execute_change_set):
        assert refusal(call, ChangeSetName=identity)[0] == "ChangeSetNotFound"
    other.delete_change_set(ChangeSetName=identity)
    assert cfn.describe_change_set(ChangeSetName=identity)["Status"] == "CREATE_COMPLETE"


STORED = json.dumps(
    {
        "Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "NoEcho": True}},
        "Resources": {"Copy": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "P"}}}},
    }
)


def request_with(name) -> dict[str, Any]:
    return {"StackName": NAME, "TemplateBody": STORED, "Parameters": [{"ParameterKey": "P", "ParameterValue": name}]}


def test_parameters_of_the_store_are_those_of_the_account_without_secure_ones(installation, cfn):
    other = installation.client("ssm", key="222222222222")
    other.put_parameter(Name="/theirs", Value="theirs", Type="String")
    theirs = other.get_parameter(Name="/theirs")["Parameter"]["ARN"]
    installation.client("ssm").put_parameter(Name="/secure", Value="secure", Type="SecureString")
    assert "does not exist" in refusal(cfn.create_stack, **request_with(theirs))[1]
    assert "SecureString" in refusal(cfn.create_stack, **request_with("/secure"))[1]


def test_hidden_values_are_in_no_answer(installation, cfn):
    ssm = installation.client("ssm")
    ssm.put_parameter(Name="/a", Value="hunter2", Type="String")
    ssm.put_parameter(Name="/b", Value="hunter3", Type="String")
    cfn.create_stack(**request_with("/a"))
    finish(installation)
    cfn.create_change_set(ChangeSetName="next", **request_with("/b"))
    [change] = changes_of(cfn, {"StackName": NAME, "ChangeSetName": "next"})
    cfn.execute_change_set(StackName=NAME, ChangeSetName="next")
    finish(installation)
    answers = [change, stack(cfn), cfn.describe_stack_events(StackName=NAME)["StackEvents"]]
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    assert "hunter" not in str(answers)
    assert "****" in str(answers[0]["ResourceChange"]["BeforeContext"])
    assert ssm.get_parameter(Name=physical_id(cfn, "Copy"))["Parameter"]["Value"] == "hunter3"


def test_a_resolved_secret_is_recorded_nowhere_and_a_repository_has_the_address_of_the_api(installation, cfn):
    installation.client("secretsmanager").create_secret(Name="key", SecretString="hunter2")
    resources = {
        "Copy": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": "{{resolve:secretsmanager:key}}"},
        },
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": "Copy",
            "Properties": {"RetentionInDays": "{{resolve:secretsmanager:key}}"},
        },
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "images"}},
    }
    body = {
        "Resources": resources,
        "Outputs": {"Uri": {"Value": {"Fn::GetAtt": ["Images", "RepositoryUri"]}}},
    }
    create(installation, cfn, body=json.dumps(body), DisableRollback=True)
    world = installation.store.world
    assert "CREATE_FAILED" in str(events(cfn))
    assert "hunter2" not in str((list(world.stack_resources), list(world.stack_events), list(world.stacks)))
    resources.pop("Logs")
    cfn.update_stack(StackName=NAME, TemplateBody=json.dumps(body))
    finish(installation)
    assert stack(cfn)["Outputs"][0]["OutputValue"] == "localhost:4566/images"


def test_a_part_of_a_text_that_is_a_resolved_secret_is_hidden_too(installation, cfn):
    secrets = installation.client("secretsmanager")
    secrets.create_secret(Name="key", SecretString="hunter2")
    reference = "{{resolve:secretsmanager:key}}"
    tag = {"Key": "k", "Value": f"in-{reference}"}
    resources = {
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"Tags": [tag]}},
        "Copy": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "d", "VpcId": f"vpc-{reference}"},
        },
    }
    create(installation, cfn, body=json.dumps({"Resources": resources}), DisableRollback=True)
    world = installation.store.world
    records = str((list(world.stack_resources), list(world.stack_events), list(world.stacks)))
    assert "vpc-****" in records
    assert "hunter2" not in records


def test_a_stack_is_deleted_when_what_its_references_name_is_gone(installation, cfn):
    ssm = installation.client("ssm")
    ssm.put_parameter(Name="/a", Value="7", Type="String")
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": "{{resolve:ssm:/a}}"}}
    create(installation, cfn, body=json.dumps({"Resources": {"Logs": logs}}))
    ssm.delete_parameter(Name="/a")
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert not installation.client("logs").describe_log_groups()["logGroups"]
    assert [each.status for each in installation.store.world.stacks] == ["DELETE_COMPLETE"]


DERIVED = json.dumps(
    {
        "Parameters": {"P": {"Type": "String", "NoEcho": True}, "L": {"Type": "CommaDelimitedList", "NoEcho": "true"}},
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup"},
            "Copy": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "VpcId": {"Fn::Base64": {"Fn::Sub": "${P}:${Logs}"}},
                    "GroupDescription": {"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "P"}]}]},
                    "GroupName": {"Fn::Base64": {"Fn::Join": ["/", {"Ref": "L"}]}},
                },
            },
        },
    }
)


def test_functions_of_hidden_values_are_hidden(installation, cfn):
    parameters = [
        {"ParameterKey": "P", "ParameterValue": "user-word"},
        {"ParameterKey": "L", "ParameterValue": "one,two"},
    ]
    names = {"StackName": NAME, "ChangeSetName": "first"}
    cfn.create_change_set(**names, TemplateBody=DERIVED, Parameters=parameters, ChangeSetType="CREATE")
    described = cfn.describe_change_set(**names, IncludePropertyValues=True)
    cfn.execute_change_set(**names)
    finish(installation)
    listed = cfn.describe_stack_events(StackName=NAME)["StackEvents"]
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    [reason] = [each["ResourceStatusReason"] for each in listed if each["ResourceStatus"] == "CREATE_FAILED"]
    assert "****" in reason
    group = next(
        each["PhysicalResourceId"]
        for each in listed
        if each["LogicalResourceId"] == "Logs" and each["PhysicalResourceId"]
    )
    secrets = [
        "user-word",
        "word",
        base64.b64encode(b"one/two").decode(),
        base64.b64encode(f"user-word:{group}".encode()).decode(),
    ]
    for answer in (described, listed):
        assert not any(secret in json.dumps(answer, default=str) for secret in secrets)
