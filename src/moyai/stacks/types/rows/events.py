"""The resource types of Amazon EventBridge.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Events.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Properties, Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import as_json, both, ids
from moyai.stacks.types.tags import arn_tags

_LONGEST_RULE_NAME: Final = 64
_NOT_FOUND: Final = frozenset({"ResourceNotFoundException"})


def event_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``events``."""
    yield _event_bus()
    yield _rule()


def _event_bus() -> StackResourceType:
    return StackResourceType(
        "AWS::Events::EventBus",
        "events",
        "CreateEventBus",
        "Name",
        "DeleteEventBus",
        ids("Name"),
        tagging=arn_tags(lambda resource: {"ResourceARN": resource.attributes["Arn"]}),
        read=Read("DescribeEventBus", ids("Name")),
        update="UpdateEventBus",
        missing=_NOT_FOUND,
    )


def _bus(resource: PhysicalResource) -> Properties:
    bus = resource.properties.get("EventBusName")
    return {} if bus is None else {"EventBusName": bus}


def _rule() -> StackResourceType:
    by_name = both(ids("Name"), _bus)
    return StackResourceType(
        "AWS::Events::Rule",
        "events",
        "PutRule",
        "Name",
        "DeleteRule",
        by_name,
        name_property="Name",
        longest_name=_LONGEST_RULE_NAME,
        arrange=lambda values: {
            name: as_json(value) if name == "EventPattern" else value for name, value in values.items()
        },
        tagging=arn_tags(lambda resource: {"ResourceARN": resource.attributes["Arn"]}),
        children={
            "Targets": Children(
                "PutTargets",
                "RemoveTargets",
                lambda resource, target: {"Rule": resource.id, **_bus(resource), "Targets": [target]},
                remove_input=lambda resource, target: {"Rule": resource.id, **_bus(resource), "Ids": [target["Id"]]},
                absent=_NOT_FOUND,
                blocks_deletion=True,
            )
        },
        read_existing=lambda _: Read("DescribeRule", by_name),
        read=Read("DescribeRule", by_name),
        derive=lambda resource: {"RuleName": resource.id},
        update="PutRule",
        update_by=by_name,
        missing=_NOT_FOUND,
    )
