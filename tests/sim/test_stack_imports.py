"""Imports into stacks when the control plane dies, or a call fails."""

from __future__ import annotations

import json

import pytest

from moyai.domain.cloudformation.stack import StackStatus
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.testing.world import SCOPE
from tests.sim.stack_machine import NAME, Machine

GROUPS = ("/shop/a", "/shop/b")
TAGS = [{"Key": "team", "Value": "shop"}]


def body(*groups: str) -> str:
    kept = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"}
    imported = {f"Logs{n}": {**kept, "Properties": {"LogGroupName": name}} for n, name in enumerate(groups)}
    return json.dumps({"Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}, **imported}})


async def importing_machine() -> Machine:
    """A machine whose stack has begun to import two log groups."""
    machine = Machine()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=body(), Tags=TAGS)
    await machine.finish()
    for name in GROUPS:
        await machine.call(SCOPE, Call("logs", "CreateLogGroup", {"logGroupName": name}))
    listed = [
        {
            "ResourceType": "AWS::Logs::LogGroup",
            "LogicalResourceId": f"Logs{number}",
            "ResourceIdentifier": {"LogGroupName": name},
        }
        for number, name in enumerate(GROUPS)
    ]
    names = {"StackName": NAME, "ChangeSetName": "import"}
    await machine.ask(
        "CreateChangeSet", **names, ChangeSetType="IMPORT", ResourcesToImport=listed, TemplateBody=body(*GROUPS)
    )
    await machine.ask("ExecuteChangeSet", **names)
    machine.calls = 0
    return machine


@pytest.mark.parametrize("cut_at", [1, 2])
async def test_an_import_goes_on_after_the_control_plane_was_killed(cut_at):
    machine = await importing_machine()
    machine.cut_at = cut_at
    assert await machine.finish() is StackStatus.IMPORT_COMPLETE
    assert machine.stack.importing == {}
    assert [group.tags["team"] for group in machine.world.log_groups] == ["shop", "shop"]


@pytest.mark.parametrize("fails_at", [1, 2])
async def test_an_import_that_fails_lets_go_of_all_that_it_has_brought(fails_at):
    machine = await importing_machine()

    def fail(call: int) -> None:
        if call == fails_at:
            raise AwsCallFailed("Logs", "ServiceUnavailable", "no", 503)

    machine.before = fail
    assert await machine.finish() is StackStatus.IMPORT_ROLLBACK_COMPLETE
    assert [resource.logical_id for resource in machine.world.stack_resources] == ["Cluster"]
    assert [group.name for group in machine.world.log_groups] == list(GROUPS)
    assert json.loads(machine.body) == json.loads(body())
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body(), Tags=[])
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
