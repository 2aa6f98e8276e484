"""What a step of a stack remembers of resources that are as they are to be, and when that holds no more."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, StackResource
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.stacks.evaluation.scope import ResourceValues
from moyai.stacks.progress.settled import SettledResources

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


def settled() -> SettledResources:
    """One resource that needs another."""
    resources = SettledResources()
    resources.enter("update")
    resources.add(RECORD, ["Logs"], KNOWN)
    return resources


def test_what_was_found_holds_while_nothing_changes():
    resources = settled()
    resources.enter("update")
    equal = {**KNOWN, "Logs": ResourceValues("group", {"Arn": "a"})}
    remembered = resources.find(RECORD, ["Logs"], equal)
    assert remembered is not None
    assert remembered.values == ResourceValues("name")


def test_another_value_that_it_refers_to_another_record_and_another_phase_end_it():
    resources = settled()
    assert resources.find(RECORD, ["Logs"], {"Logs": ResourceValues("group", {"Arn": "b"})}) is None
    assert resources.find(RECORD, ["Logs"], {}) is None
    assert resources.find(replace(RECORD, token="other"), ["Logs"], KNOWN) is None
    resources.enter("rollback")
    assert resources.find(RECORD, ["Logs"], KNOWN) is None
