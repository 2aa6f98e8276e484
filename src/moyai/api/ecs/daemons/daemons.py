"""Daemons: create, update, delete, describe, list.

Promise: these operations record what is wanted; the daemon's scheduler starts and stops tasks. An update replaces the
whole configuration: what a request leaves out has its default. On AWS, daemons run on managed instances only; here they
run on capacity providers with container instances.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-create-manage.html
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.clusters.capacity_providers import check_providers, provider_arn
from moyai.api.ecs.daemons.view import daemon_view, summary_view
from moyai.api.ecs.lookup import NAME, active_cluster, find_definition, tag_rules
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.daemon import (
    Daemon,
    DaemonDeploymentConfiguration,
    DaemonPropagateTags,
    DaemonRevision,
    DaemonStatus,
)
from moyai.domain.ecs.errors import ClientException, DaemonNotActive, DaemonNotFound, InvalidParameter
from moyai.domain.ecs.family import DAEMON_TASK_DEFINITION
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import CapacityProviderName, DaemonArn
from moyai.plan.daemon.start import begin_deployment, new_deployment_arn, new_revision_arn
from moyai.plan.placement.choose import FARGATE_PROVIDERS
from moyai.plan.placement.managed_daemons import wanted_revision

_LONGEST_TOKEN = 36
_ALL_PERCENT = 100
_LONGEST_BAKE = 1440
_MOST_ALARMS = 10
_MOST_PROVIDERS = 20
_MOST_DAEMONS = 100


class DaemonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The input that CreateDaemon and UpdateDaemon share: the configuration of a revision and of its deployment."""

    daemon_task_definition_arn: str
    capacity_provider_arns: tuple[str, ...]
    deployment_configuration: DaemonDeploymentConfiguration = DaemonDeploymentConfiguration()
    propagate_tags: DaemonPropagateTags = DaemonPropagateTags.NONE
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    critical: bool = True


class CreateDaemonRequest(DaemonSettings, frozen=True, kw_only=True):
    daemon_name: str
    cluster_arn: str | None = None
    tags: tuple[Tag, ...] = ()
    client_token: str | None = None


class UpdateDaemonRequest(DaemonSettings, frozen=True, kw_only=True):
    daemon_arn: str


class DeleteDaemonRequest(msgspec.Struct, frozen=True):
    daemon_arn: str


class DescribeDaemonRequest(msgspec.Struct, frozen=True):
    daemon_arn: str


class ListDaemonsRequest(PageRequest, frozen=True):
    cluster_arn: str | None = None
    capacity_provider_arns: tuple[str, ...] = ()


def create_daemon(ctx: Context, request: CreateDaemonRequest) -> dict[str, object]:
    """Create a daemon, and start its first deployment."""
    token = fingerprint(request.client_token, request, longest=_LONGEST_TOKEN, fault=InvalidParameter)
    cluster = active_cluster(ctx, request.cluster_arn)
    if not NAME.fullmatch(request.daemon_name):
        raise InvalidParameter("daemonName must be 1-255 letters, digits, underscores and hyphens.")
    world = ctx.store.world
    key = DaemonArn(arn("ecs", ctx.scope, f"daemon/{cluster.name}/{request.daemon_name}"))
    existing = world.daemons.get(key)
    if existing is not None:
        if token is None or existing.client_token != token:
            raise InvalidParameter("Creation of daemon was not idempotent.")
        return _response(existing)
    if world.daemons.count("cluster", cluster.arn) >= _MOST_DAEMONS:
        raise InvalidParameter(f"A cluster can have at most {_MOST_DAEMONS} daemons here.")
    daemon = Daemon(
        arn=key,
        name=request.daemon_name,
        cluster=cluster.arn,
        created_at=ctx.now,
        updated_at=ctx.now,
        deployment=new_deployment_arn(key, ctx.ids),
        client_token=token,
        tags=checked_tags(tag_rules("daemon"), request.tags),
    )
    return _deploy(ctx, cluster, daemon, request)


def update_daemon(ctx: Context, request: UpdateDaemonRequest) -> dict[str, object]:
    """Start a deployment of a new revision."""
    daemon = _active_daemon(ctx, request.daemon_arn)
    cluster = active_cluster(ctx, daemon.cluster)
    updated = replace(daemon, deployment=new_deployment_arn(daemon.arn, ctx.ids), updated_at=ctx.now)
    return _deploy(ctx, cluster, updated, request) | {"updated_at": updated.updated_at}


def delete_daemon(ctx: Context, request: DeleteDaemonRequest) -> dict[str, object]:
    """Start the deployment that removes all tasks, and then the daemon."""
    daemon = _active_daemon(ctx, request.daemon_arn)
    deleted = replace(
        daemon,
        status=DaemonStatus.DELETE_IN_PROGRESS,
        deployment=new_deployment_arn(daemon.arn, ctx.ids),
        updated_at=ctx.now,
    )
    ctx.store.apply([*begin_deployment(ctx.store.world, deleted, None, DaemonDeploymentConfiguration(), ctx.now)])
    return _response(deleted) | {"updated_at": deleted.updated_at}


def describe_daemon(ctx: Context, request: DescribeDaemonRequest) -> dict[str, object]:
    """Describe a daemon, with the revisions that its instances have."""
    return {"daemon": daemon_view(ctx.store.world, find_daemon(ctx, request.daemon_arn))}


