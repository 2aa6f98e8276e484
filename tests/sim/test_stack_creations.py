"""Creations of stacks' resources: what an interruption may take for their own, and what can't be recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from typing_extensions import override

from moyai.domain.cloudformation.stack import ResourceStatus, StackStatus
from moyai.domain.world import Put
from moyai.kernel.scope import Scope
from moyai.stacks.types.procedure import Call
from tests.sim.stack_machine import NAME, Machine

LOGS = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "orders"}}
TEMPLATE = json.dumps({"Resources": {"Logs": LOGS}})


class Overflowing(Machine):
    """A machine whose log groups have a number that no record can have."""

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        answer = await super().call(scope, call)
        if call.operation != "DescribeLogGroups":
            return answer
        return {"logGroups": [{**group, "retentionInDays": 2**70} for group in answer["logGroups"]]}


async def test_a_resource_that_can_not_be_recorded_fails():
    machine = Overflowing()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=TEMPLATE)
    assert await machine.finish() is StackStatus.ROLLBACK_COMPLETE
    assert ("Logs", "Internal Failure") in machine.failures()
    assert list(machine.world.log_groups) == []


@pytest.mark.parametrize(
    ("sent", "status"), [(True, StackStatus.CREATE_COMPLETE), (False, StackStatus.ROLLBACK_COMPLETE)]
)
async def test_an_interrupted_creation_takes_what_exists_for_its_own_only_if_it_was_sent(sent, status):
    machine = Machine()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=TEMPLATE)
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    [resource] = machine.world.stack_resources
    assert resource.sent
    interrupted = replace(
        resource,
        status=ResourceStatus.CREATE_IN_PROGRESS,
        wanted=resource.physical.properties,
        physical=None,
        creating=True,
        sent=sent,
    )
    stack = replace(machine.stack, status=StackStatus.CREATE_IN_PROGRESS)
    machine.installation.store.apply([Put(stack), Put(interrupted)])
    assert await machine.finish() is status, machine.failures()
    assert [group.name for group in machine.world.log_groups] == ["orders"], "it is left where it is another's"
