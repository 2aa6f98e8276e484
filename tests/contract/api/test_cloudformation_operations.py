"""CloudFormation's operations beside the life of a stack: policies, tokens, operations' events, limits and types."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from moyai.api.control.stack_signals import SignalHandler
from moyai.api.wire.http import HttpRequest
from moyai.domain.world import Put
from moyai.stacks.types.registry import resource_types
from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import FAILING, NAME, TEMPLATE, create, finish, run_until, stack

DAYS = [{"ParameterKey": "Days", "ParameterValue": "14"}]
ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
KEEP_LOGS = json.dumps(
    {"Statement": [ALLOW, {**ALLOW, "Effect": "Deny", "Resource": "LogicalResourceId/Logs", "Action": "Update:*"}]}
)


def reasons(cfn) -> list[str]:
    listed = cfn.describe_stack_events(StackName=NAME)["StackEvents"]
    return [event.get("ResourceStatusReason", "") for event in listed]


def test_a_policy_protects_resources_from_updates(installation, cfn):
    create(installation, cfn, StackPolicyBody=KEEP_LOGS)
    assert cfn.get_stack_policy(StackName=NAME)["StackPolicyBody"] == KEEP_LOGS
    cfn.update_stack(StackName=NAME, UsePreviousTemplate=True, Parameters=DAYS)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    denial = "Action denied by stack policy: Statement [#2] does not allow [{}] for resource [LogicalResourceId/Logs];"
    assert denial.format("Update:Modify") in reasons(cfn)
    cfn.update_stack(StackName=NAME, TemplateBody=json.dumps({"Resources": {"Other": {"Type": "AWS::Logs::LogGroup"}}}))
    finish(installation)
    assert denial.format("Update:Delete") in reasons(cfn)
    allowed = json.dumps({"Statement": ALLOW})
    cfn.update_stack(StackName=NAME, UsePreviousTemplate=True, Parameters=DAYS, StackPolicyDuringUpdateBody=allowed)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.get_stack_policy(StackName=NAME)["StackPolicyBody"] == KEEP_LOGS
    cfn.set_stack_policy(StackName=NAME, StackPolicyBody=allowed)
    cfn.update_stack(StackName=NAME, UsePreviousTemplate=True)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    assert "Invalid stack policy" in refusal(cfn.set_stack_policy, StackName=NAME, StackPolicyBody="[]")[1]


def test_a_rollback_skips_the_resources_that_have_failed_in_it_alone(installation, cfn):
    def body(days: int) -> str:
        name = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": str(days)}}
        logs = {"Type": "AWS::Logs::LogGroup", "DependsOn": "Name", "Properties": {"RetentionInDays": days}}
        return json.dumps({"Resources": {"Name": name, "Logs": logs}})

    create(installation, cfn, body=body(7))
    group = cfn.describe_stack_resource(StackName=NAME, LogicalResourceId="Logs")["StackResourceDetail"]
    installation.client("logs").delete_log_group(logGroupName=group["PhysicalResourceId"])
    cfn.update_stack(StackName=NAME, TemplateBody=body(14))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    for others in (["Other"], ["Name", "Logs"], ["Other.Logs"]):
        refused = refusal(cfn.continue_update_rollback, StackName=NAME, ResourcesToSkip=others)
        assert refused == (
            "ValidationError",
            f"Only resources whose rollback has failed (UPDATE_FAILED) can be skipped: [{others[0]}] is none of them.",
        )
    cfn.continue_update_rollback(StackName=NAME, ResourcesToSkip=["Logs"])
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_repeated_token_gets_the_first_answer(installation, cfn):
    request = {"StackName": NAME, "TemplateBody": TEMPLATE, "ClientRequestToken": "one"}
    first = cfn.create_stack(**request)
    assert cfn.create_stack(**request)["OperationId"] == first["OperationId"]
    other = refusal(cfn.create_stack, **{**request, "DisableRollback": True})
    assert other[0] == "TokenAlreadyExistsException"
    assert refusal(cfn.create_stack, **{**request, "ClientRequestToken": "two"})[0] == "AlreadyExistsException"
    finish(installation)
    update = {"StackName": NAME, "UsePreviousTemplate": True, "Parameters": DAYS, "ClientRequestToken": "three"}
    operation = cfn.update_stack(**update)["OperationId"]
    assert cfn.update_stack(**update)["OperationId"] == operation
    finish(installation)
    names = {"StackName": NAME, "ChangeSetName": "change", "UsePreviousTemplate": True, "ClientToken": "four"}
    assert cfn.create_change_set(**names)["Id"] == cfn.create_change_set(**names)["Id"]
    execute = {"StackName": NAME, "ChangeSetName": "change", "ClientRequestToken": "five"}
    cfn.execute_change_set(**execute)
    cfn.execute_change_set(**execute)
    assert refusal(cfn.execute_change_set, **{**execute, "ClientRequestToken": "six"})[0] == "InvalidChangeSetStatus"


def test_events_of_operations_say_what_has_failed(installation, cfn):
    identity = create(installation, cfn, body=FAILING)
    every = cfn.describe_events(StackName=NAME)["OperationEvents"]
    assert {event["OperationType"] for event in every} == {"CREATE_STACK"}
    [failed] = cfn.describe_events(StackName=identity, Filters={"FailedEvents": True})["OperationEvents"]
    assert (failed["EventType"], failed["LogicalResourceId"]) == ("PROVISIONING_ERROR", "Name")
    operation = every[0]["OperationId"]
    assert cfn.describe_events(OperationId=operation)["OperationEvents"] == every
    assert "must be specified" in refusal(cfn.describe_events)[1]


def test_limits_types_and_hooks_are_described(installation, cfn):
    limits = {each["Name"]: each["Value"] for each in cfn.describe_account_limits()["AccountLimits"]}
    assert limits["StackLimit"] == 2000
    assert cfn.list_types()["TypeSummaries"] == []
    listed = cfn.list_types(Visibility="PUBLIC", Filters={"TypeNamePrefix": "AWS::ECS::"})["TypeSummaries"]
    assert {each["TypeName"] for each in listed} == {name for name in resource_types() if name.startswith("AWS::ECS::")}
    described = cfn.describe_type(Type="RESOURCE", TypeName="AWS::ECS::Cluster")
    assert "/properties/Arn" in json.loads(described["Schema"])["readOnlyProperties"]
    assert described["Arn"].endswith("::type/resource/AWS-ECS-Cluster")
    assert refusal(cfn.describe_type, Type="RESOURCE", TypeName="AWS::No::Type")[0] == "TypeNotFoundException"
    create(installation, cfn)
    cfn.create_change_set(StackName=NAME, ChangeSetName="one", UsePreviousTemplate=True)
    hooks = cfn.describe_change_set_hooks(StackName=NAME, ChangeSetName="one")
    assert (hooks["Status"], hooks["Hooks"]) == ("PLANNED", [])


WAITING = json.dumps(
    {
        "Resources": {
            "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "Ready": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600", "Count": 2},
            },
            "Signalled": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "CreationPolicy": {"ResourceSignal": {"Timeout": "PT10M"}},
            },
        },
        "Outputs": {"Data": {"Value": {"Fn::GetAtt": ["Ready", "Data"]}}},
    }
)


def begin_waiting(installation, cfn) -> str:
    """Create the stack, and return the URL of its handle when both conditions wait."""
    cfn.create_stack(StackName=NAME, TemplateBody=WAITING)
    run_until(installation, lambda: len(waiting(installation)) == 2)
    [handle] = [each for each in installation.store.world.stack_resources if each.logical_id == "Handle"]
    return str(handle.physical.id)


def waiting(installation) -> list[object]:
    resources = installation.store.world.stack_resources
    return [each for each in resources if each.physical and each.status.in_progress]


def put_signal(installation, url, **body) -> int:
    request = HttpRequest("PUT", "/_moyai/signal", url.partition("?")[2], {}, json.dumps(body).encode())
    return asyncio.run(SignalHandler(installation.store)(request)).status


def test_conditions_wait_for_their_signals(installation, cfn):
    url = begin_waiting(installation, cfn)
    for number in ("1", "2"):
        assert put_signal(installation, url, Status="SUCCESS", UniqueId=number, Data=f"data{number}") == 200
    signal = {"StackName": NAME, "LogicalResourceId": "Signalled", "UniqueId": "a"}
    cfn.signal_resource(**signal, Status="SUCCESS")
    finish(installation)
    described = stack(cfn)
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert json.loads(described["Outputs"][0]["OutputValue"]) == {"1": "data1", "2": "data2"}
    assert "cannot be signaled" in refusal(cfn.signal_resource, **signal, Status="SUCCESS")[1]
    assert put_signal(installation, "?token=other", Status="SUCCESS", UniqueId="1") == 404
    assert put_signal(installation, url, Status="MAYBE", UniqueId="1") == 400
    cfn.update_stack(StackName=NAME, TemplateBody=WAITING.replace("600", "601"))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize("fails", [True, False])
def test_a_condition_that_is_not_met_fails_the_stack(installation, cfn, fails):
    url = begin_waiting(installation, cfn)
    if fails:
        put_signal(installation, url, Status="FAILURE", UniqueId="1", Reason="no disk")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    expected = (
        ["WaitCondition received failed message: 'no disk' for uniqueId: 1"]
        if fails
        else [
            "WaitCondition timed out. Received 0 conditions when expecting 2",
            "Failed to receive 1 resource signal(s) within the specified duration",
        ]
    )
    assert set(expected) & set(reasons(cfn))


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({"Type": "AWS::Logs::LogGroup", "CreationPolicy": {"ResourceSignal": {}}}, "can't have a CreationPolicy"),
        ({"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"Other": {}}}, "must be a ResourceSignal"),
        (
            {"Type": "AWS::Logs::LogGroup", "UpdatePolicy": {"AutoScalingRollingUpdate": {}}},
            (
                "the resource A can't have this UpdatePolicy: AWS::Logs::LogGroup has no UpdatePolicy "
                "AutoScalingRollingUpdate."
            ),
        ),
        (
            {"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": {"AutoScalingRollingUpdate": {"Typo": 1}}},
            "the UpdatePolicy AutoScalingRollingUpdate has no Typo",
        ),
        (
            {"Type": "AWS::Lambda::Alias", "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}}},
            "moyai does not support the UpdatePolicy CodeDeployLambdaAliasUpdate",
        ),
        (
            {
                "Type": "AWS::AutoScaling::AutoScalingGroup",
                "UpdatePolicy": {"AutoScalingReplacingUpdate": {"WillReplace": True, "Typo": 1}},
            },
            "the UpdatePolicy AutoScalingReplacingUpdate has no Typo",
        ),
        (
            {"Type": "AWS::AutoScaling::AutoScalingGroup", "CreationPolicy": {"ResourceSignal": {"Count": "x"}}},
            "must be a ResourceSignal",
        ),
        ({"Type": "AWS::Logs::LogGroup", "Version": "1.0"}, "Invalid template resource property 'Version'"),
        ({"Type": "Custom::Thing"}, "required key [ServiceToken] not found"),
        ({"Type": "Custom::"}, "Unrecognized resource types: [Custom::]"),
    ],
)
def test_policies_without_effect_are_refused(cfn, resource, message):
    body = json.dumps({"Resources": {"A": resource}})
    assert message in refusal(cfn.create_stack, StackName=NAME, TemplateBody=body)[1]


def test_a_template_is_shown_after_its_transforms(installation, cfn):
    loop = {"Fn::ForEach::Groups": ["Name", {"Ref": "Names"}, {"Logs${Name}": {"Type": "AWS::Logs::LogGroup"}}]}
    names = {"Type": "CommaDelimitedList", "Default": "A,B"}
    document = {"Transform": "AWS::LanguageExtensions", "Parameters": {"Names": names}, "Resources": loop}
    create(installation, cfn, body=json.dumps(document), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert cfn.get_template(StackName=NAME)["TemplateBody"] == document
    processed = cfn.get_template(StackName=NAME, TemplateStage="Processed")["TemplateBody"]
    assert set(processed["Resources"]) == {"LogsA", "LogsB"}


def test_the_rollback_of_an_operation_that_an_earlier_version_began_leaves_the_capabilities(installation, cfn):
    create(installation, cfn, Capabilities=["CAPABILITY_IAM"])
    cfn.update_stack(StackName=NAME, TemplateBody=FAILING, Capabilities=["CAPABILITY_IAM"])
    [begun] = installation.store.world.stacks
    installation.store.apply([Put(replace(begun, former_capabilities=None))])
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack(cfn)["Capabilities"] == ["CAPABILITY_IAM"]
