"""Creations of stacks' resources: what an interruption may take for their own, and what can't be recorded."""

from __future__ import annotations

import asyncio
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
from tests.sim.stack_machine import NAME, Machine, template

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


class CountingMachine(Machine):
    """A machine that counts the calls that are under way at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.most = 0

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        try:
            return await super().call(scope, call)
        finally:
            self.under_way -= 1


async def test_readings_of_stacks_take_the_slots_of_their_operations(monkeypatch):
    monkeypatch.setattr("moyai.reconcile.stacks.CALLS", 1)
    machine = CountingMachine()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template())
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    machine.most = 0
    stacks = [stack.arn for stack in machine.world.stacks]
    for stack in stacks:
        await machine.ask("DetectStackDrift", StackName=stack)
    async with machine.loop():
        await machine.installation.clock.until(
            lambda: all(each.drifted is not None for each in machine.world.drift_detections)
        )
    assert (len(stacks), machine.most) == (2, 1)
