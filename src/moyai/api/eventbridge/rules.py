"""Rules: put, describe, list, enable, disable, delete; and the test of a pattern.

Promise: putting a rule again replaces its pattern, schedule, state, description and role, and keeps its targets and
tags, whatever tags the request has. A schedule is for the default bus alone. A rule with targets is not deleted.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.eventbridge.lookup import LONGEST_PAGE, RULE_TAG_RULES, bus_of, rule_of
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.eventbridge.errors import EventLimitExceeded, InvalidEventRequest
from moyai.domain.eventbridge.rule import (
    DEFAULT_BUS,
    DISABLED,
    ENABLED,
    EventBus,
    EventRule,
    event_bus_arn,
    event_rule_arn,
)
from moyai.domain.paging import page
from moyai.domain.world import Delete, Put
from moyai.expressions.cron import InvalidSchedule
from moyai.expressions.event_pattern import MOST_LEVELS, is_nested_too_deeply, parse_event_pattern
from moyai.expressions.schedule import next_time

MAX_RULES: Final = 300
"""The most rules of an event bus."""
_SCHEDULE_PREFIXES: Final = ("rate(", "cron(")
_EVENT: Final = msgspec.json.Decoder(dict[str, object])


class PutRuleRequest(msgspec.Struct, frozen=True):
    name: str
    schedule_expression: str | None = None
    event_pattern: str | None = None
    state: str | None = None
    description: str | None = None
    role_arn: str | None = None
    tags: tuple[Tag, ...] = ()
    event_bus_name: str | None = None


class NamedRuleRequest(msgspec.Struct, frozen=True):
    name: str
    event_bus_name: str | None = None


class DeleteRuleRequest(msgspec.Struct, frozen=True):
    name: str
    event_bus_name: str | None = None
    force: bool = False


class ListRulesRequest(msgspec.Struct, frozen=True):
    name_prefix: str = ""
    event_bus_name: str | None = None
    next_token: str | None = None
    limit: int = LONGEST_PAGE


class ListRuleNamesByTargetRequest(msgspec.Struct, frozen=True):
    target_arn: str
    event_bus_name: str | None = None
    next_token: str | None = None
    limit: int = LONGEST_PAGE


class TestEventPatternRequest(msgspec.Struct, frozen=True):
    event_pattern: str
    event: str


def put_rule(ctx: Context, request: PutRuleRequest) -> dict[str, object]:
    """Create a rule, or replace its settings."""
    world, bus = ctx.store.world, bus_of(ctx, request.event_bus_name)
    present = world.event_rules.get(event_rule_arn(ctx.scope, bus.name, request.name))
    if present is None and world.event_rules.count("bus", bus.arn) >= MAX_RULES:
        raise EventLimitExceeded("The requested resource exceeds the maximum number allowed.")
    rule = _rule(ctx, request, bus, present)
    ctx.store.apply([Put(rule)])
    return {"rule_arn": rule.arn}


def describe_rule(ctx: Context, request: NamedRuleRequest) -> dict[str, object]:
    """A rule without its targets."""
    rule = rule_of(ctx, request.event_bus_name, request.name)
    return {**_view(rule), "created_by": rule.scope.account}


def list_rules(ctx: Context, request: ListRulesRequest) -> dict[str, object]:
    """The rules of a bus by name, in pages."""
    bus = bus_of(ctx, request.event_bus_name)
    rules = {rule.name: rule for rule in ctx.store.world.event_rules.each("bus", bus.arn)}
    names = [name for name in rules if name.startswith(request.name_prefix)]
    listing = ("ListRules", bus.name, request.name_prefix)
    on_page = page(names, listing, request.next_token, request.limit, fault=InvalidEventRequest)
    return {"rules": [_view(rules[name]) for name in on_page.keys], "next_token": on_page.next_token}


def list_rule_names_by_target(ctx: Context, request: ListRuleNamesByTargetRequest) -> dict[str, object]:
    """The names of a bus's rules with this target, in pages."""
    bus = bus_of(ctx, request.event_bus_name)
    rules = ctx.store.world.event_rules.each("target", request.target_arn)
    names = [rule.name for rule in rules if event_bus_arn(rule.scope, rule.bus) == bus.arn]
    listing = ("ListRuleNamesByTarget", bus.name, request.target_arn)
    on_page = page(names, listing, request.next_token, request.limit, fault=InvalidEventRequest)
    return {"rule_names": on_page.keys, "next_token": on_page.next_token}


