"""What a step of a stack remembers of resources that are as they are to be, and when that holds no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, Stack, StackResource, StackStatus
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.stacks.evaluation.scope import ResourceValues, Values, pseudo_parameters
from moyai.stacks.instance import ParameterSource, StackInstance, instantiate
from moyai.stacks.progress.events import FormerEvents, ProgressRecorder
from moyai.stacks.progress.forward import ForwardSteps
from moyai.stacks.progress.settled import SettledResources
from moyai.stacks.progress.view import StackView
from moyai.stacks.template.text import parse_text
from moyai.testing.ids import SeededIds

RECORD = StackResource(
    StackId("arn:stack"),
    "Name",
    "AWS::SSM::Parameter",
    ResourceStatus.CREATE_COMPLETE,
    Instant(0.0),
    "token",
    PhysicalResource("name", {}, "name"),
)
KNOWN = {"Logs": ResourceValues("group", {"Arn": "a"}), "Name": ResourceValues("name")}


def remembered_resources() -> SettledResources:
    """One resource that needs another."""
    resources = SettledResources()
    resources.enter("update")
    resources.add(RECORD, ["Logs"], KNOWN)
    return resources


def test_a_settled_resource_is_remembered_while_nothing_changes():
    resources = remembered_resources()
    resources.enter("update")
    equal = {**KNOWN, "Logs": ResourceValues("group", {"Arn": "a"})}
    remembered = resources.find(RECORD, ["Logs"], equal)
    assert remembered is not None
    assert remembered.values == ResourceValues("name")


def test_another_value_that_it_refers_to_another_record_and_another_phase_end_it():
    resources = remembered_resources()
    assert resources.find(RECORD, ["Logs"], {"Logs": ResourceValues("group", {"Arn": "b"})}) is None
    assert resources.find(RECORD, ["Logs"], {}) is None
    assert resources.find(replace(RECORD, token="other"), ["Logs"], KNOWN) is None
    resources.enter("rollback")
    assert resources.find(RECORD, ["Logs"], KNOWN) is None


STACK = Stack(RECORD.stack, "shop", StackStatus.UPDATE_IN_PROGRESS, None, Instant(0.0))
COUNT = 20


class CountedProperties(Mapping[str, Any]):
    """Properties that count how often they are evaluated."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties
        self.evaluations = 0

    def __getitem__(self, name: str) -> Any:
        return self._properties[name]

    def __iter__(self) -> Iterator[str]:
        self.evaluations += 1
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)


def update_of_a_chain() -> tuple[StackInstance, list[CountedProperties]]:
    """A template of parameters, each of which needs the one before it, and their counted properties."""
    resources = {
        f"P{place}": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Ref": f"P{place - 1}"} if place else "first"},
        }
        for place in range(COUNT)
    }
    known = Values(parameters=pseudo_parameters(DEFAULT_SCOPE, STACK.name, STACK.arn))
    instance = instantiate(parse_text(json.dumps({"Resources": resources})), ParameterSource(), known)
    declared = {
        name: replace(resource, properties=CountedProperties(resource.properties))
        for name, resource in instance.template.resources.items()
    }
    counted = [resource.properties for resource in declared.values()]
    instance = replace(instance, template=replace(instance.template, resources=declared))
    return instance, [each for each in counted if isinstance(each, CountedProperties)]


def existing_resources() -> dict[str, StackResource]:
    """The resources of the chain as an earlier operation has left them, which is not what the template declares: they
    require nothing.
    """
    values = ["first", *(f"p{place}" for place in range(COUNT - 1))]
    return {
        f"P{place}": replace(
            RECORD,
            logical_id=f"P{place}",
            physical=PhysicalResource(f"p{place}", {"Type": "String", "Value": value}, f"p{place}"),
        )
        for place, value in enumerate(values)
    }


def test_an_update_evaluates_each_unchanged_resource_once():
    instance, counted = update_of_a_chain()
    resources, shared = existing_resources(), SettledResources()
    counts = []
    for settled in (SettledResources(), shared, shared, shared):
        view = StackView(STACK, resources, Instant(1.0), instance=instance, settled=settled)
        recorder = ProgressRecorder(STACK, FormerEvents(), Instant(1.0), SeededIds(1))
        assert ForwardSteps(view, recorder, SeededIds(1)).begin()
        puts = [change.record for change in recorder.changes if isinstance(change, Put)]
        resources |= {record.logical_id: record for record in puts if isinstance(record, StackResource)}
        counts.append([each.evaluations for each in counted])
    assert counts[0] < counts[1] == counts[2] == counts[3]