def list_daemons(ctx: Context, request: ListDaemonsRequest) -> dict[str, object]:
    """The daemons of a cluster, by name."""
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster_arn)
    providers = {provider_arn(ctx.scope, provider) for provider in request.capacity_provider_arns}

    def matches(daemon: Daemon) -> bool:
        revision = wanted_revision(world, daemon)
        of_daemon = () if revision is None else revision.capacity_providers
        return not providers or any(provider_arn(ctx.scope, name) in providers for name in of_daemon)

    keys = [daemon.arn for daemon in world.daemons.by("cluster", cluster.arn) if matches(daemon)]
    listing = ("ListDaemons", cluster.arn, *sorted(providers))
    page = paginate(keys, PageQuery(listing, request.next_token, request.max_results))
    return {
        "daemon_summaries_list": [summary_view(world.daemons[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def _deploy(ctx: Context, cluster: Cluster, daemon: Daemon, settings: DaemonSettings) -> dict[str, object]:
    definition = _definition(ctx, settings.daemon_task_definition_arn)
    providers = _checked_providers(ctx, cluster, settings.capacity_provider_arns)
    _check_configuration(settings.deployment_configuration)
    revision = DaemonRevision(
        arn=new_revision_arn(daemon.arn, ctx.ids),
        daemon=daemon.arn,
        cluster=cluster.arn,
        task_definition=definition.arn,
        created_at=ctx.now,
        capacity_providers=providers,
        critical=settings.critical,
        propagate_tags=settings.propagate_tags,
        enable_ecs_managed_tags=settings.enable_ecs_managed_tags,
        enable_execute_command=settings.enable_execute_command,
    )
    configuration = settings.deployment_configuration
    ctx.store.apply([*begin_deployment(ctx.store.world, daemon, revision, configuration, ctx.now)])
    return _response(daemon)


def _response(daemon: Daemon) -> dict[str, object]:
    return {
        "daemon_arn": daemon.arn,
        "status": daemon.status,
        "created_at": daemon.created_at,
        "deployment_arn": daemon.deployment,
    }


def find_daemon(ctx: Context, key: str) -> Daemon:
    """The daemon with this ARN. Raises InvalidParameter, ClusterNotFound or DaemonNotFound."""
    parsed = parse_arn(key)
    if parsed is None or parsed.service != "ecs" or parsed.kind != "daemon" or len(parsed.path) != 2:  # noqa: PLR2004
        raise InvalidParameter("daemonArn must be the ARN of a daemon: …:daemon/<cluster>/<name>.")
    if parsed.scope != ctx.scope:
        raise DaemonNotFound
    active_cluster(ctx, parsed.path[0])
    daemon = ctx.store.world.daemons.get(key)
    if daemon is None:
        raise DaemonNotFound
    return daemon


def _active_daemon(ctx: Context, key: str) -> Daemon:
    daemon = find_daemon(ctx, key)
    if daemon.status is not DaemonStatus.ACTIVE:
        raise DaemonNotActive
    return daemon


def _definition(ctx: Context, identifier: str) -> TaskDefinition:
    definition = find_definition(ctx.store.world, ctx.scope, identifier, DAEMON_TASK_DEFINITION)
    if definition is None:
        raise ClientException("Daemon task definition not found.")
    if definition.status is not TaskDefinitionStatus.ACTIVE:
        raise ClientException("Daemon task definition is inactive")
    return definition


def _checked_providers(ctx: Context, cluster: Cluster, identifiers: Sequence[str]) -> tuple[CapacityProviderName, ...]:
    """The names of the capacity providers. Raises InvalidParameter."""
    if not 1 <= len(identifiers) <= _MOST_PROVIDERS:
        raise InvalidParameter(f"capacityProviderArns must have between 1 and {_MOST_PROVIDERS} items.")
    names = tuple(dict.fromkeys(check_providers(ctx, identifiers)))
    for name in names:
        if name in FARGATE_PROVIDERS:
            raise InvalidParameter(
                f"Daemons are not supported on the capacity provider {name}. Specify a capacity provider with"
                " container instances."
            )
        if name not in cluster.capacity_providers:
            raise InvalidParameter(
                f"The capacity provider {name} is not associated with the cluster {cluster.name}. Associate it with"
                " PutClusterCapacityProviders and try again."
            )
    return tuple(map(CapacityProviderName, names))


def _check_configuration(configuration: DaemonDeploymentConfiguration) -> None:
    """Raises InvalidParameter."""
    if not 0 <= configuration.drain_percent <= _ALL_PERCENT:  # the model's range lets NaN pass
        raise InvalidParameter(f"drainPercent must be between 0 and {_ALL_PERCENT}.")
    bake = configuration.bake_time_in_minutes
    if not 0 <= bake <= _LONGEST_BAKE:
        raise InvalidParameter(f"bakeTimeInMinutes must be between 0 and {_LONGEST_BAKE}.")
    names = configuration.alarms.alarm_names
    if len(names) > _MOST_ALARMS:
        raise InvalidParameter(f"alarmNames can have at most {_MOST_ALARMS} items.")
    if configuration.alarms.enable and not names:
        raise InvalidParameter("alarmNames must name an alarm when alarms are enabled.")
    if any(not name or not name.isprintable() or len(name) > 255 for name in names):  # noqa: PLR2004
        raise InvalidParameter("alarmNames must be names of CloudWatch alarms, of 1 to 255 characters.")
