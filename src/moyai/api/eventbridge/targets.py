"""Targets of rules: put, list, remove.

Promise: a target is an ECS cluster in which tasks are run, an SQS queue, an SNS topic, a Lambda function, a log group
or an event bus of the same account; other targets are refused by name. A target with the id of another replaces it.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.eventbridge.lookup import LONGEST_PAGE, rule_of
from moyai.api.operation import Context
from moyai.domain.eventbridge.errors import EventLimitExceeded, InvalidEventRequest
from moyai.domain.eventbridge.rule import EventRule, RuleTarget
from moyai.domain.paging import page
from moyai.domain.world import Put
from moyai.expressions.event_input import parse_event_path
from moyai.expressions.task_overrides import overrides_problem
from moyai.kernel.arn import Arn, parse_arn

MAX_TARGETS: Final = 5
"""The most targets of a rule."""
_SERVICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ecs": "cluster/",
        "events": "event-bus/",
        "lambda": "function:",
        "logs": "log-group:",
        "sns": "",
        "sqs": "",
    }
)
"""The services that targets belong to, with the beginning of their resources."""


class PutTargetsRequest(msgspec.Struct, frozen=True):
    rule: str
    targets: tuple[RuleTarget, ...]
    event_bus_name: str | None = None


class RemoveTargetsRequest(msgspec.Struct, frozen=True):
    rule: str
    ids: tuple[str, ...]
    event_bus_name: str | None = None
    force: bool = False


class ListTargetsByRuleRequest(msgspec.Struct, frozen=True):
    rule: str
    event_bus_name: str | None = None
    next_token: str | None = None
    limit: int = LONGEST_PAGE


def put_targets(ctx: Context, request: PutTargetsRequest) -> dict[str, object]:
    """Add targets to a rule, or replace those with the same ids."""
    rule = rule_of(ctx, request.event_bus_name, request.rule)
    for target in request.targets:
        _check(ctx, rule, target)
    targets = {target.id: target for target in (*rule.targets, *request.targets)}
    if len(targets) > MAX_TARGETS:
        raise EventLimitExceeded("The requested resource exceeds the maximum number allowed.")
    ctx.store.apply([Put(replace(rule, targets=tuple(targets.values())))])
    return {"failed_entry_count": 0, "failed_entries": []}


def remove_targets(ctx: Context, request: RemoveTargetsRequest) -> dict[str, object]:
    """Remove targets; ids that the rule does not have are ignored."""
    rule = rule_of(ctx, request.event_bus_name, request.rule)
    rest = tuple(target for target in rule.targets if target.id not in request.ids)
    ctx.store.apply([Put(replace(rule, targets=rest))])
    return {"failed_entry_count": 0, "failed_entries": []}


def list_targets_by_rule(ctx: Context, request: ListTargetsByRuleRequest) -> dict[str, object]:
    """The targets of a rule by id, in pages."""
    rule = rule_of(ctx, request.event_bus_name, request.rule)
    targets = {target.id: target for target in rule.targets}
    listing = ("ListTargetsByRule", rule.arn)
    on_page = page(targets, listing, request.next_token, request.limit, fault=InvalidEventRequest)
    return {"targets": [targets[key] for key in on_page.keys], "next_token": on_page.next_token}


def _check(ctx: Context, rule: EventRule, target: RuleTarget) -> None:
    """Raise InvalidEventRequest for a target that can't get events."""
    arn = parse_arn(target.arn)
    if arn is None or arn.service not in _SERVICES or not arn.resource.startswith(_SERVICES[arn.service]):
        raise InvalidEventRequest(
            "moyai sends events to ECS clusters, SQS queues, SNS topics, Lambda functions, log groups and event buses:"
            f" {target.arn[:200]} is none of these."
        )
    if arn.scope.account != ctx.scope.account or (arn.service != "events" and arn.scope.region != ctx.scope.region):
        raise InvalidEventRequest(f"{target.arn[:200]} is not of this account and region.")
    _check_service(rule, target, arn)
    _check_dead_letter_queue(ctx, target)
    forms = (target.input, target.input_path, target.input_transformer)
    if sum(form is not None for form in forms) > 1:
        raise InvalidEventRequest(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target.id}."
        )
    if target.input is not None:
        _check_json(target)
    if target.input_path is not None:
        parse_event_path(target.input_path)
    if target.input_transformer is not None:
        for path in target.input_transformer.input_paths_map.values():
            parse_event_path(path)


def _check_service(rule: EventRule, target: RuleTarget, arn: Arn) -> None:
    if arn.service == "events" and arn.resource == f"event-bus/{rule.bus}" and arn.scope == rule.scope:
        raise InvalidEventRequest("The event bus of the rule can't be its target.")
    if arn.service != "ecs":
        return
    if target.ecs_parameters is None:
        raise InvalidEventRequest(f"Parameter EcsParameters is required for target {target.id}, an ECS cluster.")
    problem = None if target.input is None else overrides_problem(target.input)
    if problem is not None:
        raise InvalidEventRequest(problem)


def _check_dead_letter_queue(ctx: Context, target: RuleTarget) -> None:
    text = None if target.dead_letter_config is None else target.dead_letter_config.arn
    queue = None if text is None else parse_arn(text)
    if text is not None and (queue is None or queue.service != "sqs" or queue.scope != ctx.scope):
        raise InvalidEventRequest(
            f"The dead-letter queue of target {target.id} has to be an SQS queue of this account and region:"
            f" {text[:200]} is not."
        )


def _check_json(target: RuleTarget) -> None:
    try:
        msgspec.json.decode(target.input or "")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidEventRequest(f"JSON syntax error in input for target {target.id} : {error}") from error
