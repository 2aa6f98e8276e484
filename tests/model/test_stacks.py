"""Any acyclic template is created, updated to any other and deleted, with a failure or a crash at any call: the stack
is what one of its templates says, and nothing is left of it at the end.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.cloudformation.stack import StackStatus
from moyai.stacks.types.procedure import AwsCallFailed
from tests.sim.stack_machine import NAME, Machine

LETTERS = "ABCDE"


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Up to five parameters of Parameter Store, each of which may need others by value or by order; a new name replaces
    one.
    """
    names = draw(st.permutations(LETTERS))[: draw(st.integers(1, len(LETTERS)))]
    resources: dict[str, Any] = {}
    for place, name in enumerate(names):
        needed = draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        by_value = draw(st.integers(0, len(needed)))
        value = ["v", draw(st.sampled_from("12")), *({"Ref": each} for each in needed[:by_value])]
        properties = {"Type": "String", "Value": {"Fn::Join": ["-", value]}}
        if draw(st.booleans()):
            properties["Name"] = f"/{name}/{draw(st.sampled_from('12'))}"
        resources[name] = {"Type": "AWS::SSM::Parameter", "Properties": properties, "DependsOn": needed[by_value:]}
    return json.dumps({"Resources": resources})


class _Failure:
    """Fails one call, by its number."""

    def __init__(self, machine: Machine, number: int) -> None:
        machine.calls, machine.before, self._number = 0, self, number

    def __call__(self, number: int) -> None:
        if number == self._number:
            raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)


async def live(first: str, second: str, fails_at: int, cut_at: int | None) -> None:
    """The life of a stack whose update fails at a call, and whose control plane dies after one."""
    machine = Machine()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=first)
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    machine.check()
    before = machine.descriptions()
    if json.loads(first) != json.loads(second):
        _Failure(machine, fails_at)
        machine.cut_at = cut_at
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=second)
        status = await machine.finish()
        assert status in {StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE}, machine.failures()
        machine.check()
        if status is StackStatus.UPDATE_ROLLBACK_COMPLETE:
            assert machine.descriptions() == before
        else:
            assert machine.descriptions().keys() == json.loads(second)["Resources"].keys()
    left = {event.physical_id for event in machine.world.stack_events if event.status == "DELETE_FAILED"}
    machine.before = lambda _: None
    await machine.ask("DeleteStack", StackName=NAME)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE
    assert {parameter.name for parameter in machine.world.parameters} <= left


@settings(max_examples=25)
@given(templates(), templates(), st.integers(1, 12), st.none() | st.integers(1, 12))
def test_a_stack_is_what_one_of_its_templates_says(first, second, fails_at, cut_at):
    asyncio.run(live(first, second, fails_at, cut_at))


@settings(max_examples=15)
@given(templates(), st.integers(1, 6))
def test_a_creation_that_fails_leaves_nothing(template, fails_at):
    async def create() -> None:
        machine = Machine()
        _Failure(machine, fails_at)
        await machine.ask("CreateStack", StackName=NAME, TemplateBody=template)
        is_reached = fails_at <= len(json.loads(template)["Resources"])
        status = await machine.finish()
        assert status is (StackStatus.ROLLBACK_COMPLETE if is_reached else StackStatus.CREATE_COMPLETE)
        machine.check()
        assert bool(list(machine.world.parameters)) is not is_reached

    asyncio.run(create())
