"""CloudFormation as its SDK sees it: every operation, and the errors that clients compare."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.domain.cloudformation.stack import StackStatus
from moyai.domain.world import Put
from moyai.reconcile.stacks import StackLoop
from moyai.testing.ids import SeededIds
from tests.contract.api.asking import refusal
from tests.contract.api.installation import MODELS, Installation

NAME = "shop"
TEMPLATE = json.dumps(
    {
        "Description": "a log group and its name",
        "Parameters": {
            "Days": {"Type": "Number", "Default": 7, "Description": "kept", "AllowedValues": [7, 14]},
            "Key": {"Type": "String", "NoEcho": True, "Default": "secret"},
        },
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}},
            "Name": {
                "Type": "AWS::SSM::Parameter",
                "Metadata": {"purpose": {"Fn::Sub": "names ${Logs}"}},
                "Properties": {"Type": "String", "Value": {"Ref": "Logs"}},
            },
        },
        "Outputs": {
            "Logs": {"Value": {"Ref": "Logs"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-logs"}}},
            "Arn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}, "Description": "of the group"},
        },
    }
)
IMPORTING = json.dumps(
    {
        "Resources": {
            "Copy": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "shop-logs"}},
            }
        }
    }
)
FAILING = TEMPLATE.replace('"Type": "String", "Value"', '"Type": "String", "Name": "/aws/no", "Value"')


def finish(installation: Installation) -> None:
    """Let every operation that is under way end."""
    run_until(installation, lambda: not any(stack.status.in_progress for stack in installation.store.world.stacks))


def run_until(installation: Installation, is_done: Callable[[], bool]) -> None:
    """Run the loop of stacks until something is so."""

    async def run() -> None:
        caller = GatewayCaller(installation.gateway, MODELS, installation.clock, "localhost:4566")
        ids = SeededIds(9 + len(installation.store.world.stack_events))
        loop = StackLoop(installation.store, caller, installation.clock, ids)
        task = asyncio.create_task(loop.run())
        await installation.clock.until(is_done)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def create(installation, cfn, name=NAME, body=TEMPLATE, **more) -> str:
    identity: str = cfn.create_stack(StackName=name, TemplateBody=body, **more)["StackId"]
    finish(installation)
    return identity


def stack(cfn, name=NAME) -> Any:
    [described] = cfn.describe_stacks(StackName=name)["Stacks"]
    return described


def events(cfn, name=NAME) -> list[tuple[str, str]]:
    listed = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(listed)]


def test_a_stack_from_creation_to_deletion(installation, cfn):
    identity = create(installation, cfn, Tags=[{"Key": "team", "Value": "a"}], ClientRequestToken="t1")
    described = stack(cfn)
    outputs = {output["OutputKey"]: output for output in described["Outputs"]}
    group = outputs["Logs"]["OutputValue"]
    assert described["StackId"] == identity
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert described["Description"] == "a log group and its name"
    assert {p["ParameterKey"]: p["ParameterValue"] for p in described["Parameters"]} == {"Days": "7", "Key": "****"}
    assert described["Tags"] == [{"Key": "team", "Value": "a"}]
    assert (outputs["Logs"]["ExportName"], outputs["Arn"]["Description"]) == ("shop-logs", "of the group")
    assert outputs["Arn"]["OutputValue"].endswith(f":log-group:{group}:*")
    logs = installation.client("logs")
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
    assert installation.client("ssm").get_parameter(Name=physical_id(cfn, "Name"))["Parameter"]["Value"] == group
    assert events(cfn) == [
        ("shop", "CREATE_IN_PROGRESS"),
        ("Logs", "CREATE_IN_PROGRESS"),
        ("Logs", "CREATE_IN_PROGRESS"),
        ("Logs", "CREATE_COMPLETE"),
        ("Name", "CREATE_IN_PROGRESS"),
        ("Name", "CREATE_IN_PROGRESS"),
        ("Name", "CREATE_COMPLETE"),
        ("shop", "CREATE_COMPLETE"),
    ]
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert refusal(cfn.describe_stacks, StackName=NAME) == ("ValidationError", "Stack with id shop does not exist")
    assert stack(cfn, identity)["StackStatus"] == "DELETE_COMPLETE"
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    [summary] = cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert summary["StackId"] == identity
    cfn.delete_stack(StackName=NAME)
    create(installation, cfn)


def physical_id(cfn, logical_id, name=NAME) -> str:
    described = cfn.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)["StackResourceDetail"]
    return str(described["PhysicalResourceId"])


def test_resources_are_described_by_stack_and_by_physical_id(installation, cfn):
    create(installation, cfn)
    detail = cfn.describe_stack_resource(StackName=NAME, LogicalResourceId="Name")["StackResourceDetail"]
    group = physical_id(cfn, "Logs")
    assert json.loads(detail["Metadata"]) == {"purpose": f"names {group}"}
    [found] = cfn.describe_stack_resources(PhysicalResourceId=group, LogicalResourceId="Logs")["StackResources"]
    assert (found["StackName"], found["ResourceType"]) == (NAME, "AWS::Logs::LogGroup")
    listed = cfn.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in listed] == ["Logs", "Name"]
    missing = "Resource None does not exist for stack shop"
    assert refusal(cfn.describe_stack_resource, StackName=NAME, LogicalResourceId="None")[1] == missing
    assert refusal(cfn.describe_stack_resources, PhysicalResourceId="none")[1] == "Stack for none does not exist"


def test_an_update_changes_in_place_and_one_without_changes_is_refused(installation, cfn):
    create(installation, cfn)
    group = physical_id(cfn, "Logs")
    same = {"StackName": NAME, "UsePreviousTemplate": True}
    assert refusal(cfn.update_stack, **same) == ("ValidationError", "No updates are to be performed.")
    days = [{"ParameterKey": "Days", "ParameterValue": "14"}, {"ParameterKey": "Key", "UsePreviousValue": True}]
    cfn.update_stack(**same, Parameters=days)
    in_progress = refusal(cfn.update_stack, **same)[1]
    assert in_progress == f"Stack:{stack(cfn)['StackId']} is in UPDATE_IN_PROGRESS state and can not be updated."
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    assert physical_id(cfn, "Logs") == group
    [described] = installation.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 14


def test_a_creation_that_fails_is_rolled_back_and_then_only_deleted(installation, cfn):
    create(installation, cfn, body=FAILING)
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert installation.client("logs").describe_log_groups()["logGroups"] == []
    reasons = [e.get("ResourceStatusReason", "") for e in cfn.describe_stack_events(StackName=NAME)["StackEvents"]]
    assert "The following resource(s) failed to create: [Name]. Rollback requested by user." in reasons
    assert any(r.startswith('Resource handler returned message: "') and "HandlerErrorCode:" in r for r in reasons)
    assert (
        "ROLLBACK_COMPLETE state and can not be updated."
        in refusal(cfn.update_stack, StackName=NAME, TemplateBody=TEMPLATE)[1]
    )


@pytest.mark.parametrize(
    ("settings", "status", "groups"),
    [({"DisableRollback": True}, "CREATE_FAILED", 1), ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0)],
)
def test_a_creation_that_fails_ends_as_its_settings_say(installation, cfn, settings, status, groups):
    identity = create(installation, cfn, body=FAILING, **settings)
    assert stack(cfn, identity)["StackStatus"] == status
    assert len(installation.client("logs").describe_log_groups()["logGroups"]) == groups
    if status == "CREATE_FAILED":
        cfn.rollback_stack(StackName=NAME)
        finish(installation)
        assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_stack_whose_cleanup_is_in_progress_is_not_rolled_back(installation, cfn):
    create(installation, cfn)
    [record] = installation.store.world.stacks
    cleaning_up = replace(record, status=StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS, former=record.target)
    installation.store.apply([Put(cleaning_up)])
    message = refusal(cfn.rollback_stack, StackName=NAME)[1]
    assert message == f"Stack:{record.arn} is in {cleaning_up.status.value} state and can not be rolled back."


def test_an_update_that_fails_is_undone(installation, cfn):
    create(installation, cfn)
    group = physical_id(cfn, "Logs")
    cfn.update_stack(
        StackName=NAME,
        TemplateBody=FAILING,
        Parameters=[{"ParameterKey": "Days", "ParameterValue": "14"}],
    )
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    [described] = installation.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 7


def test_resources_have_reserved_tags_that_name_their_stack(installation, cfn):
    body = json.dumps({"Resources": {"Gateway": {"Type": "AWS::EC2::InternetGateway"}}})
    identity = create(installation, cfn, body=body, Tags=[{"Key": "team", "Value": "a"}])
    ec2, gateway = installation.client("ec2"), physical_id(cfn, "Gateway")

    def tags() -> dict[str, str]:
        [described] = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
        return {tag["Key"]: tag["Value"] for tag in described["Tags"]}

    own = {
        "aws:cloudformation:stack-name": NAME,
        "aws:cloudformation:stack-id": identity,
        "aws:cloudformation:logical-id": "Gateway",
    }
    assert tags() == {"team": "a", **own}
    reserved = [{"Key": "aws:cloudformation:logical-id", "Value": "Other"}]
    assert "reserved" in refusal(ec2.create_tags, Resources=[gateway], Tags=reserved)[1]
    ec2.delete_tags(Resources=[gateway])
    assert tags() == own
    cfn.update_stack(StackName=NAME, UsePreviousTemplate=True, Tags=[{"Key": "team", "Value": "b"}])
    finish(installation)
    assert tags() == {"team": "b", **own}
    refused = refusal(cfn.create_stack, StackName="other", TemplateBody=body, Tags=reserved)
    assert "reserved" in refused[1]


def test_a_change_set_creates_a_stack_and_describes_an_update(installation, cfn):
    names = {"StackName": NAME, "ChangeSetName": "first"}
    cfn.create_change_set(**names, TemplateBody=TEMPLATE, ChangeSetType="CREATE")
    assert stack(cfn)["StackStatus"] == "REVIEW_IN_PROGRESS"
    described = cfn.describe_change_set(**names)
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [change["ResourceChange"]["Action"] for change in described["Changes"]] == ["Add", "Add"]
    cfn.execute_change_set(**names)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"
    assert refusal(cfn.execute_change_set, **names)[0] == "InvalidChangeSetStatus"

    second = {"StackName": NAME, "ChangeSetName": "second"}
    renamed_template = TEMPLATE.replace('"RetentionInDays"', '"LogGroupName": "/shop", "RetentionInDays"')
    cfn.create_change_set(**second, TemplateBody=renamed_template, Description="a name")
    changes = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in changes_of(cfn, second)}
    assert (changes["Logs"]["Replacement"], changes["Logs"]["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert changes["Logs"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    [detail] = changes["Name"]["Details"]
    assert (detail["Evaluation"], detail["ChangeSource"], detail["CausingEntity"]) == (
        "Dynamic",
        "ResourceReference",
        "Logs",
    )
    assert "KNOWN_AFTER_APPLY" in changes["Name"]["AfterContext"]
    assert cfn.get_template(**second)["TemplateBody"] == json.loads(renamed_template)
    assert len(cfn.list_change_sets(StackName=NAME)["Summaries"]) == 2
    cfn.delete_change_set(**second)
    assert refusal(cfn.describe_change_set, **second) == ("ChangeSetNotFound", "ChangeSet [second] does not exist")


def changes_of(cfn, names) -> list[Any]:
    return list(cfn.describe_change_set(**names, IncludePropertyValues=True)["Changes"])


def test_a_change_set_without_changes_has_failed(installation, cfn):
    create(installation, cfn)
    names = {"StackName": NAME, "ChangeSetName": "none"}
    cfn.create_change_set(**names, UsePreviousTemplate=True)
    described = cfn.describe_change_set(**names)
    assert described["Status"] == "FAILED"
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_exports_are_imported_and_kept_while_they_are(installation, cfn):
    create(installation, cfn)
    assert refusal(cfn.list_imports, ExportName="shop-logs")[1] == "Export 'shop-logs' is not imported by any stack."
    create(installation, cfn, "other", IMPORTING)
    [export] = cfn.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("shop-logs", physical_id(cfn, "Logs"))
    assert cfn.list_imports(ExportName="shop-logs")["Imports"] == ["other"]
    in_use = "Export shop-logs cannot be deleted as it is in use by other"
    assert refusal(cfn.delete_stack, StackName=NAME) == ("ValidationError", in_use)
    without = json.dumps(
        {"Resources": json.loads(TEMPLATE)["Resources"], "Parameters": json.loads(TEMPLATE)["Parameters"]}
    )
    cfn.update_stack(StackName=NAME, TemplateBody=without)
    finish(installation)
    described = stack(cfn)
    assert (described["StackStatus"], len(described["Outputs"])) == ("UPDATE_ROLLBACK_COMPLETE", 2)
    assert in_use in [e.get("ResourceStatusReason") for e in cfn.describe_stack_events(StackName=NAME)["StackEvents"]]
    cfn.delete_stack(StackName="other")
    finish(installation)
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert refusal(cfn.create_stack, StackName="other", TemplateBody=IMPORTING)[1] == "No export named shop-logs found."


def test_termination_protection_forbids_deletion(installation, cfn):
    create(installation, cfn, EnableTerminationProtection=True)
    message = "Stack [shop] cannot be deleted while TerminationProtection is enabled"
    assert refusal(cfn.delete_stack, StackName=NAME)[1] == message
    cfn.update_termination_protection(StackName=NAME, EnableTerminationProtection=False)
    cfn.delete_stack(StackName=NAME)


def test_a_retained_resource_outlives_its_stack(installation, cfn):
    body = TEMPLATE.replace(
        '"Type": "AWS::Logs::LogGroup"', '"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"'
    )
    identity = create(installation, cfn, body=body)
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert ("Logs", "DELETE_SKIPPED") in events(cfn, identity)
    assert len(installation.client("logs").describe_log_groups()["logGroups"]) == 1


def test_a_template_is_validated_and_summarised(cfn):
    validated = cfn.validate_template(TemplateBody=TEMPLATE)
    assert [(p["ParameterKey"], p["DefaultValue"], p["NoEcho"]) for p in validated["Parameters"]] == [
        ("Days", "7", False),
        ("Key", "****", True),
    ]
    summary = cfn.get_template_summary(TemplateBody=TEMPLATE)
    assert summary["ResourceTypes"] == ["AWS::Logs::LogGroup", "AWS::SSM::Parameter"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["7", "14"]}


@pytest.mark.parametrize(
    ("operation", "params", "code", "message"),
    [
        ("create_stack", {"StackName": "9"}, "ValidationError", "failed to satisfy constraint"),
        (
            "create_stack",
            {"StackName": "a", "TemplateBody": None},
            "ValidationError",
            "Template Body must be specified",
        ),
        ("create_stack", {"TemplateBody": "x" * 51_201}, "ValidationError", "less than or equal to 51200"),
        ("create_stack", {"TemplateURL": "http://x/y"}, "ValidationError", "can not both be"),
        ("create_stack", {"DisableRollback": True, "OnFailure": "DELETE"}, "ValidationError", "Only one of"),
        (
            "create_stack",
            {"TemplateBody": '{"Resources": {"A": {"Type": "AWS::W::V"}, "B": {"Type": "AWS::X::Y"}}}'},
            "ValidationError",
            "Unrecognized resource types: [AWS::W::V, AWS::X::Y]",
        ),
        (
            "create_stack",
            {"TemplateBody": '{"Resources": {"A": {"Type": "AWS::Logs::LogGroup", "Properties": {"Typo": 1}}}}'},
            "ValidationError",
            "extraneous key [Typo] is not permitted",
        ),
        (
            "create_stack",
            {"TemplateBody": '{"Resources": {"A": {"Type": "AWS::EC2::Subnet"}}}'},
            "ValidationError",
            "required key [VpcId] not found",
        ),
        (
            "create_stack",
            {"Parameters": [{"ParameterKey": "Days", "ParameterValue": "8"}]},
            "ValidationError",
            "Parameter 'Days' must be one of AllowedValues",
        ),
        (
            "create_stack",
            {"TemplateBody": '{"Transform": "Macro", "Resources": {}}'},
            "ValidationError",
            "No transform named Macro found.",
        ),
        ("update_stack", {"StackName": "none"}, "ValidationError", "Stack [none] does not exist"),
        ("describe_stacks", {"StackName": "none"}, "ValidationError", "Stack with id none does not exist"),
        ("describe_stack_events", {"StackName": "none"}, "ValidationError", "Stack [none] does not exist"),
        ("get_template", {"StackName": "none"}, "ValidationError", "Stack [none] does not exist"),
        ("cancel_update_stack", {"StackName": "none"}, "ValidationError", "Stack [none] does not exist"),
        ("describe_change_set", {"ChangeSetName": "x"}, "ValidationError", "StackName must be specified"),
        (
            "create_change_set",
            {"StackName": "none", "ChangeSetName": "x"},
            "ValidationError",
            "Stack [none] does not exist",
        ),
    ],
)
def test_wrong_requests_are_refused_and_leave_nothing(installation, cfn, operation, params, code, message):
    defaults = {"StackName": NAME, "TemplateBody": TEMPLATE} if operation in {"create_stack", "update_stack"} else {}
    request = {name: value for name, value in {**defaults, **params}.items() if value is not None}
    refused_code, text = refusal(getattr(cfn, operation), **request)
    assert (refused_code, message in text) == (code, True), text
    assert len(installation.store.world.stacks) == 0
    assert len(installation.store.world.stack_templates) == 0


def test_a_stack_in_another_account_is_not_seen(installation, cfn):
    identity = create(installation, cfn)
    other = installation.client("cloudformation", key="222222222222")
    assert other.describe_stacks()["Stacks"] == []
    assert refusal(other.describe_stacks, StackName=identity)[0] == "ValidationError"


def test_a_creation_that_takes_too_long_is_rolled_back(installation, cfn):
    body = json.dumps(
        {"Resources": {"Namespace": {"Type": "AWS::ServiceDiscovery::HttpNamespace", "Properties": {"Name": "n"}}}}
    )
    installation.busy = True
    cfn.create_stack(StackName=NAME, TemplateBody=body, TimeoutInMinutes=1)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [e.get("ResourceStatusReason", "") for e in cfn.describe_stack_events(StackName=NAME)["StackEvents"]]
    assert any("time exceeded the specified timeout" in reason for reason in reasons)


def test_an_update_is_cancelled(installation, cfn):
    create(installation, cfn)
    cfn.update_stack(
        StackName=NAME, UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Days", "ParameterValue": "14"}]
    )
    cfn.cancel_update_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_in_review_is_deleted(installation, cfn):
    names = {"StackName": NAME, "ChangeSetName": "first"}
    identity = cfn.create_change_set(**names, TemplateBody=TEMPLATE, ChangeSetType="CREATE")["StackId"]
    cfn.delete_change_set(**names)
    assert len(installation.store.world.stack_templates) == 0
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn, identity)["StackStatus"] == "DELETE_COMPLETE"


def test_two_stacks_do_not_export_one_name(installation, cfn):
    fixed = TEMPLATE.replace('{"Fn::Sub": "${AWS::StackName}-logs"}', '"logs"')
    create(installation, cfn, body=fixed)
    create(installation, cfn, "other", fixed)
    assert stack(cfn, "other")["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [e.get("ResourceStatusReason", "") for e in cfn.describe_stack_events(StackName="other")["StackEvents"]]
    assert "Export with name logs is already exported by stack shop." in reasons


def test_an_update_makes_other_change_sets_void(installation, cfn):
    create(installation, cfn)
    cfn.create_change_set(StackName=NAME, ChangeSetName="old", TemplateBody=TEMPLATE.replace("7,", "14,", 1))
    days = [{"ParameterKey": "Days", "ParameterValue": "14"}]
    cfn.update_stack(StackName=NAME, UsePreviousTemplate=True, Parameters=days)
    assert cfn.list_change_sets(StackName=NAME)["Summaries"] == []


def test_an_update_after_a_failed_one_goes_back_to_what_worked(installation, cfn):
    create(installation, cfn)
    days = [{"ParameterKey": "Days", "ParameterValue": "14"}]
    cfn.update_stack(StackName=NAME, TemplateBody=FAILING, Parameters=days, DisableRollback=True)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_FAILED"
    cfn.update_stack(StackName=NAME, TemplateBody=FAILING.replace("/aws/no", "/aws/never"))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    [described] = installation.client("logs").describe_log_groups()["logGroups"]
    assert described["retentionInDays"] == 7
