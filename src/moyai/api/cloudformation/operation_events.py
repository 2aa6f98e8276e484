"""DescribeEvents: the events of operations, which clients search for the causes of failures.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.cloudformation.describe import event_view
from moyai.api.cloudformation.lookup import change_set_of, page_of, stack_of
from moyai.api.operation import Context
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.event import StackEvent
from moyai.domain.cloudformation.stack import ResourceStatus, StackStatus
from moyai.stacks.progress.events import CANCELLED, UPDATE_CANCELLED
from moyai.stacks.template.model import NESTED_STACK

_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        StackStatus.REVIEW_IN_PROGRESS: "CREATE_CHANGESET",
        StackStatus.CREATE_IN_PROGRESS: "CREATE_STACK",
        StackStatus.UPDATE_IN_PROGRESS: "UPDATE_STACK",
        StackStatus.DELETE_IN_PROGRESS: "DELETE_STACK",
        StackStatus.ROLLBACK_IN_PROGRESS: "ROLLBACK",
        StackStatus.UPDATE_ROLLBACK_IN_PROGRESS: "CONTINUE_ROLLBACK",
    }
)
"""The type of an operation, by the stack's status at its beginning."""


class EventFilters(msgspec.Struct, frozen=True):
    """The events to list. ``failed_events``: only failures."""

    failed_events: bool = False


class DescribeEventsRequest(msgspec.Struct, frozen=True):
    stack_name: str | None = None
    change_set_name: str | None = None
    operation_id: str | None = None
    filters: EventFilters = EventFilters()
    next_token: str | None = None


def describe_events(ctx: Context, request: DescribeEventsRequest) -> dict[str, object]:
    """The events of a stack's operations, newest first, in pages."""
    events = _stack_events(ctx, request)
    types = _operation_types(events)
    matching = {
        f"{10**9 - event.number:010}": event
        for event in events
        if request.operation_id in {None, event.operation_id}
        and (not request.filters.failed_events or event.status.endswith("FAILED"))
    }
    listing = ("DescribeEvents", events[0].stack if events else "", request.operation_id, request.filters)
    on_page = page_of(matching, listing, request.next_token)
    return {
        "operation_events": [
            event_view(event)
            | {
                "event_type": "PROVISIONING_ERROR" if _is_cause(event) else "STACK_EVENT",
                "operation_type": types.get(event.operation_id),
            }
            for event in (matching[key] for key in on_page.keys)
        ],
        "next_token": on_page.next_token,
    }


def _stack_events(ctx: Context, request: DescribeEventsRequest) -> Sequence[StackEvent]:
    events = ctx.store.world.stack_events
    if request.change_set_name is not None:
        return events.by("stack", change_set_of(ctx, request.change_set_name, request.stack_name).stack)
    if request.stack_name is not None:
        return events.by("stack", stack_of(ctx, request.stack_name).arn)
    if request.operation_id is None:
        raise StackFault("One of StackName, ChangeSetName and OperationId must be specified.")
    first_event = next((event for event in events.each("operation", request.operation_id)), None)
    if first_event is None:
        raise StackFault(f"Operation [{request.operation_id}] does not exist")
    return events.by("stack", stack_of(ctx, first_event.stack).arn)


def _operation_types(events: Sequence[StackEvent]) -> dict[str, str]:
    types: dict[str, str] = {}
    for event in events:
        if event.resource_type == NESTED_STACK and event.status in _TYPES:
            types.setdefault(event.operation_id, _TYPES[event.status])
    return types


def _is_cause(event: StackEvent) -> bool:
    """Whether an event is a failure with a cause of its own, not the consequence of another failure."""
    is_failure = event.status in {status.value for status in ResourceStatus if status.failed}
    return is_failure and event.physical_id != event.stack and event.reason not in {CANCELLED, UPDATE_CANCELLED}
