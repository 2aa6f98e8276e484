"""Event buses, rules with their targets, and events that are on their way to a target.

Promise: a delivery contains everything that it needs, so that its rule may change or be deleted meanwhile. Its id is
the client token of what it starts, so that an interrupted delivery starts nothing twice.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.domain.record import ArnRecord, IdRecord
from moyai.domain.scheduler.schedule import InvocationRetries, TaskParameters
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import EventBusArn, EventDeliveryId, EventRuleArn
from moyai.kernel.scope import Scope

DEFAULT_BUS: Final = "default"
"""The event bus that every account has, and to which AWS services send their events."""
DISABLED: Final = "DISABLED"
ENABLED: Final = "ENABLED"
_SERVICE: Final = "events"


class TaskTag(msgspec.Struct, frozen=True):
    """A tag of a rule's tasks."""

    key: str
    value: str


class RuleTaskParameters(TaskParameters, frozen=True):
    """The input of RunTask, as a rule has it."""

    tags: tuple[TaskTag, ...] | None = None  # type: ignore[assignment]  # a schedule has them as maps


class InputTransformer(msgspec.Struct, frozen=True):
    """The text that a target gets in place of the event: a template with values of the event."""

    input_template: str
    input_paths_map: Mapping[str, str] = {}


class QueueParameters(msgspec.Struct, frozen=True):
    """The message group of a FIFO queue."""

    message_group_id: str | None = None


class DeadLetterConfig(msgspec.Struct, frozen=True):
    """The queue that gets events which their target did not take."""

    arn: str | None = None


class RuleTarget(msgspec.Struct, frozen=True):
    """Where a rule sends events: a cluster in which tasks are run, a queue, a topic, a function, a log group or another
    event bus.
    """

    id: str
    arn: str
    role_arn: str | None = None
    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    ecs_parameters: RuleTaskParameters | None = None
    sqs_parameters: QueueParameters | None = None
    dead_letter_config: DeadLetterConfig | None = None
    retry_policy: InvocationRetries | None = None


class EventRule(ArnRecord, frozen=True, tag="event_rule"):
    """A rule: its targets get the events that match its pattern, and one whenever its schedule is due."""

    arn: EventRuleArn
    scope: Scope
    bus: str
    name: str
    created_at: Instant
    pattern: str | None = None
    schedule: str = ""
    """Empty where it has none."""
    state: str = ENABLED
    description: str | None = None
    role_arn: str | None = None
    targets: tuple[RuleTarget, ...] = ()
    tags: Mapping[str, str] = {}
    next_at: Instant | None = None
    """When the schedule is due next."""
    timezone: None = None
    start_at: None = None
    end_at: None = None

    @property
    def enabled(self) -> bool:
        """Whether it sends events."""
        return self.state != DISABLED


class EventBusLogging(msgspec.Struct, frozen=True):
    """The log settings of an event bus, which are stored and have no effect."""

    include_detail: str | None = None
    level: str | None = None


class EventBus(ArnRecord, frozen=True, tag="event_bus"):
    """An event bus. The default bus is stored only when something about it was set."""

    arn: EventBusArn
    scope: Scope
    name: str
    created_at: Instant
    modified_at: Instant
    description: str | None = None
    kms_key_identifier: str | None = None
    dead_letter_config: DeadLetterConfig | None = None
    log_config: EventBusLogging | None = None
    tags: Mapping[str, str] = {}


class EventDelivery(IdRecord, frozen=True, tag="event_delivery"):
    """An event on its way to one target. ``event``: as JSON; ``due_at``: when it is tried next; ``hops``: the event
    buses that it has passed; ``given_up_at``: since when it is only to be brought to the dead-letter queue.
    """

    id: EventDeliveryId
    scope: Scope
    rule: EventRuleArn
    target: RuleTarget
    event: str
    created_at: Instant
    due_at: Instant
    failures: int = 0
    hops: int = 0
    given_up_at: Instant | None = None


def event_bus_arn(scope: Scope, name: str) -> EventBusArn:
    """The ARN of an event bus."""
    return EventBusArn(arn(_SERVICE, scope, f"event-bus/{name}"))


def event_rule_arn(scope: Scope, bus: str, name: str) -> EventRuleArn:
    """The ARN of a rule, which has no bus in it for those of the default bus."""
    return EventRuleArn(arn(_SERVICE, scope, f"rule/{name}" if bus == DEFAULT_BUS else f"rule/{bus}/{name}"))
