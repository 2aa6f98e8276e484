"""New records of a stack's progress, each with its event.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudformation.event import StackEvent
from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, Stack, StackResource, StackStatus
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, StackId
from moyai.stacks.hidden import hide
from moyai.stacks.template.model import NESTED_STACK

MAX_EVENTS: Final = 2000
"""Number of events that are kept of a stack; AWS keeps those of 90 days."""
CANCELLED: Final = "Resource creation cancelled"
UPDATE_CANCELLED: Final = "Resource update cancelled"
INITIATED: Final = "Resource creation Initiated"
IMPORT_STARTED: Final = "Resource import started."
IMPORT_COMPLETED: Final = "Resource import completed."
TAGGING: Final = "Apply stack-level tags to imported resource if applicable."
REPLACING: Final = "Requested update requires the creation of a new physical resource; hence creating one."


class FormerEvents(msgspec.Struct, frozen=True):
    """The events of a stack so far: their count, the number of the last one, and all of them, oldest first."""

    count: int = 0
    last: int = 0
    oldest: Iterable[StackEvent] = ()


def former_events(world: World, stack: StackId) -> FormerEvents:
    """The events of a stack so far. Only those that are deleted in favour of new ones are read."""
    events = world.stack_events
    last = events.last("stack", stack)
    return FormerEvents(events.count("stack", stack), 0 if last is None else last.number, events.each("stack", stack))


class ProgressRecorder:
    """Collects the changes of one step of a stack, with an event for each new status.

    ``former``: the events so far; beyond MAX_EVENTS the oldest are deleted. ``hidden``: the texts that events have
    ``****`` for.
    """

    def __init__(
        self, stack: Stack, former: FormerEvents, now: Instant, ids: Ids, hidden: Collection[str] = frozenset()
    ) -> None:
        self.stack = stack
        self._hidden = hidden
        self.changes: list[Change] = []
        self._oldest, self._now, self._ids = iter(former.oldest), now, ids
        self._number = former.last
        self._room = MAX_EVENTS - former.count

    def set_stack(self, status: StackStatus, reason: str | None = None, **members: object) -> None:
        """Move the stack to another state."""
        reason = hide(reason, self._hidden)
        self.stack = replace(self.stack, status=status, status_reason=reason, **members)
        self.changes.append(Put(self.stack))
        self._add_event(self.stack.name, self.stack.arn, NESTED_STACK, status.value, reason)

    def set_resource(
        self, resource: StackResource, status: ResourceStatus, reason: str | None = None, **members: object
    ) -> StackResource:
        """Move a resource to another state, and return its new record."""
        phase = {"phase": self.stack.phase, **members}
        reason = hide(reason, self._hidden_of(resource))
        changed = replace(resource, status=status, reason=reason, changed_at=self._now, **phase)
        self.changes.append(Put(changed))
        self.add_resource_event(changed, status, reason)
        return changed

    @property
    def has_begun(self) -> bool:
        """Whether a resource's operation begins with these changes."""
        resources = (change.record for change in self.changes if isinstance(change, Put))
        return any(isinstance(each, StackResource) and (each.status.in_progress or each.cleaning) for each in resources)

    def put_resource(self, resource: StackResource) -> None:
        """Record a change of a resource without an event."""
        self.changes.append(Put(resource))

    def remove_resource(self, resource: StackResource) -> None:
        """Remove a resource from the stack."""
        self.changes.append(Delete(StackResource, resource.key))

    def add_resource_event(
        self,
        resource: StackResource,
        status: ResourceStatus,
        reason: str | None = None,
        physical: PhysicalResource | None = None,
    ) -> None:
        """Add an event of a resource. ``physical``: the physical resource that it concerns; by default the current."""
        physical = physical or resource.physical
        properties = (
            resource.wanted if resource.wanted is not None else ({} if physical is None else physical.properties)
        )
        identifier = "" if physical is None else physical.id
        hidden = self._hidden_of(resource)
        reason, text = hide(reason, hidden), json.dumps(hide(properties, hidden), default=str)
        self._add_event(resource.logical_id, identifier, resource.type, status.value, reason, text)

    def _hidden_of(self, resource: StackResource) -> frozenset[str]:
        return frozenset(self._hidden).union(resource.hidden)

    def _add_event(
        self,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        reason: str | None,
        properties: str | None = None,
    ) -> None:
        self._number += 1
        unique = self._ids.uuid()
        event = StackEvent(
            id=unique if kind == NESTED_STACK else f"{logical_id}-{status}-{unique}",
            stack=self.stack.arn,
            stack_name=self.stack.name,
            number=self._number,
            logical_id=logical_id,
            physical_id=physical_id,
            resource_type=kind,
            at=self._now,
            status=status,
            reason=reason,
            properties=properties,
            client_token=self.stack.client_token,
            operation_id=self.stack.operation_id,
        )
        self.changes.append(Put(event))
        self._room -= 1
        if self._room < 0 and (oldest := next(self._oldest, None)) is not None:
            self.changes.append(Delete(StackEvent, oldest.id))
