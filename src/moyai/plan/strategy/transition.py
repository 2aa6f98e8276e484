"""The state machine of a service deployment: the transition that is due, if any.

    status                in which stage  when                                  next
    --------------------  --------------  ------------------------------------  -----------------------------------
    PENDING               none            at once                               IN_PROGRESS, in the first stage
    STOP_REQUESTED        any             at once                               STOPPED
    ROLLBACK_REQUESTED    any             at once                               ROLLBACK_IN_PROGRESS, or
                                                                                ROLLBACK_FAILED without a candidate
    IN_PROGRESS           any             a monitor finds a failure             ROLLBACK_REQUESTED or STOPPED
    IN_PROGRESS and       any             the traffic is not yet the stage's    the next traffic on the way there
    ROLLBACK_IN_PROGRESS  any             a hook's time-out is over             the hook's TIMED_OUT, or
                                                                                ROLLBACK_REQUESTED
                          any             tasks missing for STAGE_LIMIT         ROLLBACK_REQUESTED
                          any but         acknowledged, hooks have answered     its bake time begins
                          CLEAN_UP, None
                          any but         bake time over, enough healthy tasks  the next stage (``stages``)
                          CLEAN_UP, None

In stage None, in which a rolling deployment replaces tasks, and in CLEAN_UP the scheduler takes over: it reports when
the tasks have arrived (``with_tasks_arrived``), and completes the deployment when ``may_complete`` lets it.

Promise: at most one transition a call, and none while the deployment waits for something; ``wake_at`` then says until
when.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service_deployment import HookStatus, Monitor, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import EarlySuccess, HookAction, LifecycleStage, Strategy
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DeploymentId
from moyai.plan.action import earliest
from moyai.plan.strategy import hooks, monitors, stages
from moyai.plan.strategy.context import REROUTE_LIMIT, DeploymentContext, DeploymentStep
from moyai.plan.strategy.termination import abort, fail, request_rollback, start_rollback

REROUTE_POLL = 1.0
"""Seconds between two checks whether callers have acknowledged; usually their acknowledgement wakes the planner."""

_S = ServiceDeploymentStatus
_NEED_HEALTHY_TASKS = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.BAKE_TIME})
"""Stages after which the new tasks get more traffic, or the old tasks stop."""


def next_transition(context: DeploymentContext) -> DeploymentStep | None:
    """The transition that is due, if one is."""
    match context.record.status:
        case _S.PENDING:
            return _begin(context)
        case _S.STOP_REQUESTED:
            return abort(context)
        case _S.ROLLBACK_REQUESTED:
            return start_rollback(context)
        case _:
            failed = _check_monitors(context)
            return failed or _shift_traffic(context) or (_leave_stage(context) if context.is_acknowledged else None)


def wake_at(context: DeploymentContext) -> Instant | None:
    """When to plan again though nothing may have happened."""
    now, record = context.now, context.record
    if not context.is_acknowledged:
        return min(later(now, REROUTE_POLL), later(context.service.traffic.since, REROUTE_LIMIT))
    baked_at = None if record.baking_since is None else later(record.baking_since, stages.bake_time(record))
    limit = later(record.updated_at, stages.STAGE_LIMIT) if _lacks_tasks(context) else None
    timeouts = (run.expires_at for run in hooks.unanswered_hooks(record))
    return earliest(*(t for t in (baked_at, limit, *timeouts) if t is not None and t > now))


def early_success_criteria(context: DeploymentContext) -> EarlySuccess | None:
    """The criteria by which the deployment succeeds before all its tasks are healthy; None if it has none."""
    return context.record.configuration.early_success_criteria if context.record.moves_forward else None


def with_tasks_arrived(context: DeploymentContext, *, all_arrived: bool) -> DeploymentContext:
    """The context in which a rolling deployment whose tasks have all arrived enters POST_SCALE_UP, if a hook runs
    there, or begins its bake time.
    """
    record = context.record
    if not all_arrived or record.stage is not None or record.baking_since is not None:
        return context
    if record.moves_forward and stages.has_hook(record.configuration, LifecycleStage.POST_SCALE_UP):
        return replace(context, record=_enter(context, stages.next_stage(record)).record)
    return replace(context, record=replace(record, baking_since=context.now)) if stages.bake_time(record) else context


def held_deployment(context: DeploymentContext) -> DeploymentId | None:
    """The rolling deployment whose tasks may not start yet, because PRE_SCALE_UP waits for a hook."""
    record = context.record
    waits = record.has_one_pool and record.stage is LifecycleStage.PRE_SCALE_UP
    rolls = record.configuration.strategy is Strategy.ROLLING
    return record.target if waits and rolls and record.moves_forward else None


def may_complete(context: DeploymentContext) -> bool:
    """Whether the deployment completes as soon as its tasks have arrived and the others are gone."""
    record = context.record
    if record.stage is LifecycleStage.CLEAN_UP:
        return True
    bake_time = stages.bake_time(record)
    baked = record.baking_since is not None and context.now >= later(record.baking_since, bake_time)
    return record.stage is None and (not bake_time or baked)


def _check_monitors(context: DeploymentContext) -> DeploymentStep | None:
    """The step that fails the deployment, if the circuit breaker or an alarm requires that."""
    configuration = context.record.configuration
    if monitors.has_tripped(context.record, context.service):
        rollback = configuration.deployment_circuit_breaker.rollback
        return fail(context, Monitor.CIRCUIT_BREAKER, rollback=rollback)
    triggered = monitors.triggered_alarms(context.world, context.record)
    if triggered:
        context = replace(context, record=replace(context.record, triggered_alarms=triggered))
        return fail(context, Monitor.ALARMS, rollback=configuration.alarms.rollback)
    return None


def _begin(context: DeploymentContext) -> DeploymentStep:
    shares = context.service.traffic.shares
    elsewhere = any(share.pool != context.record.source_pool for share in shares)
    position = stages.first_stage(context.record.configuration, reconcile=elsewhere)
    return _enter(context, position, status=_S.IN_PROGRESS, started_at=context.now)


def _enter(context: DeploymentContext, position: stages.StagePosition, **changes: object) -> DeploymentStep:
    forward = context.record.status is not _S.ROLLBACK_IN_PROGRESS
    configuration = context.record.configuration
    record = context.updated_record(
        stage=position.stage,
        step=position.step,
        baking_since=None,
        hooks=hooks.start_hooks(configuration, position.stage, context.now, context.ids) if forward else (),
        **changes,
    )
    return DeploymentStep(context.service, record)


def _shift_traffic(context: DeploymentContext) -> DeploymentStep | None:
    """The step to the next traffic. A pool is removed only when all callers have acknowledged its weight 0."""
    present = context.service.traffic
    traffic = stages.next_traffic(present, stages.stage_traffic(context.record))
    if stages.is_same_traffic(traffic, present) or (present.pools - traffic.pools and not context.is_acknowledged):
        return None
    return DeploymentStep(replace(context.service, traffic=replace(traffic, since=context.now)), context.record)


def _leave_stage(context: DeploymentContext) -> DeploymentStep | None:
    """The step that ends a stage whose traffic callers have acknowledged."""
    record = context.record
    overdue = _check_time_limits(context)
    if overdue is not None:
        return overdue
    if hooks.unanswered_hooks(record) or record.stage in {None, LifecycleStage.CLEAN_UP}:
        return None
    bake_time = stages.bake_time(record)
    if bake_time and record.baking_since is None:
        return DeploymentStep(context.service, replace(record, baking_since=context.now))
    baked = not bake_time or context.now >= later(record.baking_since or context.now, bake_time)
    return _enter(context, stages.next_stage(record)) if baked and not _lacks_tasks(context) else None


def _check_time_limits(context: DeploymentContext) -> DeploymentStep | None:
    """The step that follows when a hook, or the start of the new tasks, has taken too long."""
    record = context.record
    run = hooks.expired_hook(record, context.now)
    if run is not None:
        timed_out = context.updated_record(hooks=hooks.answer_hook(record, run.hook_id, HookStatus.TIMED_OUT))
        if run.timeout_action is HookAction.CONTINUE or not record.moves_forward:
            return DeploymentStep(context.service, timed_out)
        return request_rollback(replace(context, record=timed_out), f"{record.stage} lifecycle hook timed out")
    if _lacks_tasks(context) and context.now >= later(record.updated_at, stages.STAGE_LIMIT):
        return request_rollback(context, f"{record.stage} took longer than 24 hours")
    return None


def _lacks_tasks(context: DeploymentContext) -> bool:
    """Whether more of the new tasks have to become healthy before the next stage."""
    if context.record.stage is LifecycleStage.SCALE_UP:
        return context.healthy < context.service.desired_count
    decisive = context.record.stage in _NEED_HEALTHY_TASKS and not context.record.has_one_pool
    return decisive and context.healthy < context.minimum_healthy
