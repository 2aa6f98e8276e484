"""How a service deployment ends: with success, on the way back, or cut off.

Promise: what a rollback goes back to has the production traffic again, acknowledged, before the new tasks stop.
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
from moyai.plan.strategy.begin import revision_arn
from moyai.plan.strategy.case import Case, Step
from moyai.plan.strategy.hooks import runs_back

NO_CANDIDATE = "No rollback candidate was found to run the rollback."
ABORTED = "Service deployment stopped because StopServiceDeployment was called with ABORT."
_NAME: Mapping[Monitor | None, str] = MappingProxyType(
    {
        None: "ECS deployment",
        Monitor.CIRCUIT_BREAKER: "ECS deployment circuit breaker",
        Monitor.ALARMS: "ECS deployment alarm",
    }
)
_SHORT: Mapping[Monitor | None, str] = MappingProxyType(
    {Monitor.CIRCUIT_BREAKER: "tasks failed to start.", Monitor.ALARMS: "alarm detected."}
)
_WHY: Mapping[Monitor, str] = MappingProxyType(
    {
        Monitor.CIRCUIT_BREAKER: "the circuit breaker threshold was exceeded",
        Monitor.ALARMS: "a CloudWatch alarm went to ALARM",
    }
)
_S = ServiceDeploymentStatus
_STAGES = tuple(LifecycleStage)
_AFTER_SCALE_UP = frozenset(_STAGES[_STAGES.index(LifecycleStage.SCALE_UP) + 1 :])


def rolled_back_because(why: str) -> str:
    """AWS's sentence."""
    return f"Service deployment rolled back because {why}."


def asked_back(case: Case, why: str) -> Step:
    """The deployment is to go back."""
    reason = rolled_back_because(why)
    return Step(case.service, replace(case.record, status=_S.ROLLBACK_REQUESTED, status_reason=reason))


def fail(case: Case, monitor: Monitor, *, back: bool) -> Step:
    """What watches the deployment has found that it fails; ``back``: it is to go back then."""
    found = replace(case, record=case.changed(failed_by=monitor))
    if back:
        return asked_back(found, _WHY[monitor])
    reason = f"Service deployment stopped because {_WHY[monitor]}."
    record = found.changed(status=_S.STOPPED, status_reason=reason, finished_at=case.now, stopped_at=case.now, hooks=())
    return Step(_given_up(found, reason, halted=True), record, (_failed(found.record, reason),))


def go_back(case: Case) -> Step:
    """The way back begins, or there is nothing to go back to."""
    reason = case.record.status_reason or rolled_back_because("it was asked for")
    failed = _failed(case.record, reason)
    candidate = _candidate(case)
    if candidate is None:
        record = case.changed(status=_S.ROLLBACK_FAILED, status_reason=NO_CANDIDATE, finished_at=case.now, hooks=())
        return Step(_given_up(case, reason, halted=record.failed_by is not None), record, (failed,))
    record = case.changed(
        status=_S.ROLLBACK_IN_PROGRESS,
        stage=_first_back(case.record),
        baking_since=None,
        hooks=() if case.record.alone else runs_back(case.record.configuration, case.now, case.ids),
        rollback=Rollback(reason, case.now, revision_arn(case.service.arn, candidate.id)),
    )
    back = replace(
        candidate,
        status=DeploymentStatus.PRIMARY,
        failed_tasks=0,
        retry_at=Instant(0),
        halted=False,
        rollout_state=RolloutState.IN_PROGRESS,
        rollout_state_reason=_rolling_back(record.failed_by, candidate),
        updated_at=case.now,
    )
    given_up = _with_failed(case, reason, halted=True)
    others = (replace(d, status=DeploymentStatus.ACTIVE) for d in given_up if d.id != back.id)
    return Step(
        replace(case.service, deployments=(back, *others)),
        record,
        (failed, f"rolling back to deployment {candidate.id}."),
    )


def _rolling_back(by: Monitor | None, to: Deployment) -> str:
    return f"{_NAME[by]}{'' if by is None else ':'} rolling back to deploymentId {to.id}."


def _failed(record: ServiceDeployment, reason: str) -> str:
    """The event that tells of a deployment's failure: AWS words those of rolling deployments shorter."""
    rolling = record.configuration.strategy is Strategy.ROLLING and record.failed_by is not None
    return f"(deployment {record.target}) deployment failed: {_SHORT[record.failed_by] if rolling else reason}"


def _first_back(record: ServiceDeployment) -> LifecycleStage | None:
    if not record.alone:
        return LifecycleStage.PRODUCTION_TRAFFIC_SHIFT
    return record.stage if record.stage is LifecycleStage.RECONCILE_SERVICE else None


def abort(case: Case) -> Step:
    """All stays as it is at this moment: each pool that has traffic keeps it, and its tasks. Within one pool there is a
    desiredCount to keep: a new revision that has not got there starts no task any more, and those before it go on.
    """
    record = case.changed(status=_S.STOPPED, status_reason=ABORTED, finished_at=case.now, stopped_at=case.now, hooks=())
    return Step(_given_up(case, ABORTED, halted=case.record.alone and not _there(case.record)), record)


def _there(record: ServiceDeployment) -> bool:
    """Whether the new revision had all its tasks already."""
    return record.baking_since is not None or record.stage in _AFTER_SCALE_UP


def completed(record: ServiceDeployment, now: Instant) -> ServiceDeployment:
    """The record of a deployment whose service has come to rest."""
    back = record.status is _S.ROLLBACK_IN_PROGRESS
    return replace(
        record,
        status=_S.ROLLBACK_SUCCESSFUL if back else _S.SUCCESSFUL,
        updated_at=now,
        finished_at=now,
        hooks=(),
    )


def _candidate(case: Case) -> Deployment | None:
    """What has, or had, the production traffic; of a rolling deployment, the last one that came to its end, which is
    made anew when nothing of it is left.
    """
    record, service = case.record, case.service
    at_home = [d for d in service.deployments if d.pool == record.home and d.id != record.target]
    listed = {d.id for d in service.deployments}
    if record.alone and service.settled is None:
        return None
    if service.settled not in listed and record.alone:
        revisions = case.world.service_revisions.by("service", service.arn)
        kept = (r.deployment for r in revisions if r.deployment.id == service.settled)
        return next((replace(d, pool=record.home) for d in kept), None)
    return next((d for d in at_home if d.id == service.settled), at_home[0] if at_home else None)


def _given_up(case: Case, reason: str, *, halted: bool = False) -> Service:
    return replace(case.service, deployments=_with_failed(case, reason, halted=halted), current_deployment=None)


def _with_failed(case: Case, reason: str, *, halted: bool) -> tuple[Deployment, ...]:
    """The service's deployments, the target one FAILED; ``halted``: no task of it is started any more."""
    by = case.record.failed_by
    told = reason if by is None else f"{_NAME[by]}: {_SHORT[by]}"
    return tuple(
        replace(
            d,
            rollout_state=RolloutState.FAILED,
            rollout_state_reason=told,
            halted=halted,
            updated_at=case.now,
        )
        if d.id == case.record.target
        else d
        for d in case.service.deployments
    )
