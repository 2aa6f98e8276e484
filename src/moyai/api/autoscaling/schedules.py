"""Scheduled actions.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.autoscaling.lookup import (
    DIMENSION,
    NAMESPACE,
    ScalableTargetListRequest,
    ScalableTargetRequest,
    check_kind,
    page_of,
    service_named,
    target_description,
    target_of,
)
from moyai.api.operation import Context
from moyai.domain.autoscaling.errors import LimitExceeded, ObjectNotFound
from moyai.domain.autoscaling.target import ScheduledAction
from moyai.domain.keys import scope_key
from moyai.domain.world import Delete, Put
from moyai.expressions.cron import InvalidSchedule
from moyai.expressions.schedule import next_time
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import ScheduledActionArn, ServiceArn
from moyai.plan.scaling.tracking import resource_id

MAX_ACTIONS: Final = 200
"""The most actions of one target."""
_PAGE_SIZE: Final = 50
_MAX_CAPACITY: Final = 5000
_LATEST: Final = 7_258_118_400
"""The beginning of 2200."""


class TargetAction(msgspec.Struct, frozen=True):
    """The bounds that a scheduled action sets."""

    min_capacity: int | None = None
    max_capacity: int | None = None


class PutScheduledActionRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """A new action, or changes to one; its start and its end are replaced, also by None."""

    scheduled_action_name: str
    schedule: str | None = None
    timezone: str | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    scalable_target_action: TargetAction | None = None


class DescribeScheduledActionsRequest(ScalableTargetListRequest, frozen=True, kw_only=True):
    """The filters of scheduled actions."""

    scheduled_action_names: tuple[str, ...] = ()


class DeleteScheduledActionRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """The scheduled action to delete."""

    scheduled_action_name: str


def put_scheduled_action(ctx: Context, request: PutScheduledActionRequest) -> dict[str, object]:
    """Create an action, or change the one of that name."""
    check_kind(request.service_namespace, request.scalable_dimension)
    target = target_of(ctx, request.resource_id)
    former = _find_action(ctx, target.service, request.scheduled_action_name)
    action = _new_action(ctx, request, target.service) if former is None else former
    bounds = request.scalable_target_action or TargetAction(action.min_capacity, action.max_capacity)
    _check(bounds, request)
    action = replace(
        action,
        schedule=request.schedule or action.schedule,
        timezone=request.timezone or action.timezone,
        start_at=request.start_time,
        end_at=request.end_time,
        min_capacity=bounds.min_capacity,
        max_capacity=bounds.max_capacity,
    )
    try:
        action = replace(action, next_at=next_time(action, ctx.now))
    except InvalidSchedule as error:
        raise InvalidInput(str(error)) from error
    if action.next_at is None:
        raise InvalidInput("The schedule has no time in the future.")
    ctx.store.apply([Put(action)])
    return {}


def describe_scheduled_actions(ctx: Context, request: DescribeScheduledActionsRequest) -> dict[str, object]:
    """A page of the scheduled actions that pass the filters."""
    check_kind(request.service_namespace, request.scalable_dimension)
    actions = ctx.store.world.scheduled_actions.by("scope", scope_key(ctx.scope))
    service = None if request.resource_id is None else service_named(ctx, request.resource_id)
    matching = {
        f"{action.service}\0{action.name}": action
        for action in actions
        if service in {None, action.service}
        and (not request.scheduled_action_names or action.name in request.scheduled_action_names)
    }
    listing = ("scheduled", request.scheduled_action_names, request.resource_id)
    page = page_of(matching, listing, request.next_token, request.max_results, _PAGE_SIZE)
    return {"scheduled_actions": [_view(matching[key]) for key in page.keys], "next_token": page.next_token}


def delete_scheduled_action(ctx: Context, request: DeleteScheduledActionRequest) -> dict[str, object]:
    """Delete an action of a target. Raises ObjectNotFound."""
    check_kind(request.service_namespace, request.scalable_dimension)
    action = _find_action(ctx, service_named(ctx, request.resource_id), request.scheduled_action_name)
    if action is None:
        name = request.scheduled_action_name
        raise ObjectNotFound(
            f"No scheduled action found for {target_description(request.resource_id)}, scheduled action name: {name}"
        )
    ctx.store.apply([Delete(ScheduledAction, action.arn)])
    return {}


def _new_action(ctx: Context, request: PutScheduledActionRequest, service: ServiceArn) -> ScheduledAction:
    if request.schedule is None or request.scalable_target_action is None:
        raise InvalidInput("A new scheduled action must have Schedule and ScalableTargetAction.")
    if ctx.store.world.scheduled_actions.count("service", service) >= MAX_ACTIONS:
        raise LimitExceeded(f"A scalable target can have {MAX_ACTIONS} scheduled actions.")
    place = f"resource/{NAMESPACE}/{request.resource_id}:scheduledActionName/{request.scheduled_action_name}"
    name = arn("autoscaling", ctx.scope, f"scheduledAction:{ctx.ids.uuid()}:{place}")
    return ScheduledAction(ScheduledActionArn(name), request.scheduled_action_name, service, request.schedule, ctx.now)


def _check(bounds: TargetAction, request: PutScheduledActionRequest) -> None:
    capacities = [capacity for capacity in (bounds.min_capacity, bounds.max_capacity) if capacity is not None]
    if not capacities:
        raise InvalidInput("ScalableTargetAction must have MinCapacity, MaxCapacity or both.")
    if any(not 0 <= capacity <= _MAX_CAPACITY for capacity in capacities):
        raise InvalidInput(f"Capacities must be between 0 and {_MAX_CAPACITY}.")
    if capacities != sorted(capacities):
        raise InvalidInput("Maximum capacity cannot be less than minimum capacity")
    if any(at is not None and not 0 <= at <= _LATEST for at in (request.start_time, request.end_time)):
        raise InvalidInput("StartTime and EndTime must be before the year 2200.")
    if request.start_time is not None and request.end_time is not None and request.start_time >= request.end_time:
        raise InvalidInput("StartTime must be before EndTime.")


def _find_action(ctx: Context, service: ServiceArn, name: str) -> ScheduledAction | None:
    actions = ctx.store.world.scheduled_actions.by("service", service)
    return next((action for action in actions if action.name == name), None)


def _view(action: ScheduledAction) -> Mapping[str, object]:
    return {
        "scheduled_action_name": action.name,
        "scheduled_action_arn": action.arn,
        "service_namespace": NAMESPACE,
        "schedule": action.schedule,
        "timezone": action.timezone,
        "resource_id": resource_id(action.service),
        "scalable_dimension": DIMENSION,
        "start_time": action.start_at,
        "end_time": action.end_at,
        "scalable_target_action": {"min_capacity": action.min_capacity, "max_capacity": action.max_capacity},
        "creation_time": action.created_at,
    }
