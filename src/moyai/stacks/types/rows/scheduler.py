"""The resource types of Amazon EventBridge Scheduler.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Scheduler.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import ids
from moyai.stacks.types.tags import arn_tags

_LONGEST_NAME: Final = 64


def scheduler_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``scheduler``."""
    yield _schedule()
    yield _schedule_group()


def _in_group(resource: PhysicalResource) -> Properties:
    group = resource.properties.get("GroupName")
    return {"Name": resource.id, **({} if group is None else {"GroupName": group})}


def _schedule() -> StackResourceType:
    return StackResourceType(
        "AWS::Scheduler::Schedule",
        "scheduler",
        "CreateSchedule",
        "Name",
        "DeleteSchedule",
        _in_group,
        name_property="Name",
        unique_within=frozenset({"GroupName"}),
        longest_name=_LONGEST_NAME,
        read=Read("GetSchedule", _in_group),
        update="UpdateSchedule",
        missing=frozenset({"ResourceNotFoundException"}),
    )


def _schedule_group() -> StackResourceType:
    return StackResourceType(
        "AWS::Scheduler::ScheduleGroup",
        "scheduler",
        "CreateScheduleGroup",
        "Name",
        "DeleteScheduleGroup",
        ids("Name"),
        name_property="Name",
        longest_name=_LONGEST_NAME,
        tagging=arn_tags(lambda resource: {"ResourceArn": resource.attributes["Arn"]}),
        read=Read("GetScheduleGroup", ids("Name")),
        missing=frozenset({"ResourceNotFoundException"}),
    )