def enable_rule(ctx: Context, request: NamedRuleRequest) -> None:
    """Let the rule send events. Schedules that it has missed are not made up for."""
    rule = rule_of(ctx, request.event_bus_name, request.name)
    ctx.store.apply([Put(_with_next_time(ctx, replace(rule, state=ENABLED)))])


def disable_rule(ctx: Context, request: NamedRuleRequest) -> None:
    """Let the rule send no events."""
    rule = rule_of(ctx, request.event_bus_name, request.name)
    ctx.store.apply([Put(replace(rule, state=DISABLED))])


def delete_rule(ctx: Context, request: DeleteRuleRequest) -> None:
    """Delete a rule without targets; one that does not exist is no error."""
    arn = event_rule_arn(ctx.scope, bus_of(ctx, request.event_bus_name).name, request.name)
    rule = ctx.store.world.event_rules.get(arn)
    if rule is not None and rule.targets:
        raise InvalidEventRequest("Rule can't be deleted since it has targets.")
    ctx.store.apply([Delete(EventRule, arn)])


def test_event_pattern(ctx: Context, request: TestEventPatternRequest) -> dict[str, object]:
    """Whether an event matches a pattern. Raises InvalidEventPattern."""
    del ctx
    matches = parse_event_pattern(request.event_pattern)
    try:
        event = _EVENT.decode(request.event)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidEventRequest("Parameter Event is not valid. Reason: Event is not an object") from error
    if is_nested_too_deeply(event):
        raise InvalidEventRequest(
            f"Parameter Event is not valid. Reason: MalformedDetail: it is nested deeper than {MOST_LEVELS} levels."
        )
    return {"result": matches(event)}


def _rule(ctx: Context, request: PutRuleRequest, bus: EventBus, present: EventRule | None) -> EventRule:
    """The rule that a request describes. Of ``present``, the rule that it replaces, the targets and tags stay."""
    if request.event_pattern is None and request.schedule_expression is None:
        raise InvalidEventRequest("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if request.schedule_expression is not None and bus.name != DEFAULT_BUS:
        raise InvalidEventRequest("ScheduleExpression is supported only on the default event bus.")
    if request.event_pattern is not None:
        parse_event_pattern(request.event_pattern)
    rule = EventRule(
        arn=event_rule_arn(ctx.scope, bus.name, request.name),
        scope=ctx.scope,
        bus=bus.name,
        name=request.name,
        created_at=ctx.now if present is None else present.created_at,
        pattern=request.event_pattern,
        schedule=request.schedule_expression or "",
        state=request.state or ENABLED,
        description=request.description,
        role_arn=request.role_arn,
        targets=() if present is None else present.targets,
        tags=checked_tags(RULE_TAG_RULES, request.tags) if present is None else present.tags,
    )
    if present is not None and (present.schedule, present.state) == (rule.schedule, rule.state):
        return replace(rule, next_at=present.next_at)
    return _with_next_time(ctx, rule)


def _with_next_time(ctx: Context, rule: EventRule) -> EventRule:
    """The rule with the time at which its schedule is due next. Raises InvalidEventRequest."""
    if not rule.schedule:
        return replace(rule, next_at=None)
    if not rule.schedule.startswith(_SCHEDULE_PREFIXES):
        raise InvalidEventRequest("Parameter ScheduleExpression is not valid.")
    try:
        return replace(rule, next_at=next_time(rule, ctx.now))
    except InvalidSchedule as problem:
        raise InvalidEventRequest(f"Parameter ScheduleExpression is not valid. {problem}") from problem


def _view(rule: EventRule) -> dict[str, object]:
    return {
        "name": rule.name,
        "arn": rule.arn,
        "event_pattern": rule.pattern,
        "schedule_expression": rule.schedule or None,
        "state": rule.state,
        "description": rule.description,
        "role_arn": rule.role_arn,
        "event_bus_name": rule.bus,
    }
