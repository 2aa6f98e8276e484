"""Service deployments: list, describe, stop, continue; and service revisions.

Promise: these operations record a request, and the scheduler acts on it. A deployment that is in the stage CLEAN_UP or
finished cannot be stopped.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html,
.../API_ContinueServiceDeployment.html, .../API_ListServiceDeployments.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import active_cluster, check_described, missing_failures, service_arn
from moyai.api.ecs.paging import CreatedAt, PageQuery, paginate
from moyai.api.ecs.services.deployment_view import brief_view, service_deployment_view, service_revision_view
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.errors import Conflict, InvalidParameter, ServiceDeploymentNotFound, ServiceNotFound
from moyai.domain.ecs.service_deployment import HookStatus, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookAction, LifecycleStage
from moyai.domain.keys import scope_of
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import HookId
from moyai.plan.strategy.context import rollback_reason
from moyai.plan.strategy.hooks import answer_hook, unanswered_hooks

_MAX_DESCRIBED = 20
_DEFAULT_PAGE = 20
_S = ServiceDeploymentStatus
_ROLLING_BACK = frozenset({_S.ROLLBACK_REQUESTED, _S.ROLLBACK_IN_PROGRESS})


class ListServiceDeploymentsRequest(PageRequest, frozen=True):
    service: str
    cluster: str | None = None
    status: frozenset[ServiceDeploymentStatus] = frozenset()
    created_at: CreatedAt = CreatedAt()


class DescribeServiceDeploymentsRequest(msgspec.Struct, frozen=True):
    service_deployment_arns: tuple[str, ...]


class DescribeServiceRevisionsRequest(msgspec.Struct, frozen=True):
    service_revision_arns: tuple[str, ...]


class StopServiceDeploymentRequest(msgspec.Struct, frozen=True):
    service_deployment_arn: str
    stop_type: str = "ROLLBACK"


class ContinueServiceDeploymentRequest(msgspec.Struct, frozen=True):
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
    deployments = {d.arn: d for d in world.service_deployments.by("service", service.arn)}
    matching = [
        d.arn
        for d in deployments.values()
        if (not request.status or d.status in request.status) and request.created_at.includes(d.created_at)
    ]
    filters = (",".join(sorted(request.status)), str(request.created_at))
    query = PageQuery(
        ("ListServiceDeployments", service.arn, *filters), request.next_token, request.max_results, _DEFAULT_PAGE
    )
    times = {str(a): d.created_at for a, d in deployments.items()}
    page = paginate(matching, query, rank=lambda key: (times.get(key, 0.0), key), descending=True)
    on_page = (d for key in page.keys for d in deployments.values() if d.arn == key)
    return {"service_deployments": [brief_view(d) for d in on_page], "next_token": page.next_token}


def describe_service_deployments(ctx: Context, request: DescribeServiceDeploymentsRequest) -> dict[str, object]:
    """Describe up to twenty service deployments."""
    arns = _checked_arns(request.service_deployment_arns, "serviceDeploymentArns")
    deployments = {a: d for a in arns if (d := _find(ctx, a)) is not None}
    return {
        "service_deployments": [service_deployment_view(ctx.store.world, d) for d in deployments.values()],
        "failures": missing_failures(arns, deployments),
    }


def describe_service_revisions(ctx: Context, request: DescribeServiceRevisionsRequest) -> dict[str, object]:
    """Describe up to twenty service revisions."""
    arns = _checked_arns(request.service_revision_arns, "serviceRevisionArns")
    table = ctx.store.world.service_revisions
    revisions = {a: r for a in arns if (r := table.get(a)) is not None and scope_of(r.arn) == ctx.scope}
    return {
        "service_revisions": [service_revision_view(ctx.store.world, r) for r in revisions.values()],
        "failures": missing_failures(arns, revisions),
    }


def stop_service_deployment(ctx: Context, request: StopServiceDeploymentRequest) -> dict[str, object]:
    """Roll a deployment back, or abort it where it is."""
    record = _stoppable(ctx, request.service_deployment_arn)
    if request.stop_type == "ABORT":
        _check_abortable(record)
        ctx.store.apply([Put(replace(record, status=_S.STOP_REQUESTED, updated_at=ctx.now))])
    elif record.status not in _ROLLING_BACK:
        _request_rollback(ctx, record, "StopServiceDeployment was called")
    return {"service_deployment_arn": record.arn}


def continue_service_deployment(ctx: Context, request: ContinueServiceDeploymentRequest) -> dict[str, object]:
    """Answer a lifecycle hook that is paused: continue, or roll back."""
    record = _find(ctx, request.service_deployment_arn)
    if record is None:
        raise ServiceDeploymentNotFound
    if record.status is not _S.IN_PROGRESS or request.hook_id not in _paused_hooks(record):
        raise InvalidParameter(
            f"The lifecycle hook {request.hook_id} is not awaiting action. DescribeServiceDeployments shows in"
            " lifecycleHookDetails which hooks are."
        )
    if request.action is HookAction.CONTINUE:
        hooks = answer_hook(record, request.hook_id, HookStatus.SUCCEEDED)
        ctx.store.apply([Put(replace(record, hooks=hooks, updated_at=ctx.now))])
    else:
        failed = replace(record, hooks=answer_hook(record, request.hook_id, HookStatus.FAILED))
        _request_rollback(ctx, failed, f"{record.stage} lifecycle hook {request.hook_id} was answered with ROLLBACK")
    return {"service_deployment_arn": record.arn}


def _paused_hooks(record: ServiceDeployment) -> set[HookId]:
    return {run.hook_id for run in unanswered_hooks(record) if run.status is HookStatus.AWAITING_ACTION}


def _request_rollback(ctx: Context, record: ServiceDeployment, why: str) -> None:
    reason = rollback_reason(why)
    ctx.store.apply([Put(replace(record, status=_S.ROLLBACK_REQUESTED, status_reason=reason, updated_at=ctx.now))])


def _stoppable(ctx: Context, arn: str) -> ServiceDeployment:
    """A deployment that can be stopped. Raises ServiceDeploymentNotFound or Conflict."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "service-deployment":
        raise InvalidParameter(f"{arn} is not the ARN of a service deployment.")
    record = _find(ctx, arn)
    if record is None:
        raise ServiceDeploymentNotFound
    cleaning_up = record.stage is LifecycleStage.CLEAN_UP and record.status is _S.IN_PROGRESS
    if record.finished or cleaning_up:
        stage = f" in the stage {record.stage}" if cleaning_up else ""
        raise Conflict(f"The service deployment is {record.status}{stage} and can't be stopped any more.")
    return record


def _check_abortable(record: ServiceDeployment) -> None:
    """Raises Conflict for a deployment that would leave the service in no useful state."""
    if record.status in {*_ROLLING_BACK, _S.STOP_REQUESTED} or record.stage is LifecycleStage.RECONCILE_SERVICE:
        raise Conflict(f"The service deployment is {record.status} in the stage {record.stage} and can't be aborted.")


def _checked_arns(arns: tuple[str, ...], member: str) -> list[str]:
    check_described(arns, member, _MAX_DESCRIBED, required=True)
    return list(dict.fromkeys(arns))


def _find(ctx: Context, arn: str) -> ServiceDeployment | None:
    record = ctx.store.world.service_deployments.get(arn)
    return None if record is None or scope_of(record.arn) != ctx.scope else record
