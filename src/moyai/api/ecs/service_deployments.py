"""Service deployments: list, describe, stop, continue; and service revisions.

Promise: what is asked of a deployment is recorded here, and done by the scheduler. One that is cleaning up, or over,
can't be stopped any more.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html,
.../API_ContinueServiceDeployment.html, .../API_ListServiceDeployments.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.deployment_view import brief_view, service_deployment_view, service_revision_view
from moyai.api.ecs.lookup import active_cluster, service_arn
from moyai.api.ecs.paging import Ask, page
from moyai.api.operation import Context
from moyai.domain.ecs.errors import Conflict, InvalidParameter, ServiceDeploymentNotFound, ServiceNotFound
from moyai.domain.ecs.service_deployment import HookStatus, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookAction, LifecycleStage
from moyai.domain.keys import scope_of
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import HookId
from moyai.plan.strategy.ending import rolled_back_because
from moyai.plan.strategy.hooks import answered, waiting

_MAX_DESCRIBED = 20
_DEFAULT_PAGE = 20
_S = ServiceDeploymentStatus
_GOING_BACK = frozenset({_S.ROLLBACK_REQUESTED, _S.ROLLBACK_IN_PROGRESS})


class CreatedAt(msgspec.Struct, frozen=True):
    """A span of time; either end may be open."""

    before: Instant | None = None
    after: Instant | None = None


class ListServiceDeploymentsRequest(msgspec.Struct, frozen=True):
    """Input of ListServiceDeployments."""

    service: str
    cluster: str | None = None
    status: frozenset[ServiceDeploymentStatus] = frozenset()
    created_at: CreatedAt = CreatedAt()
    next_token: str | None = None
    max_results: int | None = None


class DescribeServiceDeploymentsRequest(msgspec.Struct, frozen=True):
    """Input of DescribeServiceDeployments."""

    service_deployment_arns: tuple[str, ...]


class DescribeServiceRevisionsRequest(msgspec.Struct, frozen=True):
    """Input of DescribeServiceRevisions."""

    service_revision_arns: tuple[str, ...]


class StopServiceDeploymentRequest(msgspec.Struct, frozen=True):
    """Input of StopServiceDeployment."""

    service_deployment_arn: str
    stop_type: str = "ROLLBACK"


class ContinueServiceDeploymentRequest(msgspec.Struct, frozen=True):
    """Input of ContinueServiceDeployment."""

    service_deployment_arn: str
    hook_id: HookId
    action: HookAction = HookAction.CONTINUE


def list_service_deployments(ctx: Context, request: ListServiceDeploymentsRequest) -> dict[str, object]:
    """A service's deployments, newest first."""
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    service = world.services.get(service_arn(cluster, request.service))
    if service is None or service.cluster != cluster.arn:
        raise ServiceNotFound
    before, after = request.created_at.before, request.created_at.after
    known = {d.arn: d for d in world.service_deployments.by("service", service.arn)}
    asked = [
        d.arn
        for d in known.values()
        if (not request.status or d.status in request.status)
        and (before is None or d.created_at < before)
        and (after is None or d.created_at > after)
    ]
    filters = (",".join(sorted(request.status)), str(before), str(after))
    ask = Ask(("ListServiceDeployments", service.arn, *filters), request.next_token, request.max_results, _DEFAULT_PAGE)
    times = {str(a): d.created_at for a, d in known.items()}
    found = page(asked, ask, rank=lambda key: (times.get(key, 0.0), key), descending=True)
    shown = (d for key in found.keys for d in known.values() if d.arn == key)
    return {"service_deployments": [brief_view(d) for d in shown], "next_token": found.next_token}


def describe_service_deployments(ctx: Context, request: DescribeServiceDeploymentsRequest) -> dict[str, object]:
    """Up to twenty service deployments."""
    asked = _checked(request.service_deployment_arns, "serviceDeploymentArns")
    found = {a: d for a in asked if (d := _known(ctx, a)) is not None}
    return {
        "service_deployments": [service_deployment_view(ctx.store.world, d) for d in found.values()],
        "failures": [{"arn": a, "reason": "MISSING"} for a in asked if a not in found],
    }


