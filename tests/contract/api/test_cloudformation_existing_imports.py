"""A change set imports what exists already under the name in the template, and an operation that fails leaves it."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.cloudformation.change_set import ChangeSet
from moyai.domain.world import Delete
from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, create, events, finish, run_until, stack
from tests.contract.api.test_cloudformation_imports import (
    GROUP,
    LOGS,
    PARAMETER,
    TO_IMPORT,
    body,
    existing_group,
    import_by,
)

URL = "https://s3.us-east-1.amazonaws.com/templates/"
FAILING = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": "absent"}}
LEFT = {**LOGS, "DeletionPolicy": "RetainExceptOnCreate"}


def deploy_importing(installation, cfn, template: str, kind: str = "CREATE", **members: Any) -> Any:
    """The description of a change set that imports what exists, after it was looked for."""
    names = {"StackName": NAME, "ChangeSetName": "existing"}
    members = {"ImportExistingResources": True, "IncludeNestedStacks": True, **members}
    created = cfn.create_change_set(**names, ChangeSetType=kind, TemplateBody=template, **members)
    assert created["StackId"] == stack(cfn)["StackId"]
    run_until(
        installation, lambda: all(each.status != "CREATE_IN_PROGRESS" for each in installation.store.world.change_sets)
    )
    return cfn.describe_change_set(**names)


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_a_creation_imports_a_resource_that_has_the_name_in_the_template(installation, cfn, policy):
    existing_group(installation)
    others = {"Other": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop/other"}}}
    change_set = deploy_importing(installation, cfn, body(Logs={**LOGS, "DeletionPolicy": policy}, **others))
    assert (change_set["Status"], change_set["ImportExistingResources"]) == ("CREATE_COMPLETE", True)
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    assert [(each["Action"], each.get("PhysicalResourceId")) for each in changes] == [("Import", GROUP), ("Add", None)]
    cfn.execute_change_set(StackName=NAME, ChangeSetName="existing")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"
    assert ("Logs", "IMPORT_COMPLETE") in events(cfn)
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack_groups(installation) == [GROUP]


def nested_stack(name: str) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": URL + name}}


def stack_groups(installation) -> list[str]:
    return [group["logGroupName"] for group in installation.client("logs").describe_log_groups()["logGroups"]]


@pytest.mark.parametrize("kind", ["CREATE", "UPDATE"])
def test_an_imported_resource_stays_when_the_operation_fails(installation, cfn, kind):
    existing_group(installation)
    if kind == "UPDATE":
        create(installation, cfn, body=body(X=PARAMETER))
    failing = {**FAILING, "DependsOn": "Logs"}
    deploy_importing(installation, cfn, body(X=PARAMETER, Logs=LEFT, Fails=failing), kind)
    cfn.execute_change_set(StackName=NAME, ChangeSetName="existing")
    finish(installation)
    assert stack(cfn)["StackStatus"] == ("ROLLBACK_COMPLETE" if kind == "CREATE" else "UPDATE_ROLLBACK_COMPLETE")
    assert ("Logs", "DELETE_SKIPPED") in events(cfn)
    assert stack_groups(installation) == [GROUP]


def test_a_resource_that_a_nested_update_has_imported_stays_when_the_root_fails(installation, cfn):
    existing_group(installation)
    installation.objects.objects["/templates/inner"] = body(X=PARAMETER).encode()
    create(installation, cfn, body=body(Inner=nested_stack("inner")))
    installation.objects.objects["/templates/inner"] = body(X=PARAMETER, Logs=LEFT).encode()
    failing = {**FAILING, "DependsOn": "Inner"}
    deploy_importing(installation, cfn, body(Inner=nested_stack("inner"), Fails=failing), "UPDATE")
    cfn.execute_change_set(StackName=NAME, ChangeSetName="existing")
    finish(installation)
    assert {each.status for each in installation.store.world.stacks} == {"UPDATE_ROLLBACK_COMPLETE"}
    assert {len(each.importing) for each in installation.store.world.stacks} == {0}
    assert stack_groups(installation) == [GROUP]


def test_an_imported_resource_stays_when_a_later_update_goes_back_past_the_import(installation, cfn):
    existing_group(installation)
    create(installation, cfn, body=body(X=PARAMETER))
    failing = {**FAILING, "DependsOn": "Logs"}
    deploy_importing(installation, cfn, body(X=PARAMETER, Logs=LEFT, Fails=failing), "UPDATE")
    cfn.execute_change_set(StackName=NAME, ChangeSetName="existing", DisableRollback=True)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_FAILED"
    cfn.update_stack(StackName=NAME, TemplateBody=body(X=PARAMETER, Logs=LEFT, Other=failing))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack_groups(installation) == [GROUP]


def test_a_resource_that_no_policy_keeps_fails_the_change_set(installation, cfn):
    existing_group(installation)
    change_set = deploy_importing(installation, cfn, body(Logs={**LOGS, "DeletionPolicy": "Delete"}))
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert change_set["StatusReason"] == (
        "CloudFormation is attempting to import some resources because they already exist in your account. The "
        "resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template "
        f"for successful import. The affected resources are Logs ({{LogGroupName={GROUP}}})"
    )


def test_a_name_that_a_function_makes_or_that_a_stack_has_is_not_imported(installation, cfn):
    existing_group(installation)
    dynamic = {**LOGS, "Properties": {"LogGroupName": {"Fn::Sub": GROUP}}}
    create(installation, cfn, "owner", body(Owned=PARAMETER))
    change_set = deploy_importing(installation, cfn, body(Logs=dynamic, X={**PARAMETER, "DeletionPolicy": "Retain"}))
    actions = [change["ResourceChange"]["Action"] for change in change_set["Changes"]]
    assert (change_set["Status"], actions) == ("CREATE_COMPLETE", ["Add", "Add"])


def test_resources_of_nested_stacks_are_imported_from_the_root(installation, cfn):
    existing_group(installation)
    installation.objects.objects["/templates/inner"] = body(Logs=LOGS).encode()
    inner = nested_stack("inner")
    cfn.create_change_set(
        StackName=NAME,
        ChangeSetName="tree",
        ChangeSetType="CREATE",
        TemplateBody=body(Inner=inner),
        IncludeNestedStacks=True,
        ImportExistingResources=True,
    )
    change_sets = installation.store.world.change_sets
    assert {each.status for each in change_sets} == {"CREATE_IN_PROGRESS"}
    run_until(installation, lambda: all(each.status == "CREATE_COMPLETE" for each in change_sets))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="tree")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"
    statuses = [event.status for event in installation.store.world.stack_events if event.logical_id == "Logs"]
    assert "IMPORT_COMPLETE" in statuses


def put_nested(installation, **templates: dict[str, Any]) -> str:
    """The template of a stack with a nested stack for each of these."""
    objects = {f"/templates/{name}": body(**resources).encode() for name, resources in templates.items()}
    installation.objects.objects |= objects
    return body(**{name: nested_stack(name) for name in templates})


@pytest.mark.parametrize("names", [("One", "Two"), ("One",)])
def test_a_resource_that_a_tree_would_import_twice_fails_it(installation, cfn, names):
    existing_group(installation)
    logs = {f"Logs{number}": LOGS for number in range(1 if len(names) > 1 else 2)}
    change_set = deploy_importing(installation, cfn, put_nested(installation, **dict.fromkeys(names, logs)))
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    reasons = [each.status_reason or "" for each in installation.store.world.change_sets]
    assert any(f"{GROUP} would be imported as Logs" in reason for reason in reasons)


def test_a_nested_change_set_imports_nothing_that_a_stack_has_by_the_execution(installation, cfn):
    existing_group(installation)
    change_set = deploy_importing(installation, cfn, put_nested(installation, Inner={"Logs": LOGS}))
    assert change_set["Status"] == "CREATE_COMPLETE"
    cfn.create_change_set(
        StackName="other",
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        TemplateBody=body(Logs=LOGS),
        ResourcesToImport=[TO_IMPORT],
    )
    cfn.execute_change_set(StackName="other", ChangeSetName="import")
    finish(installation)
    code, message = refusal(cfn.execute_change_set, StackName=NAME, ChangeSetName="existing")
    assert (code, f"{GROUP} already exists in stack" in message) == ("ValidationError", True)


def test_a_list_that_imports_one_resource_twice_is_refused(installation, cfn):
    existing_group(installation)
    listed = [{**TO_IMPORT, "LogicalResourceId": name} for name in ("A", "B")]
    _, message = refusal(import_by, cfn=cfn, template=body(A=LOGS, B=LOGS), ResourcesToImport=listed)
    assert message == "Every resource to import must have unique ResourceIdentifier"


def test_a_tree_that_has_lost_a_change_set_while_it_looked_for_resources_fails(installation, cfn):
    existing_group(installation)
    template = put_nested(installation, One={"Logs": LOGS}, Two={"X": PARAMETER})
    names = {"StackName": NAME, "ChangeSetName": "existing"}
    members = {"IncludeNestedStacks": True, "ImportExistingResources": True}
    cfn.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=template, **members)
    store = installation.store
    lost = next(each for each in store.world.change_sets if each.candidates)
    store.apply([Delete(ChangeSet, lost.key)])
    run_until(installation, lambda: all(each.status == "FAILED" for each in store.world.change_sets))
    assert len(store.world.change_sets) == 2
    assert "have changed" in cfn.describe_change_set(**names)["StatusReason"]
