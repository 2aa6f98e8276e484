"""Daemon deployments: list, describe; and daemon revisions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonDeployments.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.daemons.daemons import find_daemon
from moyai.api.ecs.daemons.view import brief_view, deployment_view, revision_view
from moyai.api.ecs.lookup import missing_failures
from moyai.api.ecs.paging import CreatedAt, PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.daemon import DaemonDeployment, DaemonDeploymentStatus, DaemonRevision
from moyai.domain.ecs.errors import DaemonNotFound, InvalidParameter
from moyai.domain.keys import scope_of

_MAX_DESCRIBED = 20


class ListDaemonDeploymentsRequest(PageRequest, frozen=True):
    daemon_arn: str
    status: frozenset[DaemonDeploymentStatus] = frozenset()
    created_at: CreatedAt = CreatedAt()


class DescribeDaemonDeploymentsRequest(msgspec.Struct, frozen=True):
    daemon_deployment_arns: tuple[str, ...]


class DescribeDaemonRevisionsRequest(msgspec.Struct, frozen=True):
    daemon_revision_arns: tuple[str, ...]


def list_daemon_deployments(ctx: Context, request: ListDaemonDeploymentsRequest) -> dict[str, object]:
    """A daemon's deployments, newest first."""
    try:
        daemon = find_daemon(ctx, request.daemon_arn)
    except DaemonNotFound as fault:  # not an error of this operation in AWS's model
        raise InvalidParameter(fault.message) from fault
    deployments: dict[str, DaemonDeployment] = {
        d.arn: d for d in ctx.store.world.daemon_deployments.by("daemon", daemon.arn)
    }
    matching = [
        d.arn
        for d in deployments.values()
        if (not request.status or d.status in request.status) and request.created_at.includes(d.created_at)
    ]
    filters = (",".join(sorted(request.status)), str(request.created_at))
    listing = ("ListDaemonDeployments", daemon.arn, *filters)

    def rank(key: str) -> tuple[float, str]:
        return (deployments[key].created_at if key in deployments else 0.0, key)

    page = paginate(matching, PageQuery(listing, request.next_token, request.max_results), rank, descending=True)
    return {
        "daemon_deployments": [brief_view(deployments[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def describe_daemon_deployments(ctx: Context, request: DescribeDaemonDeploymentsRequest) -> dict[str, object]:
    """Describe up to twenty daemon deployments."""
    world = ctx.store.world
    arns = _checked_arns(request.daemon_deployment_arns, "daemonDeploymentArns")
    present: dict[str, DaemonDeployment] = {
        a: d for a in arns if (d := world.daemon_deployments.get(a)) is not None and scope_of(a) == ctx.scope
    }
    return {
        "daemon_deployments": [deployment_view(world, record) for record in present.values()],
        "failures": missing_failures(arns, present),
    }


def describe_daemon_revisions(ctx: Context, request: DescribeDaemonRevisionsRequest) -> dict[str, object]:
    """Describe up to twenty daemon revisions."""
    world = ctx.store.world
    arns = _checked_arns(request.daemon_revision_arns, "daemonRevisionArns")
    present: dict[str, DaemonRevision] = {
        a: r for a in arns if (r := world.daemon_revisions.get(a)) is not None and scope_of(a) == ctx.scope
    }
    return {
        "daemon_revisions": [revision_view(world, revision) for revision in present.values()],
        "failures": missing_failures(arns, present),
    }


def _checked_arns(arns: tuple[str, ...], member: str) -> list[str]:
    if not 1 <= len(arns) <= _MAX_DESCRIBED:
        raise InvalidParameter(f"{member} must have between 1 and {_MAX_DESCRIBED} items.")
    return list(dict.fromkeys(arns))