def describe_service_revisions(ctx: Context, request: DescribeServiceRevisionsRequest) -> dict[str, object]:
    """Up to twenty service revisions."""
    asked = _checked(request.service_revision_arns, "serviceRevisionArns")
    known = ctx.store.world.service_revisions
    found = {a: r for a in asked if (r := known.get(a)) is not None and scope_of(r.arn) == ctx.scope}
    return {
        "service_revisions": [service_revision_view(ctx.store.world, r) for r in found.values()],
        "failures": [{"arn": a, "reason": "MISSING"} for a in asked if a not in found],
    }


def stop_service_deployment(ctx: Context, request: StopServiceDeploymentRequest) -> dict[str, object]:
    """Have a deployment go back to what the service ran before, or stay as it is."""
    record = _under_way(ctx, request.service_deployment_arn)
    if request.stop_type == "ABORT":
        _check_can_stay(record)
        ctx.store.apply([Put(replace(record, status=_S.STOP_REQUESTED, updated_at=ctx.now))])
    elif record.status not in _GOING_BACK:
        _go_back(ctx, record, "StopServiceDeployment was called")
    return {"service_deployment_arn": record.arn}


def continue_service_deployment(ctx: Context, request: ContinueServiceDeploymentRequest) -> dict[str, object]:
    """Answer a hook that waits."""
    record = _known(ctx, request.service_deployment_arn)
    if record is None:
        raise ServiceDeploymentNotFound
    if record.status is not _S.IN_PROGRESS or request.hook_id not in _paused(record):
        raise InvalidParameter(
            f"The lifecycle hook {request.hook_id} is not awaiting action. DescribeServiceDeployments shows in"
            " lifecycleHookDetails which hooks are."
        )
    if request.action is HookAction.CONTINUE:
        hooks = answered(record, request.hook_id, HookStatus.SUCCEEDED)
        ctx.store.apply([Put(replace(record, hooks=hooks, updated_at=ctx.now))])
    else:
        failed = replace(record, hooks=answered(record, request.hook_id, HookStatus.FAILED))
        _go_back(ctx, failed, f"{record.stage} lifecycle hook {request.hook_id} was answered with ROLLBACK")
    return {"service_deployment_arn": record.arn}


def _paused(record: ServiceDeployment) -> set[HookId]:
    return {run.hook_id for run in waiting(record) if run.status is HookStatus.AWAITING_ACTION}


def _go_back(ctx: Context, record: ServiceDeployment, why: str) -> None:
    reason = rolled_back_because(why)
    ctx.store.apply([Put(replace(record, status=_S.ROLLBACK_REQUESTED, status_reason=reason, updated_at=ctx.now))])


def _under_way(ctx: Context, arn: str) -> ServiceDeployment:
    """The deployment. Raises ServiceDeploymentNotFound, and Conflict for one that can't be stopped any more."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "service-deployment":
        raise InvalidParameter(f"{arn} is not the ARN of a service deployment.")
    record = _known(ctx, arn)
    if record is None:
        raise ServiceDeploymentNotFound
    cleaning_up = record.stage is LifecycleStage.CLEAN_UP and record.status is _S.IN_PROGRESS
    if record.finished or cleaning_up:
        stage = f" in the stage {record.stage}" if cleaning_up else ""
        raise Conflict(f"The service deployment is {record.status}{stage} and can't be stopped any more.")
    return record


def _check_can_stay(record: ServiceDeployment) -> None:
    """Raises Conflict where nothing sensible would be left."""
    if record.status in {*_GOING_BACK, _S.STOP_REQUESTED} or record.stage is LifecycleStage.RECONCILE_SERVICE:
        raise Conflict(f"The service deployment is {record.status} in the stage {record.stage} and can't be aborted.")


def _checked(arns: tuple[str, ...], member: str) -> list[str]:
    if not arns:
        raise InvalidParameter(f"{member} cannot be empty.")
    if len(arns) > _MAX_DESCRIBED:
        raise InvalidParameter(f"{member} can have at most {_MAX_DESCRIBED} items.")
    return list(dict.fromkeys(arns))


def _known(ctx: Context, arn: str) -> ServiceDeployment | None:
    record = ctx.store.world.service_deployments.get(arn)
    return None if record is None or scope_of(record.arn) != ctx.scope else record
