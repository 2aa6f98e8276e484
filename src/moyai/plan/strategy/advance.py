"""The next transition of a deployment that is under way.

Promise: at most one a call, and none while something is waited for; then ``due`` says until when. First what was
asked for (to stop, to go back), then the stage's traffic, its acknowledgement, its hooks, its time; then the next
stage.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service_deployment import HookStatus, Monitor, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import EarlySuccess, LifecycleStage, Strategy
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DeploymentId
from moyai.plan.action import earliest
from moyai.plan.rollout import bounds
from moyai.plan.strategy import alarms, breaker, hooks, stages
from moyai.plan.strategy.case import REROUTE_LIMIT, Case, Step
from moyai.plan.strategy.ending import abort, asked_back, fail, go_back
from moyai.plan.strategy.weights import same, toward, wanted

REROUTE_POLL = 1.0
"""Seconds between two looks at whether callers have acknowledged; their acknowledgement rings by itself."""

_S = ServiceDeploymentStatus
_DECISIVE = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.BAKE_TIME})
"""Stages after which more calls, or all that there will ever be, come to the new tasks."""


def transition(case: Case) -> Step | None:
    """The transition that is due, if one is."""
    match case.record.status:
        case _S.PENDING:
            return _started(case)
        case _S.STOP_REQUESTED:
            return abort(case)
        case _S.ROLLBACK_REQUESTED:
            return go_back(case)
        case _:
            failed = _failed(case)
            return failed or _rerouted(case) or (_brought_on(case) if case.acknowledged else None)


def due(case: Case) -> Instant | None:
    """When to look again though nothing may have happened."""
    if not case.acknowledged:
        return min(later(case.now, REROUTE_POLL), later(case.service.traffic.since, REROUTE_LIMIT))
    baking = case.record.baking_since
    baked = None if baking is None else later(baking, stages.bake(case.record))
    limit = later(case.record.updated_at, stages.STAGE_LIMIT) if _lacking(case) else None
    times = (baked, limit, *(run.expires_at for run in hooks.waiting(case.record)))
    return earliest(*(t for t in times if t is not None and t > case.now))


def content_with(case: Case) -> EarlySuccess | None:
    """What is enough for the deployment, where it needn't be all."""
    return case.record.configuration.early_success_criteria if case.record.forward else None


def arriving(case: Case, *, arrived: bool) -> Case:
    """The case; a rolling deployment that has all its tasks asks the hooks that wait for that, or begins to bake."""
    record = case.record
    if not arrived or record.stage is not None or record.baking_since is not None:
        return case
    if record.forward and stages.stands(record.configuration, LifecycleStage.POST_SCALE_UP):
        return replace(case, record=_entered(case, stages.following(record)).record)
    return replace(case, record=replace(record, baking_since=case.now)) if stages.bake(record) else case


def held(case: Case) -> DeploymentId | None:
    """The rolling deployment whose tasks are not to start yet, if this is one."""
    waits = case.record.alone and case.record.stage is LifecycleStage.PRE_SCALE_UP
    rolls = case.record.configuration.strategy is Strategy.ROLLING
    return case.record.target if waits and rolls and case.record.forward else None


def may_complete(case: Case) -> bool:
    """Whether nothing but its tasks keeps the deployment from being through."""
    record = case.record
    if record.stage is LifecycleStage.CLEAN_UP:
        return True
    lasts = stages.bake(record)
    baked = record.baking_since is not None and case.now >= later(record.baking_since, lasts)
    return record.stage is None and (not lasts or baked)


def _failed(case: Case) -> Step | None:
    """What follows when the deployment is found to fail."""
    asked = case.record.configuration.deployment_circuit_breaker
    if breaker.exceeded(case.record, case.service):
        return fail(case, Monitor.CIRCUIT_BREAKER, back=asked.rollback)
    rung = alarms.alarming(case.world, case.record)
    if rung:
        told = replace(case, record=replace(case.record, triggered=rung))
        return fail(told, Monitor.ALARMS, back=case.record.configuration.alarms.rollback)
    return None


def _started(case: Case) -> Step:
    shares = case.service.traffic.shares
    several = any(share.pool != case.record.home for share in shares)
    place = stages.first(case.record.configuration, several=several)
    return _entered(case, place, status=_S.IN_PROGRESS, started_at=case.now)


def _entered(case: Case, place: stages.Place, **changes: object) -> Step:
    record = case.changed(
        stage=place.stage,
        step=place.step,
        baking_since=None,
        hooks=hooks.runs(case.record.configuration, place.stage, case.now, case.ids) if _forward(case) else (),
        **changes,
    )
    return Step(case.service, record)


def _rerouted(case: Case) -> Step | None:
    """The service's traffic, moved on. Callers forget a pool only when all have acknowledged that it gets nothing."""
    present = case.service.traffic
    next_ = toward(present, wanted(case.record))
    if same(next_, present) or (present.pools - next_.pools and not case.acknowledged):
        return None
    return Step(replace(case.service, traffic=replace(next_, since=case.now)), case.record)


def _brought_on(case: Case) -> Step | None:
    """What follows when the stage's traffic is where it should be."""
    record = case.record
    late = _too_late(case)
    if late is not None:
        return late
    if hooks.waiting(record) or record.stage in {None, LifecycleStage.CLEAN_UP}:
        return None
    lasts = stages.bake(record)
    if lasts and record.baking_since is None:
        return Step(case.service, replace(record, baking_since=case.now))
    baked = not lasts or case.now >= later(record.baking_since or case.now, lasts)
    return _entered(case, stages.following(record)) if baked and not _lacking(case) else None


def _too_late(case: Case) -> Step | None:
    """What follows when a hook, or the new tasks, took too long."""
    record = case.record
    run = hooks.expired(record, case.now)
    if run is not None:
        told = case.changed(hooks=hooks.answered(record, run.hook_id, HookStatus.TIMED_OUT))
        late = replace(case, record=told)
        on = hooks.goes_on(run) or not record.forward
        return Step(case.service, told) if on else asked_back(late, f"{record.stage} lifecycle hook timed out")
    if _lacking(case) and case.now >= later(record.updated_at, stages.STAGE_LIMIT):
        return asked_back(case, f"{record.stage} took longer than 24 hours")
    return None


def _lacking(case: Case) -> bool:
    """Whether the new tasks have to become more, or healthy, before the next stage."""
    if case.record.stage is LifecycleStage.SCALE_UP:
        return case.healthy < case.service.desired_count
    decisive = case.record.stage in _DECISIVE and not case.record.alone
    return decisive and case.healthy < bounds(case.service).floor


def _forward(case: Case) -> bool:
    return case.record.status is not _S.ROLLBACK_IN_PROGRESS
