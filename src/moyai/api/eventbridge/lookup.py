"""Finds the event bus or the rule that a request names.

Promise: the bus ``default`` exists in every account and region, whether it is stored or not. A bus is named by its name
or its ARN, which has to be one of the caller's account and region.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.domain.eventbridge.errors import EventLimitExceeded, EventResourceNotFound, InvalidEventRequest
from moyai.domain.eventbridge.rule import DEFAULT_BUS, EventBus, EventRule, event_bus_arn, event_rule_arn
from moyai.domain.tagging import TagRules
from moyai.kernel.clock import Instant

LONGEST_PAGE: Final = 100
RULE_TAG_RULES: Final = TagRules("rule", InvalidEventRequest, EventLimitExceeded)
BUS_TAG_RULES: Final = TagRules("event-bus", InvalidEventRequest, EventLimitExceeded)


def bus_of(ctx: Context, name_or_arn: str | None) -> EventBus:
    """The event bus; the default bus without a name. Raises EventResourceNotFound."""
    prefix = event_bus_arn(ctx.scope, "")
    name = (name_or_arn or DEFAULT_BUS).removeprefix(prefix)
    stored = ctx.store.world.event_buses.get(event_bus_arn(ctx.scope, name))
    if stored is not None:
        return stored
    if name != DEFAULT_BUS:
        raise EventResourceNotFound(f"Event bus {name[:256]} does not exist.")
    return EventBus(event_bus_arn(ctx.scope, name), ctx.scope, name, Instant(0.0), Instant(0.0))


def rule_of(ctx: Context, bus: str | None, name: str) -> EventRule:
    """The rule of this name on a bus. Raises EventResourceNotFound."""
    rule = ctx.store.world.event_rules.get(event_rule_arn(ctx.scope, bus_of(ctx, bus).name, name))
    if rule is None:
        raise EventResourceNotFound(f"Rule {name} does not exist on EventBus {bus_of(ctx, bus).name}.")
    return rule


def tagged_with_arn(ctx: Context, arn: str) -> EventRule | EventBus:
    """The rule or the event bus with this ARN. Raises EventResourceNotFound."""
    rule = ctx.store.world.event_rules.get(arn)
    if rule is not None and rule.scope == ctx.scope:
        return rule
    prefix = event_bus_arn(ctx.scope, "")
    if not arn.startswith(prefix):
        raise EventResourceNotFound(f"The rule or event bus {arn[:200]} does not exist.")
    return bus_of(ctx, arn)
