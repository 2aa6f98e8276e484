"""How a service deployment ends: it completes, fails, is aborted, or is rolled back.

Promise: the deployment to which a rollback returns has the production traffic again, acknowledged by all callers,
before the new tasks stop.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, DeploymentStatus, RolloutState, Service
from moyai.domain.ecs.service_deployment import Monitor, Rollback, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import LifecycleStage, Strategy
from moyai.kernel.clock import Instant
from moyai.plan.elb.traffic_rules import with_target_groups
from moyai.plan.strategy.context import DeploymentContext, DeploymentStep, rollback_reason
from moyai.plan.strategy.hooks import start_rollback_hooks
from moyai.plan.strategy.start import revision_arn

NO_CANDIDATE = "No rollback candidate was found to run the rollback."
ABORTED = "Service deployment stopped because StopServiceDeployment was called with ABORT."
_MONITOR_NAMES: Mapping[Monitor | None, str] = MappingProxyType(
    {
        None: "ECS deployment",
        Monitor.CIRCUIT_BREAKER: "ECS deployment circuit breaker",
        Monitor.ALARMS: "ECS deployment alarm",
    }
)
_SHORT_REASONS: Mapping[Monitor | None, str] = MappingProxyType(
    {Monitor.CIRCUIT_BREAKER: "tasks failed to start.", Monitor.ALARMS: "alarm detected."}
)
_REASONS: Mapping[Monitor, str] = MappingProxyType(
    {
        Monitor.CIRCUIT_BREAKER: "the circuit breaker threshold was exceeded",
        Monitor.ALARMS: "a CloudWatch alarm went to ALARM",
    }
)
_S = ServiceDeploymentStatus
_STAGES = tuple(LifecycleStage)
_AFTER_SCALE_UP = frozenset(_STAGES[_STAGES.index(LifecycleStage.SCALE_UP) + 1 :])


def request_rollback(context: DeploymentContext, why: str) -> DeploymentStep:
    """The step that requests a rollback, which the next transition begins."""
    record = replace(context.record, status=_S.ROLLBACK_REQUESTED, status_reason=rollback_reason(why))
    return DeploymentStep(context.service, record)


def fail(context: DeploymentContext, monitor: Monitor, *, rollback: bool) -> DeploymentStep:
    """The step of a deployment that a monitor fails: a rollback where the configuration asks for it, else its end."""
    context = replace(context, record=context.updated_record(failed_by=monitor))
    if rollback:
        return request_rollback(context, _REASONS[monitor])
    now, reason = context.now, f"Service deployment stopped because {_REASONS[monitor]}."
    record = context.updated_record(status=_S.STOPPED, status_reason=reason, finished_at=now, stopped_at=now, hooks=())
    return DeploymentStep(_without_deployment(context, reason, halted=True), record, (_event(context.record, reason),))


def start_rollback(context: DeploymentContext) -> DeploymentStep:
    """The step that begins a rollback, or fails it where no deployment is left to return to."""
    reason = context.record.status_reason or rollback_reason("it was asked for")
    failed = _event(context.record, reason)
    candidate = _rollback_candidate(context)
    if candidate is None:
        record = context.updated_record(
            status=_S.ROLLBACK_FAILED, status_reason=NO_CANDIDATE, finished_at=context.now, hooks=()
        )
        service = _without_deployment(context, reason, halted=record.failed_by is not None)
        return DeploymentStep(service, record, (failed,))
    has_one_pool, configuration = context.record.has_one_pool, context.record.configuration
    record = context.updated_record(
        status=_S.ROLLBACK_IN_PROGRESS,
        stage=_first_rollback_stage(context.record),
        baking_since=None,
        hooks=() if has_one_pool else start_rollback_hooks(configuration, context.now, context.ids),
        rollback=Rollback(reason, context.now, revision_arn(context.service.arn, candidate.id)),
    )
    restored_deployment = replace(
        candidate,
        status=DeploymentStatus.PRIMARY,
        failed_tasks=0,
        retry_at=Instant(0),
        halted=False,
        rollout_state=RolloutState.IN_PROGRESS,
        rollout_state_reason=_rollback_state_reason(record.failed_by, candidate),
        updated_at=context.now,
    )
    failed_target = _with_failed_target(context, reason, halted=True)
    others = (replace(d, status=DeploymentStatus.ACTIVE) for d in failed_target if d.id != restored_deployment.id)
    return DeploymentStep(
        replace(context.service, deployments=(restored_deployment, *others)),
        record,
        (failed, f"rolling back to deployment {candidate.id}."),
    )


def abort(context: DeploymentContext) -> DeploymentStep:
    """The step that ends the deployment in its present state: each pool keeps its traffic and its tasks.

    Where old and new tasks share a pool, the pool keeps its desiredCount: a new revision without all its tasks starts
    no more, and the former tasks continue.
    """
    now, record = context.now, context.record
    is_halted = record.has_one_pool and not _has_all_tasks(record)
    stopped_record = context.updated_record(
        status=_S.STOPPED, status_reason=ABORTED, finished_at=now, stopped_at=now, hooks=()
    )
    return DeploymentStep(_without_deployment(context, ABORTED, halted=is_halted), stopped_record)


def complete(record: ServiceDeployment, now: Instant) -> ServiceDeployment:
    """The record of a deployment whose tasks are there and whose former tasks are gone."""
    rolled_back = record.status is _S.ROLLBACK_IN_PROGRESS
    status = _S.ROLLBACK_SUCCESSFUL if rolled_back else _S.SUCCESSFUL
    return replace(record, status=status, updated_at=now, finished_at=now, hooks=())


def _rollback_state_reason(monitor: Monitor | None, candidate: Deployment) -> str:
    return f"{_MONITOR_NAMES[monitor]}{'' if monitor is None else ':'} rolling back to deploymentId {candidate.id}."


def _event(record: ServiceDeployment, reason: str) -> str:
    """The event of a deployment's failure; AWS's texts for rolling deployments are shorter."""
    rolling = record.configuration.strategy is Strategy.ROLLING and record.failed_by is not None
    return f"(deployment {record.target}) deployment failed: {_SHORT_REASONS[record.failed_by] if rolling else reason}"


def _first_rollback_stage(record: ServiceDeployment) -> LifecycleStage | None:
    if not record.has_one_pool:
        return LifecycleStage.PRODUCTION_TRAFFIC_SHIFT
    return record.stage if record.stage is LifecycleStage.RECONCILE_SERVICE else None


def _has_all_tasks(record: ServiceDeployment) -> bool:
    """Whether the new revision had all its tasks already."""
    return record.baking_since is not None or record.stage in _AFTER_SCALE_UP


def _rollback_candidate(context: DeploymentContext) -> Deployment | None:
    """The deployment to return to: the one that has, or had, the production traffic.

    For a rolling deployment it is the last one that completed; it is created again from its revision when the service
    no longer lists it.
    """
    record, service = context.record, context.service
    candidates = [d for d in service.deployments if d.pool == record.source_pool and d.id != record.target]
    listed_deployments = {d.id for d in service.deployments}
    if record.has_one_pool and service.last_completed is None:
        return None
    if service.last_completed not in listed_deployments and record.has_one_pool:
        revisions = context.world.service_revisions.by("service", service.arn)
        settled = (r.deployment for r in revisions if r.deployment.id == service.last_completed)
        pool = record.source_pool
        return next((with_target_groups(service, replace(d, pool=pool), pool) for d in settled), None)
    return next((d for d in candidates if d.id == service.last_completed), candidates[0] if candidates else None)


def _without_deployment(context: DeploymentContext, reason: str, *, halted: bool = False) -> Service:
    """The service without a deployment under way; the target deployment is FAILED."""
    deployments = _with_failed_target(context, reason, halted=halted)
    return replace(context.service, deployments=deployments, current_deployment=None)


def _with_failed_target(context: DeploymentContext, reason: str, *, halted: bool) -> tuple[Deployment, ...]:
    """The service's deployments, with the target FAILED; ``halted``: the target starts no more tasks."""
    monitor = context.record.failed_by
    state_reason = reason if monitor is None else f"{_MONITOR_NAMES[monitor]}: {_SHORT_REASONS[monitor]}"
    failed = {
        "rollout_state": RolloutState.FAILED,
        "rollout_state_reason": state_reason,
        "halted": halted,
        "updated_at": context.now,
    }
    return tuple(replace(d, **failed) if d.id == context.record.target else d for d in context.service.deployments)
