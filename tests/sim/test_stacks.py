"""Stacks when the control plane dies at any call, or any call fails.

Whatever happens, a stack ends in a state that AWS knows, its resources are those that exist, and nothing else is left.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from moyai.api.cloudformation.beginning import MAX_DEPTH
from moyai.domain.cloudformation.stack import StackStatus
from moyai.domain.world import Put
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.testing.world import SCOPE
from tests.sim.stack_machine import CHANGED, FILES, NAME, Machine, template


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def create_stack(machine: Machine, body: str = "") -> Machine:
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=body or template())
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    machine.check()
    return machine


async def count_calls(operation: Callable[[Machine], Any], *, first: bool) -> int:
    """How many calls an operation makes."""
    machine = Machine()
    if not first:
        await create_stack(machine)
        machine.calls = 0
    await operation(machine)
    await machine.finish()
    return machine.calls


async def create(machine: Machine) -> None:
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template())


async def update(machine: Machine) -> None:
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=CHANGED)


async def delete(machine: Machine) -> None:
    await machine.ask("DeleteStack", StackName=NAME)


OPERATIONS = [
    (create, True, StackStatus.CREATE_COMPLETE, StackStatus.ROLLBACK_COMPLETE),
    (update, False, StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE),
    (delete, False, StackStatus.DELETE_COMPLETE, StackStatus.DELETE_FAILED),
]


@pytest.mark.parametrize(("operation", "first", "done", "failed"), OPERATIONS)
async def test_a_control_plane_killed_after_any_call_goes_on(operation, first, done, failed):
    total = await count_calls(operation, first=first)
    assert total > 5
    for number in range(1, total + 1):
        machine = Machine()
        if not first:
            await create_stack(machine)
            machine.calls = 0
        machine.cut_at = number
        await operation(machine)
        assert await machine.finish() is done, (number, machine.failures())
        machine.check()


@pytest.mark.parametrize(("operation", "first", "done", "failed"), OPERATIONS)
async def test_a_call_that_fails_leaves_what_was_before(operation, first, done, failed):
    total = await count_calls(operation, first=first)
    for number in range(1, total + 1):
        machine = Machine()
        before = {}
        if not first:
            await create_stack(machine)
            before = machine.descriptions()
            machine.calls = 0

        def fail(call: int, number: int = number) -> None:
            if call == number:
                raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)

        machine.before = fail
        await operation(machine)
        status = await machine.finish()
        machine.check()
        if operation is update:
            # a failure while the update cleans up no longer concerns it
            assert status in {failed, done}
            assert (machine.descriptions() == before) is (status is failed)
        elif operation is create:
            assert status is failed
            assert machine.descriptions() == {}
        else:
            assert status is failed
            if number % 2:
                await delete(machine)
            else:
                await machine.ask("DeleteStack", StackName=NAME, DeletionMode="FORCE_DELETE_STACK")
            assert await machine.finish() is done
            machine.check()


def random_template(chance: random.Random) -> str:
    """A template with some of the resources, with some of their properties changed."""
    changes: dict[str, Any] = {
        "Vpc": chance.choice(({}, {"EnableDnsHostnames": False})),
        "Group": chance.choice(({}, {"GroupDescription": "other callers"}, {"SecurityGroupIngress": []})),
        "Namespace": {"Name": f"shop{chance.randrange(4)}.local"},
        "Logs": {"RetentionInDays": chance.choice((1, 7, 14))},
        "Name": {"Value": chance.choice(("a", {"Ref": "Logs"}, {"Ref": "Cluster"}))},
    }
    nested = chance.random() < 0.8
    if nested:
        cluster = chance.choice(("a", "b", {"Ref": "Cluster"}))
        changes["Nested"] = {"Parameters": {"Days": chance.choice((1, 7)), "Cluster": cluster}}
    for logical_id in ("Name", "Subnet", "Attachment", "Group"):
        if chance.random() < 0.3:
            changes[logical_id] = None
    return template(nested=nested, **changes)


@pytest.mark.parametrize("seed", range(8))
async def test_any_updates_with_any_failures_leave_one_of_the_two_templates(machine, seed):
    chance = random.Random(seed)  # noqa: S311 (repeatable is the point)
    await create_stack(machine, random_template(chance))
    for _ in range(6):
        body, before = random_template(chance), machine.descriptions()
        machine.calls, fails_at = 0, chance.randrange(1, 20)
        machine.cut_at = chance.randrange(1, 12) if chance.random() < 0.3 else None

        def fail(call: int, fails_at: int = fails_at) -> None:
            if call == fails_at:
                raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)

        machine.before = fail
        if json.loads(body) == json.loads(machine.body):
            continue
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body)
        status = await machine.finish()
        if status is StackStatus.UPDATE_ROLLBACK_FAILED:
            await machine.ask("ContinueUpdateRollback", StackName=NAME)
            status = await machine.finish()
        assert status in {StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE}, machine.failures()
        machine.check()
        if status is StackStatus.UPDATE_ROLLBACK_COMPLETE:
            assert machine.descriptions() == before
        else:
            resources = json.loads(body)["Resources"].keys()
            assert machine.descriptions().keys() == resources | ({"InnerLogs"} if "Nested" in resources else set())
    machine.before = lambda _: None
    left = [event for event in machine.world.stack_events if event.status == "DELETE_FAILED"]
    await delete(machine)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE or left
    machine.check()


SERVICE: dict[str, Any] = {
    "Task": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [{"Name": "web", "Image": "web", "Memory": 64}]},
    },
    "Service": {
        "Type": "AWS::ECS::Service",
        "Properties": {"Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}, "DesiredCount": 1},
    },
}
"""A service that never becomes stable: nothing here runs tasks."""


def with_service(**properties: Any) -> str:
    document = json.loads(template())
    resources = {name: dict(resource) for name, resource in SERVICE.items()}
    resources["Service"]["Properties"] = {**resources["Service"]["Properties"], **properties}
    return json.dumps({**document, "Resources": {**document["Resources"], **resources}})


def waits(machine: Machine) -> Callable[[], bool]:
    return lambda: any(
        resource.logical_id == "Service" and resource.physical and resource.status.in_progress
        for resource in machine.world.stack_resources
    )


def services(machine: Machine) -> list[str]:
    return [service.name for service in machine.world.services if service.status != "INACTIVE"]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_resource_that_waits_is_given_up_with_its_stack(machine, is_first):
    if is_first:
        await machine.ask("CreateStack", StackName=NAME, TemplateBody=with_service())
    else:
        await create_stack(machine)
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=with_service())
    async with machine.loop():
        await machine.installation.clock.until(waits(machine))
        assert len(services(machine)) == 1
        if is_first:
            await machine.ask("DeleteStack", StackName=NAME)
        else:
            with pytest.raises(AwsCallFailed, match="can not be deleted"):
                await machine.ask("DeleteStack", StackName=NAME)
            await machine.ask("CancelUpdateStack", StackName=NAME)
        deleted = [r for r in machine.world.services if r.status == "DRAINING"]
        assert deleted == []
        await machine.installation.clock.until(
            lambda: not machine.stack.status.in_progress or any(s.status == "DRAINING" for s in machine.world.services)
        )
        assert [service.status for service in machine.world.services] == ["DRAINING"]
    assert machine.stack.status in {
        StackStatus.DELETE_IN_PROGRESS,
        StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
    }


async def test_a_stack_whose_import_has_vanished_is_still_deleted(machine):
    await create_stack(machine)
    document = json.loads(template())
    document["Outputs"]["Vpc"]["Export"] = {"Name": "vpc"}
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=json.dumps(document))
    await machine.finish()
    importing = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "vpc"}}}
    await machine.ask("CreateStack", StackName="other", TemplateBody=json.dumps({"Resources": {"A": importing}}))
    async with machine.loop():
        stacks = machine.world.stacks
        await machine.installation.clock.until(lambda: not any(stack.status.in_progress for stack in stacks))
        exporter = next(stack for stack in stacks if stack.name == NAME)
        machine.installation.store.apply([Put(replace(exporter, outputs={}))])
        await machine.ask("DeleteStack", StackName="other")
        await machine.installation.clock.until(lambda: not any(stack.status.in_progress for stack in stacks))
    assert [stack.status for stack in stacks if stack.name == "other"] == [StackStatus.DELETE_COMPLETE]


def nested_stack(machine: Machine) -> Any:
    return next(stack for stack in machine.world.stacks if stack.parent is not None)


async def test_a_nested_stack_is_a_stack_with_a_parent(machine):
    await create_stack(machine)
    nested = nested_stack(machine)
    [described] = (await machine.ask("DescribeStacks", StackName=nested.arn))["Stacks"]
    assert (described["ParentId"], described["RootId"]) == (machine.stack.arn, machine.stack.arn)
    assert described["StackName"].startswith("shop-Nested-")
    assert {tag["Key"] for tag in described["Tags"]} >= {"aws:cloudformation:stack-name"}
    assert [event.status for event in machine.world.stack_events.by("stack", nested.arn)][-1] == "CREATE_COMPLETE"
    with pytest.raises(AwsCallFailed, match="root stack"):
        await machine.ask("UpdateTerminationProtection", StackName=nested.arn, EnableTerminationProtection=True)


async def test_a_nested_stack_follows_its_template_and_keeps_its_resources_until_all_is_done(machine):
    await create_stack(machine)
    nested = nested_stack(machine)
    machine.files["inner"] = machine.files["inner"].replace("/inner/", "/changed/")
    statuses = []

    def look(_call: int) -> None:
        statuses.append((machine.stack.status, machine.world.stacks[nested.arn].status))

    machine.before = look
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template())
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    assert [group.name for group in machine.world.log_groups if "changed" in group.name]
    both = (StackStatus.UPDATE_IN_PROGRESS, StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
    assert both in statuses
    machine.check()
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template())
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE


async def test_resources_of_a_nested_stack_are_skipped_by_a_rollback(machine):
    await create_stack(machine)

    def fail(call: int) -> None:
        nested = nested_stack(machine)
        if (
            "ROLLBACK" in machine.world.stacks[nested.arn].status
            or machine.stack.status == "UPDATE_ROLLBACK_IN_PROGRESS"
        ):
            raise AwsCallFailed("Test", "ServiceUnavailable", f"no {call}", 503)

    machine.before = fail
    body = template(InnerName={"Type": "Wrong"}, Nested={"Parameters": {"Days": 14, "Cluster": {"Ref": "Cluster"}}})
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body)
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_FAILED
    machine.before = lambda _: None
    nested = nested_stack(machine)
    skipped = ["Nested.InnerLogs"] if nested.status is StackStatus.UPDATE_ROLLBACK_FAILED else ["Nested"]
    await machine.ask("ContinueUpdateRollback", StackName=NAME, ResourcesToSkip=skipped)
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_COMPLETE
    machine.check()


@pytest.mark.parametrize(("parts", "count"), [(1, 1), (2, 2), (MAX_DEPTH + 2, MAX_DEPTH + 1)])
async def test_a_template_that_nests_itself_or_too_many_ends(machine, parts, count):
    nested = {"Type": "AWS::CloudFormation::Stack"}
    for part in range(parts):
        url = f"{FILES}{(part + 1) % parts}"
        resource = {**nested, "Properties": {"TemplateURL": url}}
        machine.files[str(part)] = json.dumps({"Description": str(part), "Resources": {"Nested": resource}})
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=machine.files["0"])
    assert await machine.finish() is StackStatus.ROLLBACK_COMPLETE
    assert len(machine.world.stacks) == count
    if count <= MAX_DEPTH:
        assert "has the same template" in str(machine.failures())
    assert {stack.status for stack in machine.world.stacks} <= {"DELETE_COMPLETE", "ROLLBACK_COMPLETE"}


async def test_drift_shows_changes_by_hand(machine):
    await create_stack(machine)
    names = {"StackName": NAME, "LogicalResourceId": "Logs"}
    [group] = [each.name for each in machine.world.log_groups if "shop-Logs" in each.name]
    async with machine.loop():
        drift = (await machine.ask("DetectStackResourceDrift", **names))["StackResourceDrift"]
        assert drift["StackResourceDriftStatus"] == "IN_SYNC"
        await machine.call(SCOPE, Call("logs", "PutRetentionPolicy", {"logGroupName": group, "retentionInDays": 14}))
        drift = (await machine.ask("DetectStackResourceDrift", **names))["StackResourceDrift"]
        assert drift["PropertyDifferences"] == [
            {
                "PropertyPath": "/RetentionInDays",
                "ExpectedValue": "7",
                "ActualValue": "14",
                "DifferenceType": "NOT_EQUAL",
            }
        ]
        await machine.call(SCOPE, Call("logs", "DeleteLogGroup", {"logGroupName": group}))
        identity = (await machine.ask("DetectStackDrift", StackName=NAME))["StackDriftDetectionId"]
        detections = machine.world.drift_detections
        await machine.installation.clock.until(lambda: all(each.drifted is not None for each in detections))
    found = await machine.ask("DescribeStackDriftDetectionStatus", StackDriftDetectionId=identity)
    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    drifts = (await machine.ask("DescribeStackResourceDrifts", StackName=NAME))["StackResourceDrifts"]
    states = {each["LogicalResourceId"]: each["StackResourceDriftStatus"] for each in drifts}
    assert states.pop("Logs") == "DELETED"
    assert set(states.values()) == {"IN_SYNC"}, drifts
    assert {"Vpc", "Subnet", "Cluster", "Group", "Namespace"} <= states.keys()
    described = (await machine.ask("DescribeStacks", StackName=NAME))["Stacks"][0]
    assert described["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    await machine.ask("DeleteStack", StackName=NAME)
    assert len(detections) == 0
    with pytest.raises(AwsCallFailed, match="cannot be performed"):
        await machine.ask("DetectStackDrift", StackName=NAME)


async def test_a_forced_deletion_leaves_what_can_not_be_deleted(machine):
    await create_stack(machine)

    def fail(_call: int) -> None:
        raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)

    machine.before = fail
    force = {"StackName": NAME, "DeletionMode": "FORCE_DELETE_STACK"}
    with pytest.raises(AwsCallFailed, match="only for stacks in DELETE_FAILED"):
        await machine.ask("DeleteStack", **force)
    await delete(machine)
    assert await machine.finish() is StackStatus.DELETE_FAILED
    await machine.ask("DeleteStack", **force)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE
    own = machine.world.stack_resources.by("stack", machine.stack.arn)
    assert {resource.status for resource in own} == {"DELETE_SKIPPED"}


PARAMETER: dict[str, Any] = {
    "Type": "AWS::SSM::Parameter",
    "Properties": {"Type": "String", "Value": "v", "Name": "own"},
}
TAGS = [{"Key": "stage", "Value": "test"}]


def parameter_with(**properties: Any) -> str:
    return json.dumps({"Resources": {"A": {**PARAMETER, "Properties": {**PARAMETER["Properties"], **properties}}}})


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ([{"Key": "a", "Value": "b"}], "Value of property Tags must be an object"),
        ({"a": ["b"]}, "The keys and values in the property Tags must be strings"),
        ({"aws:cloudformation:stack-name": "other"}, "begins with aws:, a reserved prefix"),
    ],
)
async def test_tags_of_another_form_or_reserved_ones_fail_the_update(machine, tags, reason):
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=parameter_with(), Tags=TAGS)
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    body = parameter_with(Tags=tags)
    with pytest.raises(AwsCallFailed, match=reason):
        await machine.ask("CreateChangeSet", StackName=NAME, ChangeSetName="c", TemplateBody=body)
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body)
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_COMPLETE
    assert reason in str(machine.failures())
    await delete(machine)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE


async def test_a_stack_that_can_not_be_planned_fails(machine):
    await create_stack(machine, parameter_with())
    machine.installation.store.apply([Put(replace(machine.stack, policy="no policy"))])
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=parameter_with(Value="w"), DisableRollback=True)
    assert await machine.finish() is StackStatus.UPDATE_FAILED
    assert machine.stack.status_reason == "Internal Failure"


async def test_a_nested_stack_has_the_tags_of_the_stack_but_those_of_cloudformation(machine):
    cluster = {"Type": "AWS::ECS::Cluster"}
    machine.files["inner"] = json.dumps({"Resources": {"C": cluster}})
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": FILES + "inner"}}
    body = json.dumps({"Resources": {"Nested": nested}})
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=body, Tags=TAGS)
    assert await machine.finish() is StackStatus.CREATE_COMPLETE, machine.failures()
    tags = next(cluster.tags for cluster in machine.world.clusters if cluster.name != "default")
    assert tags["stage"] == "test"
    assert tags["aws:cloudformation:logical-id"] == "C"


async def test_a_nested_stack_goes_back_when_its_failed_stack_does(machine):
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": FILES + "inner"}}
    bad = {**PARAMETER, "DependsOn": "Nested", "Properties": {**PARAMETER["Properties"], "Name": "bad", "Type": "No"}}
    machine.files["inner"] = parameter_with()
    await create_stack(machine, json.dumps({"Resources": {"Nested": nested}}))
    before = machine.descriptions()
    for value in ("second", "third"):
        machine.files["inner"] = parameter_with(Value=value)
        body = json.dumps({"Resources": {"Nested": nested, "Bad": bad}})
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body, DisableRollback=True)
        assert await machine.finish() is StackStatus.UPDATE_FAILED
        assert machine.descriptions()["A"]["Value"] == value, machine.failures()
        assert nested_stack(machine).status is StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    await machine.ask("RollbackStack", StackName=NAME)
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_COMPLETE
    assert machine.descriptions() == before
    assert nested_stack(machine).status is StackStatus.UPDATE_ROLLBACK_COMPLETE


async def test_a_detection_that_breaks_ends_as_failed(machine):
    await create_stack(machine, parameter_with())
    [record] = machine.world.stack_resources
    machine.installation.store.apply([Put(replace(record, type="AWS::No::Type"))])
    async with machine.loop():
        identity = (await machine.ask("DetectStackDrift", StackName=NAME))["StackDriftDetectionId"]
        detections = machine.world.drift_detections
        await machine.installation.clock.until(lambda: all(each.drifted is not None for each in detections))
    detection = await machine.ask("DescribeStackDriftDetectionStatus", StackDriftDetectionId=identity)
    assert (detection["DetectionStatus"], detection["DetectionStatusReason"]) == (
        "DETECTION_FAILED",
        "Internal Failure",
    )


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("actual", "status"),
    [
        (quote(json.dumps(POLICY, indent=1)), "IN_SYNC"),
        (json.dumps({**POLICY, "Id": "more"}), "MODIFIED"),
        (json.dumps({**POLICY, "Statement": []}), "MODIFIED"),
    ],
)
async def test_policies_are_compared_as_documents(machine, actual, status):
    await create_stack(machine, parameter_with(Value=json.dumps(POLICY)))
    value = {"Name": "own", "Value": actual, "Overwrite": True, "Type": "String"}
    await machine.call(SCOPE, Call("ssm", "PutParameter", value))
    async with machine.loop():
        names = {"StackName": NAME, "LogicalResourceId": "A"}
        drift = (await machine.ask("DetectStackResourceDrift", **names))["StackResourceDrift"]
    assert drift["StackResourceDriftStatus"] == status
