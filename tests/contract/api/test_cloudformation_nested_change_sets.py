"""The change sets of nested stacks, from the preview of a whole tree to its execution or deletion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.domain.cloudformation.stack import StackTemplate
from moyai.domain.world import Delete
from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, finish, stack
from tests.contract.api.test_cloudformation_types import body, of

URL = "https://s3.us-east-1.amazonaws.com/templates/"
LOGS = of("Logs::LogGroup", RetentionInDays={"Ref": "Days"})
LEAF = json.dumps(
    {
        "Parameters": {
            "Days": {"Type": "Number", "AllowedValues": [7, 14]},
            "Owner": {"Type": "String", "AllowedPattern": "[a-z/A-Z0-9-]+", "Default": "nobody"},
        },
        "Resources": {"Logs": LOGS, "Name": of("SSM::Parameter", Type="String", Value={"Ref": "Owner"})},
        "Outputs": {"Logs": {"Value": {"Ref": "Logs"}}},
    }
)
MIDDLE = json.dumps(
    {
        "Parameters": {"Days": {"Type": "Number"}},
        "Resources": {
            "Owner": of("Logs::LogGroup"),
            "Leaf": of(
                "CloudFormation::Stack",
                TemplateURL=URL + "leaf",
                Parameters={"Days": {"Ref": "Days"}, "Owner": {"Ref": "Owner"}},
            ),
        },
        "Outputs": {"Logs": {"Value": {"Fn::GetAtt": ["Leaf", "Outputs.Logs"]}}},
    }
)


def leaf_with(resources: dict[str, Any]) -> str:
    return json.dumps({**json.loads(LEAF), "Resources": resources, "Outputs": {}})


def nested_stack(**parameters: Any) -> dict[str, Any]:
    return of("CloudFormation::Stack", TemplateURL=URL + "middle", Parameters=parameters)


def root(days: int = 7) -> str:
    copy = of("SSM::Parameter", Type="String", Value={"Fn::GetAtt": ["Middle", "Outputs.Logs"]})
    return body(Middle=nested_stack(Days=days), Copy=copy)


@pytest.fixture
def cfn(installation):
    installation.objects.objects |= {"/templates/leaf": LEAF.encode(), "/templates/middle": MIDDLE.encode()}
    return installation.client("cloudformation")


def propose(cfn, template: str, name: str = "first", kind: str = "CREATE", **members: Any) -> Any:
    """The description of a new change set of the whole tree."""
    names = {"StackName": NAME, "ChangeSetName": name}
    cfn.create_change_set(**names, ChangeSetType=kind, TemplateBody=template, IncludeNestedStacks=True, **members)
    return cfn.describe_change_set(**names)


def of_nested(cfn, change_set: Any, logical_id: str) -> Any:
    """The description of the change set of a nested stack."""
    [change] = [
        change["ResourceChange"]
        for change in change_set["Changes"]
        if change["ResourceChange"]["LogicalResourceId"] == logical_id
    ]
    return cfn.describe_change_set(ChangeSetName=change["ChangeSetId"])


def actions(change_set: Any) -> list[tuple[str, str]]:
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    return [(change["LogicalResourceId"], change["Action"]) for change in changes]


def create_tree(installation, cfn) -> None:
    propose(cfn, root())
    cfn.execute_change_set(StackName=NAME, ChangeSetName="first")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"


def test_a_change_set_of_a_new_stack_has_those_of_its_nested_stacks(cfn):
    first = propose(cfn, root())
    assert (first["Status"], first["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert first["IncludeNestedStacks"] is True
    assert "ParentChangeSetId" not in first
    assert "RootChangeSetId" not in first
    middle = of_nested(cfn, first, "Middle")
    leaf = of_nested(cfn, middle, "Leaf")
    assert (middle["ParentChangeSetId"], middle["RootChangeSetId"]) == (first["ChangeSetId"], first["ChangeSetId"])
    assert (leaf["ParentChangeSetId"], leaf["RootChangeSetId"]) == (middle["ChangeSetId"], first["ChangeSetId"])
    assert middle["ChangeSetName"].startswith("first-Middle-")
    assert middle["StackName"].startswith("shop-Middle-")
    assert actions(leaf) == [("Logs", "Add"), ("Name", "Add")]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in leaf["Parameters"]}
    assert parameters == {"Days": "7", "Owner": "{{IntrinsicFunction://Ref}}"}
    described = stack(cfn, leaf["StackId"])
    assert (described["StackStatus"], described["RootId"]) == ("REVIEW_IN_PROGRESS", first["StackId"])
    assert described["ParentId"] == middle["StackId"]


def test_executing_the_root_executes_what_was_reviewed(installation, cfn):
    first = propose(cfn, root())
    middle = of_nested(cfn, first, "Middle")
    leaf = of_nested(cfn, middle, "Leaf")
    for operation in (cfn.execute_change_set, cfn.delete_change_set):
        code, message = refusal(operation, ChangeSetName=leaf["ChangeSetId"])
        assert code == "InvalidChangeSetStatus"
        assert "with its root change set" in message
    installation.objects.objects["/templates/leaf"] = body(Other=of("Logs::LogGroup")).encode()
    cfn.execute_change_set(ChangeSetName=first["ChangeSetId"])
    finish(installation)
    assert [stack(cfn, each["StackId"])["StackStatus"] for each in (first, middle, leaf)] == ["CREATE_COMPLETE"] * 3
    resources = cfn.describe_stack_resources(StackName=leaf["StackId"])["StackResources"]
    assert [each["LogicalResourceId"] for each in resources] == ["Logs", "Name"]
    after = cfn.describe_change_set(ChangeSetName=leaf["ChangeSetId"])
    assert after["ExecutionStatus"] == "EXECUTE_COMPLETE"
    assert "IntrinsicFunction" not in str(after["Parameters"])
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert not [each for each in installation.store.world.stacks if each.exists]


def test_only_nested_stacks_that_change_have_change_sets(installation, cfn):
    create_tree(installation, cfn)
    same = propose(cfn, root(), "same", "UPDATE")
    assert (same["Status"], same["Changes"]) == ("FAILED", [])
    assert "didn't contain changes" in same["StatusReason"]
    installation.objects.objects["/templates/leaf"] = LEAF.replace('"nobody"', '"somebody"').encode()
    second = propose(cfn, root(14), "second", "UPDATE")
    assert actions(second) == [("Copy", "Modify"), ("Middle", "Modify")]
    leaf = of_nested(cfn, of_nested(cfn, second, "Middle"), "Leaf")
    [change] = leaf["Changes"]
    [detail] = change["ResourceChange"]["Details"]
    assert change["ResourceChange"]["LogicalResourceId"] == "Logs"
    assert (detail["Target"]["Name"], detail["Evaluation"], detail["ChangeSource"]) == (
        "RetentionInDays",
        "Static",
        "DirectModification",
    )
    cfn.execute_change_set(StackName=NAME, ChangeSetName="second")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    groups = installation.client("logs").describe_log_groups()["logGroups"]
    assert 14 in [group.get("retentionInDays") for group in groups]


def test_deleting_the_root_deletes_the_tree_and_what_it_has_put_in_review(installation, cfn):
    first = propose(cfn, root())
    propose(cfn, root(), "second")
    world = installation.store.world
    assert (len(world.stacks), len(world.change_sets)) == (5, 6)
    cfn.delete_change_set(ChangeSetName=first["ChangeSetId"])
    assert (len(world.stacks), len(world.change_sets), len(world.stack_templates)) == (3, 3, 3)
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert [each.name for each in world.stacks] == [NAME]
    assert len(world.change_sets) == 0


@pytest.mark.parametrize(
    ("leaf", "reason"),
    [
        (None, "S3 error: The specified key does not exist."),
        (leaf_with({}), "At least one Resources member must be defined."),
        (
            json.dumps({**json.loads(LEAF), "Resources": {"A": of("No::Such")}, "Outputs": {}}),
            "Unrecognized resource types: [AWS::No::Such]",
        ),
        (MIDDLE, "A template can't nest itself"),
    ],
)
def test_a_nested_template_that_is_not_valid_fails_the_tree(installation, cfn, leaf, reason):
    if leaf is None:
        del installation.objects.objects["/templates/leaf"]
    else:
        installation.objects.objects["/templates/leaf"] = leaf.encode()
    first = propose(cfn, root())
    middle = of_nested(cfn, first, "Middle")
    failing = of_nested(cfn, middle, "Leaf")
    for change_set, inner in ((first, middle), (middle, failing)):
        assert change_set["Status"] == "FAILED"
        expected = f"Nested change set {inner['ChangeSetId']} was not successfully created: Currently in FAILED."
        assert change_set["StatusReason"] == expected
    assert reason in failing["StatusReason"]
    with pytest.raises(ClientError, match="cannot be executed"):
        cfn.execute_change_set(ChangeSetName=first["ChangeSetId"])


def test_a_stack_that_fails_before_its_nested_stacks_leaves_none_in_review(installation, cfn):
    failing = of("Logs::LogStream", LogGroupName="absent")
    propose(cfn, body(Fails=failing, Middle={**nested_stack(Days=7), "DependsOn": "Fails"}))
    cfn.execute_change_set(StackName=NAME, ChangeSetName="first")
    finish(installation)
    assert [(each.name, each.status) for each in installation.store.world.stacks] == [(NAME, "ROLLBACK_COMPLETE")]


def test_a_failed_update_of_a_tree_goes_back(installation, cfn):
    create_tree(installation, cfn)
    failing = {**of("Logs::LogStream", LogGroupName="absent"), "DependsOn": "Middle"}
    propose(cfn, body(**json.loads(root(14))["Resources"], Fails=failing), "second", "UPDATE")
    cfn.execute_change_set(StackName=NAME, ChangeSetName="second")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    groups = installation.client("logs").describe_log_groups()["logGroups"]
    assert 14 not in [group.get("retentionInDays") for group in groups]


def test_the_templates_of_one_tree_are_bounded(installation, cfn):
    leaf = body(A=of("Logs::LogGroup")).encode()
    installation.objects.objects |= {f"/templates/{number}": leaf for number in range(201)}
    many = {f"N{n}": of("CloudFormation::Stack", TemplateURL=f"{URL}{n}") for n in range(201)}
    code, message = refusal(
        cfn.create_change_set,
        StackName=NAME,
        ChangeSetName="many",
        ChangeSetType="CREATE",
        TemplateBody=body(**many),
        IncludeNestedStacks=True,
    )
    assert (code, "at most 200 templates" in message) == ("ValidationError", True)


def test_the_nested_stacks_of_one_tree_are_bounded_though_they_share_a_template(installation, cfn):
    wide = {f"N{n}": of("CloudFormation::Stack", TemplateURL=URL + "narrow") for n in range(15)}
    installation.objects.objects |= {
        "/templates/narrow": body(A=of("Logs::LogGroup")).encode(),
        "/templates/wide": body(**wide).encode(),
    }
    template = body(**{f"W{n}": of("CloudFormation::Stack", TemplateURL=URL + "wide") for n in range(15)})
    code, message = refusal(propose, cfn=cfn, template=template)
    assert (code, message) == ("LimitExceededException", "One change set concerns at most 200 nested stacks.")
    assert not installation.store.world.stacks


def test_the_new_nested_stacks_of_a_tree_count_before_they_are_recorded(installation, cfn, monkeypatch):
    monkeypatch.setattr("moyai.api.cloudformation.beginning.MAX_STACKS", 2)
    code, message = refusal(propose, cfn=cfn, template=root())
    assert (code, message) == ("LimitExceededException", "Limit for stack has been exceeded: 2")


def test_a_change_set_is_not_deleted_while_it_is_executed(installation, cfn):
    first = propose(cfn, root())
    cfn.execute_change_set(StackName=NAME, ChangeSetName="first")
    code, message = refusal(cfn.delete_change_set, ChangeSetName=first["ChangeSetId"])
    assert (code, "while its stack is in CREATE_IN_PROGRESS" in message) == ("InvalidChangeSetStatus", True)
    finish(installation)
    cfn.delete_change_set(ChangeSetName=first["ChangeSetId"])
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "tags",
    [
        {"Fn::Split": [",", {"Ref": "Group"}]},
        [{"Fn::Select": [0, [{"Ref": "Group"}]]}],
        [{"Key": "team"}],
        [{"Key": {"Ref": "Group"}, "Value": {"Ref": "Group"}}],
    ],
)
def test_tags_of_nested_stacks_have_all_forms_that_templates_allow(cfn, tags):
    nested = {**nested_stack(Days=7)}
    nested["Properties"] = {**nested["Properties"], "Tags": tags}
    first = propose(cfn, body(Group=of("Logs::LogGroup"), Middle=nested))
    assert (first["Status"], first.get("StatusReason")) == ("CREATE_COMPLETE", None)
    assert of_nested(cfn, first, "Middle")["Tags"]


def test_a_nested_stack_in_which_nothing_was_to_change_stays_as_it_was_reviewed(installation, cfn):
    create_tree(installation, cfn)
    resources = json.loads(root())["Resources"]
    resources["Copy"]["Properties"]["Description"] = "another"
    second = propose(cfn, body(**resources), "second", "UPDATE")
    assert actions(second) == [("Copy", "Modify")]
    leaf = json.loads(LEAF)
    leaf["Resources"]["More"] = of("Logs::LogGroup")
    installation.objects.objects["/templates/leaf"] = json.dumps(leaf).encode()
    before = installation.client("logs").describe_log_groups()["logGroups"]
    cfn.execute_change_set(StackName=NAME, ChangeSetName="second")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"
    assert installation.client("logs").describe_log_groups()["logGroups"] == before


def test_a_change_set_is_obsolete_when_a_nested_stack_was_updated_directly(installation, cfn):
    create_tree(installation, cfn)
    second = propose(cfn, root(14), "second", "UPDATE")
    leaf = of_nested(cfn, of_nested(cfn, second, "Middle"), "Leaf")
    parameters = [{"ParameterKey": "Days", "ParameterValue": "14"}]
    cfn.update_stack(StackName=leaf["StackId"], TemplateBody=LEAF, Parameters=parameters)
    finish(installation)
    described = cfn.describe_change_set(ChangeSetName=second["ChangeSetId"])
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "OBSOLETE")
    code, message = refusal(cfn.execute_change_set, ChangeSetName=second["ChangeSetId"])
    assert (code, "[OBSOLETE]" in message) == ("InvalidChangeSetStatus", True)


def test_a_reviewed_template_that_is_gone_is_not_replaced_by_another(installation, cfn):
    first = propose(cfn, root())
    middle = of_nested(cfn, first, "Middle")
    cfn.execute_change_set(StackName=NAME, ChangeSetName="first")
    world = installation.store.world
    installation.store.apply([Delete(StackTemplate, world.change_sets[middle["ChangeSetId"]].target)])
    finish(installation)
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("is gone" in (event.reason or "") for event in world.stack_events)


def test_an_unchanged_nested_stack_in_update_failed_goes_on_with_the_template_that_it_has(installation, cfn):
    create_tree(installation, cfn)
    leaf = json.loads(LEAF)
    leaf["Resources"]["Fails"] = {**of("Logs::LogStream", LogGroupName="later"), "DependsOn": "Logs"}
    installation.objects.objects["/templates/leaf"] = json.dumps(leaf).encode()
    cfn.update_stack(StackName=NAME, TemplateBody=root(14), DisableRollback=True)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_FAILED"
    again = propose(cfn, root(14), "again", "UPDATE", OnStackFailure="DO_NOTHING")
    assert (again["Status"], again.get("StatusReason")) == ("CREATE_COMPLETE", None)
    installation.client("logs").create_log_group(logGroupName="later")
    installation.objects.objects.clear()
    cfn.execute_change_set(StackName=NAME, ChangeSetName="again")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_COMPLETE"


def test_executing_a_tree_reads_no_template_again(installation, cfn):
    propose(cfn, root())
    installation.objects.objects.clear()
    cfn.execute_change_set(StackName=NAME, ChangeSetName="first")
    finish(installation)
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("value", [[{"Ref": "Group"}], ["a", "b"], {"a": "b"}])
def test_a_parameter_of_a_nested_stack_is_no_list_and_no_object(installation, cfn, value):
    nested = nested_stack(Days=value)
    first = propose(cfn, body(Group=of("Logs::LogGroup"), Middle=nested))
    reason = "Value of property Parameters must be an object with String (or simple type) properties"
    assert of_nested(cfn, first, "Middle")["StatusReason"] == reason
    cfn.create_stack(StackName="other", TemplateBody=body(Group=of("Logs::LogGroup"), Middle=nested))
    finish(installation)
    events = cfn.describe_stack_events(StackName="other")["StackEvents"]
    assert any(event.get("ResourceStatusReason") == reason for event in events)
