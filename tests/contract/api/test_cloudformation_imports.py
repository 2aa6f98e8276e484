"""Resources that exist are imported into stacks, and imports that can't be are refused in AWS's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from moyai.domain.cloudformation.stack import StackStatus
from moyai.domain.world import Put
from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, create, events, finish, run_until, stack

GROUP = "/shop/logs"
TO_IMPORT = {
    "ResourceType": "AWS::Logs::LogGroup",
    "LogicalResourceId": "Logs",
    "ResourceIdentifier": {"LogGroupName": GROUP},
}
PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/shop/name", "Value": "a"}}
LOGS = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"LogGroupName": GROUP}}


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def import_by(cfn, name: str = NAME, template: str = "", **members: Any) -> dict[str, Any]:
    """Create a change set that imports, and describe it."""
    names = {"StackName": name, "ChangeSetName": "import"}
    members = {"ResourcesToImport": [TO_IMPORT], **members}
    cfn.create_change_set(
        **names, ChangeSetType="IMPORT", TemplateBody=template or body(X=PARAMETER, Logs=LOGS), **members
    )
    described: dict[str, Any] = cfn.describe_change_set(**names)
    return described


def existing_group(installation) -> None:
    installation.client("logs").create_log_group(logGroupName=GROUP)


def test_a_resource_is_imported_into_a_stack_and_leaves_it_with_the_stack(installation, cfn):
    existing_group(installation)
    create(installation, cfn, body=body(X=PARAMETER), Tags=[{"Key": "team", "Value": "shop"}])
    change_set = import_by(cfn)
    assert change_set["Changes"] == [
        {
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Import",
                "LogicalResourceId": "Logs",
                "PhysicalResourceId": GROUP,
                "ResourceType": "AWS::Logs::LogGroup",
                "Scope": [],
                "Details": [],
            },
        }
    ]
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_COMPLETE"
    described = [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in all_events(cfn)]
    assert described[-6:] == [
        (NAME, "IMPORT_IN_PROGRESS", "User Initiated"),
        ("Logs", "IMPORT_IN_PROGRESS", "Resource import started."),
        ("Logs", "IMPORT_COMPLETE", "Resource import completed."),
        ("Logs", "UPDATE_IN_PROGRESS", "Apply stack-level tags to imported resource if applicable."),
        ("Logs", "UPDATE_COMPLETE", None),
        (NAME, "IMPORT_COMPLETE", None),
    ]
    arn = installation.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["logGroupArn"]
    assert installation.client("logs").list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "shop"}
    cfn.update_stack(StackName=NAME, TemplateBody=body(X=PARAMETER, Logs={**LOGS, "DeletionPolicy": "Delete"}))
    finish(installation)
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert installation.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"] == []


def all_events(cfn) -> list[dict[str, Any]]:
    """The events of the stack, oldest first."""
    return list(reversed(cfn.describe_stack_events(StackName=NAME)["StackEvents"]))


def test_a_stack_is_made_of_what_exists(installation, cfn):
    existing_group(installation)
    import_by(cfn, template=body(Logs=LOGS))
    assert stack(cfn)["StackStatus"] == "REVIEW_IN_PROGRESS"
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_COMPLETE"
    [resource] = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
    assert (resource["PhysicalResourceId"], resource["ResourceStatus"]) == (GROUP, "UPDATE_COMPLETE")
    owned = import_by(cfn, "other", body(Logs=LOGS))
    arn = stack(cfn)["StackId"]
    assert (owned["Status"], owned["StatusReason"]) == ("FAILED", f"{GROUP} already exists in stack {arn}")


@pytest.mark.parametrize("exists", [True, False])
def test_an_import_of_what_is_not_there_is_rolled_back(installation, cfn, exists):
    if exists:
        create(installation, cfn, body=body(X=PARAMETER))
    import_by(cfn, template="" if exists else body(Logs=LOGS))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert events(cfn)[-5:] == [
        ("Logs", "IMPORT_FAILED"),
        (NAME, "IMPORT_ROLLBACK_IN_PROGRESS"),
        ("Logs", "IMPORT_ROLLBACK_IN_PROGRESS"),
        ("Logs", "IMPORT_ROLLBACK_COMPLETE"),
        (NAME, "IMPORT_ROLLBACK_COMPLETE"),
    ]
    reason = next(e["ResourceStatusReason"] for e in all_events(cfn) if e["ResourceStatus"] == "IMPORT_FAILED")
    assert f"Resource of type 'AWS::Logs::LogGroup' with identifier '{GROUP}' was not found." in reason
    resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
    assert [resource["LogicalResourceId"] for resource in resources] == (["X"] if exists else [])
    _, text = refusal(cfn.update_stack, StackName=NAME, TemplateBody=body(X=PARAMETER))
    assert text == (
        "No updates are to be performed."
        if exists
        else f"Stack:{stack(cfn)['StackId']} is in IMPORT_ROLLBACK_COMPLETE state and can not be updated."
    )


def test_a_stack_is_not_deleted_during_an_import(installation, cfn):
    existing_group(installation)
    create(installation, cfn, body=body(X=PARAMETER))
    import_by(cfn, template=body(X=PARAMETER, Logs={**LOGS, "DeletionPolicy": "Delete"}))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    arn = stack(cfn)["StackId"]
    _, text = refusal(cfn.delete_stack, StackName=NAME)
    assert text == f"Stack:{arn} is in IMPORT_IN_PROGRESS state and can not be deleted."
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_COMPLETE"
    assert installation.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"] != []


def test_a_stack_is_not_deleted_during_the_rollback_of_an_import(installation, cfn):
    create(installation, cfn, body=body(X=PARAMETER))
    [record] = installation.store.world.stacks
    installation.store.apply([Put(replace(record, status=StackStatus.IMPORT_ROLLBACK_IN_PROGRESS))])
    _, text = refusal(cfn.delete_stack, StackName=NAME)
    assert text == f"Stack:{record.arn} is in IMPORT_ROLLBACK_IN_PROGRESS state and can not be deleted."


def test_a_resource_is_imported_by_one_stack_alone(installation, cfn):
    existing_group(installation)
    for name in (NAME, "other", "third"):
        import_by(cfn, name, body(Logs=LOGS))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    arn = stack(cfn)["StackId"]
    _, text = refusal(cfn.execute_change_set, StackName="other", ChangeSetName="import")
    assert text == f"{GROUP} is being imported by stack {arn}. Try again when that has ended."
    finish(installation)
    _, text = refusal(cfn.execute_change_set, StackName="third", ChangeSetName="import")
    assert text == f"{GROUP} already exists in stack {arn}"
    assert stack(cfn, "other")["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_a_stack_whose_first_import_has_failed_takes_another_one(installation, cfn):
    import_by(cfn, template=body(Logs=LOGS))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    arn = stack(cfn)["StackId"]
    assert cfn.get_template(StackName=NAME)["StagesAvailable"] == []
    _, text = refusal(cfn.get_template_summary, StackName=NAME)
    assert text == f"Stack:{arn} is in IMPORT_ROLLBACK_COMPLETE state and has no template."
    existing_group(installation)
    cfn.delete_change_set(StackName=NAME, ChangeSetName="import")
    import_by(cfn, template=body(Logs=LOGS))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert (stack(cfn)["StackStatus"], stack(cfn)["StackId"]) == ("IMPORT_COMPLETE", arn)
    assert cfn.get_template(StackName=NAME)["TemplateBody"] == json.loads(body(Logs=LOGS))


def metric_filter(group: str | dict[str, str]) -> dict[str, Any]:
    metric = {"MetricName": "errors", "MetricNamespace": "shop", "MetricValue": "1"}
    properties = {"FilterName": "errors", "LogGroupName": group, "FilterPattern": "", "MetricTransformations": [metric]}
    return {"Type": "AWS::Logs::MetricFilter", "DeletionPolicy": "Retain", "Properties": properties}


def import_filter(cfn, name: str, group: str, resources: dict[str, Any]) -> dict[str, Any]:
    identifier = {"LogGroupName": group, "FilterName": "errors"}
    listed = [
        {"ResourceType": "AWS::Logs::MetricFilter", "LogicalResourceId": "Errors", "ResourceIdentifier": identifier}
    ]
    groups = [
        {**TO_IMPORT, "LogicalResourceId": each, "ResourceIdentifier": {"LogGroupName": group}}
        for each in resources.keys() - {"Errors"}
    ]
    return import_by(cfn, name, body(**resources), ResourcesToImport=[*listed, *groups])


def test_a_name_within_another_parent_is_another_resource(installation, cfn):
    create(installation, cfn, body=body(Errors=metric_filter({"Ref": "A"}), A=log_group("/a")))
    assert import_filter(cfn, "same", "/a", {"Errors": metric_filter("/a")})["Status"] == "FAILED"
    assert import_filter(cfn, "other", "/b", {"Errors": metric_filter("/b")})["Status"] == "CREATE_COMPLETE"
    referring = {"Errors": metric_filter({"Ref": "B"}), "B": log_group("/b")}
    assert import_filter(cfn, "with-group", "/b", referring)["Status"] == "CREATE_COMPLETE"


def log_group(name: str) -> dict[str, Any]:
    return {**LOGS, "Properties": {"LogGroupName": name}}


def test_an_identifier_that_the_template_contradicts_is_refused(cfn):
    _, message = refusal(import_by, cfn=cfn, template=body(Logs=log_group("/another")))
    assert message == (
        f"The resource identifier LogGroupName of resource type AWS::Logs::LogGroup is {GROUP}, and the template has "
        "another value for this property. Give both the same value."
    )


def test_a_part_of_a_physical_id_that_is_not_known_is_named(cfn):
    kind = "AWS::EC2::NetworkAclEntry"
    entry = {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": 100, "Protocol": 6, "RuleAction": "allow"}
    listed = [{"ResourceType": kind, "LogicalResourceId": "Entry", "ResourceIdentifier": {"Id": "x"}}]
    resources = {
        "Entry": {"Type": kind, "DeletionPolicy": "Retain", "Properties": entry},
        "Acl": {"Type": "AWS::EC2::NetworkAcl", "DeletionPolicy": "Retain", "Properties": {"VpcId": "vpc-1"}},
    }
    acl = {"ResourceType": "AWS::EC2::NetworkAcl", "LogicalResourceId": "Acl", "ResourceIdentifier": {"Id": "acl-1"}}
    _, message = refusal(import_by, cfn=cfn, template=body(**resources), ResourcesToImport=[*listed, acl])
    assert message == (
        f"moyai composes the physical id of {kind} from the properties NetworkAclId, RuleNumber, Egress. Write the "
        "value of NetworkAclId itself in the template of an import, not a function of another resource."
    )


def test_an_import_that_is_rolled_back_leaves_the_stack_as_it_was(installation, cfn):
    described = {**json.loads(body(X=PARAMETER)), "Description": "the name of the shop"}
    create(installation, cfn, body=json.dumps(described))
    import_by(cfn, template=json.dumps({**json.loads(body(X=PARAMETER, Logs=LOGS)), "Description": "with logs"}))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert stack(cfn)["Description"] == "the name of the shop"


def test_the_description_is_that_of_the_template_with_which_resources_were_imported(installation, cfn):
    existing_group(installation)
    create(installation, cfn, body=body(X=PARAMETER))
    import_by(cfn, template=json.dumps({**json.loads(body(X=PARAMETER, Logs=LOGS)), "Description": "with logs"}))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["Description"] == "with logs"


ROLE = {"ResourceType": "AWS::SSM::Parameter", "ResourceIdentifier": {"Name": "/n"}}
CHANGED = {**PARAMETER, "Properties": {**PARAMETER["Properties"], "Value": "b"}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("members", "resources", "message"),
    [
        ({"ResourcesToImport": []}, {}, "Must Provide at least one resource to import"),
        (
            {"ResourcesToImport": [TO_IMPORT, TO_IMPORT]},
            {},
            "Every resource to import must have unique LogicalResourceId",
        ),
        (
            {"ResourcesToImport": [{**TO_IMPORT, "ResourceIdentifier": {"Arn": "x"}}]},
            {},
            "Invalid resource identifier for resource type AWS::Logs::LogGroup. Expected [LogGroupName]",
        ),
        (
            {"ResourcesToImport": [{**TO_IMPORT, "LogicalResourceId": "Missing"}]},
            {},
            "The logical resource ids [Missing] provided in ResourceToImport do not exist in the template.",
        ),
        (
            {"ResourcesToImport": [{**TO_IMPORT, **ROLE}]},
            {},
            (
                "Resource type of [Logs] passed in ResourceToImport does not match with resource type defined in the "
                "template. Resource type in ResourceToImport: AWS::SSM::Parameter; Resource type in Template: "
                "AWS::Logs::LogGroup."
            ),
        ),
        (
            {"ResourcesToImport": [{**TO_IMPORT, "ResourceType": "AWS::KMS::Alias"}]},
            {},
            "The following resource types are not supported for resource import: AWS::KMS::Alias",
        ),
        (
            {"ResourcesToImport": [{"LogicalResourceId": "X", **ROLE}]},
            {"Logs": None},
            "The template should contain at least one new resource to import.",
        ),
        (
            {"ResourcesToImport": [{"LogicalResourceId": "X", **ROLE}]},
            {},
            "Resources [X] passed in ResourceToImport are already in a stack and cannot be imported.",
        ),
        ({}, {"N": LOGS, "X": CHANGED}, "Resources [N] is missing from ResourceToImport list"),
        (
            {},
            {"X": CHANGED},
            (
                "You have modified resources [X] in your template that are not being imported. Update, create or "
                "delete operations cannot be executed during import operations."
            ),
        ),
        *(
            (
                {},
                {"X": {**PARAMETER, **attributes}},
                (
                    "You have modified resources [X] in your template that are not being imported. Update, create or "
                    "delete operations cannot be executed during import operations."
                ),
            )
            for attributes in (
                {"DeletionPolicy": "Retain"},
                {"UpdateReplacePolicy": "Retain"},
                {"Metadata": {"purpose": "another"}},
                {"DependsOn": "Logs"},
            )
        ),
        (
            {},
            {"Logs": {"Type": "AWS::Logs::LogGroup"}},
            "The following resources to import [Logs] must have DeletionPolicy attribute specified in the template.",
        ),
        ({"ChangeSetType": "UPDATE"}, {}, "ResourcesToImport is only valid for change sets of type IMPORT."),
    ],
)
def test_imports_that_cannot_be_are_refused(installation, cfn, members, resources, message):
    create(installation, cfn, body=body(X=PARAMETER))
    declared = {name: each for name, each in {"X": PARAMETER, "Logs": LOGS, **resources}.items() if each is not None}
    request = {
        "StackName": NAME,
        "ChangeSetName": "import",
        "ChangeSetType": "IMPORT",
        "ResourcesToImport": [TO_IMPORT],
        "TemplateBody": body(**declared),
        **members,
    }
    assert refusal(cfn.create_change_set, **request) == ("ValidationError", message)
    assert cfn.list_change_sets(StackName=NAME)["Summaries"] == []


def test_outputs_stay_as_they_are_in_an_import(installation, cfn):
    create(installation, cfn, body=body(X=PARAMETER))
    template = json.dumps({**json.loads(body(X=PARAMETER, Logs=LOGS)), "Outputs": {"A": {"Value": "b"}}})
    _, message = refusal(import_by, cfn=cfn, template=template)
    assert message == "As part of the import operation, you cannot modify or add [Outputs]"


def test_a_summary_says_what_identifies_resources(cfn):
    summary = cfn.get_template_summary(TemplateBody=body(A=PARAMETER, B=LOGS, C={"Type": "AWS::KMS::Alias"}))
    assert summary["ResourceIdentifierSummaries"] == [
        {
            "ResourceType": "AWS::Logs::LogGroup",
            "LogicalResourceIds": ["B"],
            "ResourceIdentifiers": ["LogGroupName"],
        },
        {"ResourceType": "AWS::SSM::Parameter", "LogicalResourceIds": ["A"], "ResourceIdentifiers": ["Name"]},
    ]


def test_a_stack_has_its_capabilities_again_after_an_import_that_failed(installation, cfn):
    create(installation, cfn, body=body(X=PARAMETER), Capabilities=["CAPABILITY_IAM"])
    import_by(cfn, Capabilities=["CAPABILITY_NAMED_IAM"])
    cfn.execute_change_set(StackName=NAME, ChangeSetName="import")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert stack(cfn)["Capabilities"] == ["CAPABILITY_IAM"]


def test_a_stack_whose_update_has_failed_imports_nothing(installation, cfn):
    existing_group(installation)
    create(installation, cfn, body=body(X=PARAMETER))
    failing = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": "absent"}}
    cfn.update_stack(StackName=NAME, TemplateBody=body(X=PARAMETER, Fails=failing), DisableRollback=True)
    finish(installation)
    with pytest.raises(ClientError, match="is in UPDATE_FAILED state and can not be updated"):
        import_by(cfn, template=body(X=PARAMETER, Fails=failing, Logs=LOGS))


def test_a_resource_of_a_type_that_is_not_read_is_not_checked_for_drift(installation, cfn):
    existing_group(installation)
    stream = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": GROUP}}
    create(installation, cfn, body=body(X=PARAMETER, Stream=stream))
    detection = cfn.detect_stack_drift(StackName=NAME)["StackDriftDetectionId"]

    def status() -> Any:
        return cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)

    run_until(installation, lambda: all(each.drifted is not None for each in installation.store.world.drift_detections))
    assert (status()["DetectionStatus"], status()["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
    drifts = {each["LogicalResourceId"]: each["DriftInformation"]["StackResourceDriftStatus"] for each in resources}
    assert drifts == {"X": "IN_SYNC", "Stream": "NOT_CHECKED"}
