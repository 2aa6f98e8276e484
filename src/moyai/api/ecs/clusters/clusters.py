"""Clusters: create, describe, list, update, delete, and their capacity providers.

Promise: ``serviceConnectDefaults`` with an unknown name creates an HTTP namespace in the same step. The setting
containerInsights decides which metrics are recorded. A capacity provider that a service uses cannot be removed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html and its siblings.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.account_settings import effective
from moyai.api.ecs.clusters.capacity_providers import check_providers
from moyai.api.ecs.clusters.view import cluster_view
from moyai.api.ecs.launch.capacity_provider_strategy import check_items
from moyai.api.ecs.lookup import (
    DEFAULT_CLUSTER,
    NAME,
    active_cluster,
    check_described,
    cluster_arn,
    missing_failures,
    tag_rules,
)
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.cluster import (
    CapacityProviderStrategyItem,
    Cluster,
    ClusterConfiguration,
    ClusterSetting,
    ClusterStatus,
)
from moyai.domain.ecs.errors import (
    ClientException,
    ClusterContainsInstances,
    ClusterContainsServices,
    ClusterContainsTasks,
    InvalidParameter,
    NamespaceNotFound,
    ResourceInUse,
)
from moyai.domain.ecs.gateway import GatewayAssociation
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.keys import scope_key
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.ids import NamespaceArn
from moyai.plan.cloudmap.namespaces import find_namespace, new_http_namespace, not_shared
from moyai.plan.placement.managed_daemons import wanted_revision

_OVERRIDE = "OVERRIDE"
_INSIGHTS = "containerInsights"
_INSIGHTS_VALUES = frozenset({"enabled", "disabled", "enhanced"})
_LONGEST_NAMESPACE = 1024
_MAX_DESCRIBED = 100


class ServiceConnectDefaults(msgspec.Struct, frozen=True):
    """The default namespace of the cluster's services; empty for none."""

    namespace: str


class CreateClusterRequest(msgspec.Struct, frozen=True):
    cluster_name: str | None = None
    tags: tuple[Tag, ...] = ()
    settings: tuple[ClusterSetting, ...] = ()
    capacity_providers: tuple[str, ...] = ()
    default_capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    service_connect_defaults: ServiceConnectDefaults | None = None
    configuration: ClusterConfiguration | None = None


class DescribeClustersRequest(msgspec.Struct, frozen=True):
    clusters: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()


class UpdateClusterRequest(msgspec.Struct, frozen=True):
    cluster: str
    settings: tuple[ClusterSetting, ...] = ()
    service_connect_defaults: ServiceConnectDefaults | None = None
    configuration: ClusterConfiguration | None = None


class UpdateClusterSettingsRequest(msgspec.Struct, frozen=True):
    cluster: str
    settings: tuple[ClusterSetting, ...]


class DeleteClusterRequest(msgspec.Struct, frozen=True):
    cluster: str


class PutClusterCapacityProvidersRequest(msgspec.Struct, frozen=True):
    cluster: str
    capacity_providers: tuple[str, ...]
    default_capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...]


def create_cluster(ctx: Context, request: CreateClusterRequest) -> dict[str, object]:
    """Create a cluster, or return the ACTIVE one of this name unchanged."""
    name = DEFAULT_CLUSTER if request.cluster_name is None else request.cluster_name
    if not NAME.fullmatch(name):
        raise InvalidParameter("clusterName must be 1-255 letters, digits, underscores and hyphens.")
    key = cluster_arn(ctx.scope, name)
    existing = ctx.store.world.clusters.get(key)
    if existing is not None and existing.status is ClusterStatus.ACTIVE:
        return {"cluster": cluster_view(ctx.store.world, existing, frozenset({"CONFIGURATIONS", "SETTINGS", "TAGS"}))}
    providers = check_providers(ctx, request.capacity_providers)
    check_items(request.default_capacity_provider_strategy, providers, of_cluster=True)
    namespace, changes = _default_namespace(ctx, request.service_connect_defaults, None)
    insights = effective(ctx.store.world, ctx.scope, ctx.principal, _INSIGHTS)
    cluster = Cluster(
        arn=key,
        name=name,
        created_at=ctx.now,
        settings=_settings((ClusterSetting(_INSIGHTS, insights),), request.settings),
        capacity_providers=providers,
        default_capacity_provider_strategy=request.default_capacity_provider_strategy,
        default_namespace=namespace,
        configuration=_configuration(request.configuration),
        tags=checked_tags(tag_rules("cluster"), request.tags),
    )
    return _save(ctx, cluster, changes)


def update_cluster(ctx: Context, request: UpdateClusterRequest) -> dict[str, object]:
    """Change the settings, the configuration and the default namespace of a cluster."""
    cluster = active_cluster(ctx, request.cluster)
    namespace, changes = _default_namespace(ctx, request.service_connect_defaults, cluster.default_namespace)
    settings = _settings(cluster.settings, request.settings)
    configuration = _configuration(request.configuration) or cluster.configuration
    changed = replace(cluster, settings=settings, default_namespace=namespace, configuration=configuration)
    return _save(ctx, changed, changes)


def update_cluster_settings(ctx: Context, request: UpdateClusterSettingsRequest) -> dict[str, object]:
    """Change the settings of a cluster."""
    cluster = active_cluster(ctx, request.cluster)
    return _save(ctx, replace(cluster, settings=_settings(cluster.settings, request.settings)), [])


def put_cluster_capacity_providers(ctx: Context, request: PutClusterCapacityProvidersRequest) -> dict[str, object]:
    """Replace the cluster's capacity providers and its default strategy."""
    cluster = active_cluster(ctx, request.cluster)
    providers = check_providers(ctx, request.capacity_providers)
    check_items(request.default_capacity_provider_strategy, providers, of_cluster=True)
    _check_unused(ctx, cluster, providers)
    changed_cluster = replace(
        cluster,
        capacity_providers=providers,
        default_capacity_provider_strategy=request.default_capacity_provider_strategy,
    )
    return _save(ctx, changed_cluster, [])


def delete_cluster(ctx: Context, request: DeleteClusterRequest) -> dict[str, object]:
    """Make an empty cluster INACTIVE."""
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    if any(s.status is not ServiceStatus.INACTIVE for s in world.services.by("cluster", cluster.arn)):
        raise ClusterContainsServices
    if any(not t.stopped for t in world.tasks.by("cluster", cluster.arn)):
        raise ClusterContainsTasks
    if any(not i.gone for i in world.container_instances.by("cluster", cluster.arn)):
        raise ClusterContainsInstances
    if world.daemons.count("cluster", cluster.arn):
        raise ClientException("The Cluster cannot be deleted while Daemons are active.")
    associations = world.gateway_associations.by("cluster", cluster.arn)
    deletions: list[Change] = [Delete(GatewayAssociation, association.key) for association in associations]
    return _save(ctx, replace(cluster, status=ClusterStatus.INACTIVE, inactive_at=ctx.now), deletions)


def describe_clusters(ctx: Context, request: DescribeClustersRequest) -> dict[str, object]:
    """Describe clusters, INACTIVE ones too; by default the cluster ``default``."""
    check_described(request.clusters, "Clusters", _MAX_DESCRIBED)
    arns = dict.fromkeys(cluster_arn(ctx.scope, c) for c in request.clusters or (DEFAULT_CLUSTER,))
    table = ctx.store.world.clusters
    return {
        "clusters": [cluster_view(ctx.store.world, table[a], request.include) for a in arns if a in table],
        "failures": missing_failures(arns, table),
    }


def list_clusters(ctx: Context, request: PageRequest) -> dict[str, object]:
    """The ARNs of the ACTIVE clusters."""
    clusters = ctx.store.world.clusters.by("scope", scope_key(ctx.scope))
    active = (c.arn for c in clusters if c.status is ClusterStatus.ACTIVE)
    page = paginate(active, PageQuery(("ListClusters",), request.next_token, request.max_results))
    return {"cluster_arns": page.keys, "next_token": page.next_token}


def _save(ctx: Context, cluster: Cluster, changes: list[Change]) -> dict[str, object]:
    ctx.store.apply([*changes, Put(cluster)])
    return {"cluster": cluster_view(ctx.store.world, cluster, frozenset({"CONFIGURATIONS", "SETTINGS", "TAGS"}))}


def _default_namespace(
    ctx: Context, defaults: ServiceConnectDefaults | None, current: NamespaceArn | None
) -> tuple[NamespaceArn | None, list[Change]]:
    """The requested default namespace, and the change that creates it when it does not exist."""
    if defaults is None:
        return current, []
    name = defaults.namespace
    if not name:
        return None, []
    existing = find_namespace(ctx.store.world, ctx.scope, name)
    if existing is not None:
        return existing.arn, []
    denied = not_shared(ctx.scope, name)
    if denied is not None:
        raise ClientException(denied)
    if name.startswith("arn:"):
        raise NamespaceNotFound(f"The namespace {name} was not found.")
    if len(name) > _LONGEST_NAMESPACE or not all("!" <= c <= "~" and c not in '><"/' for c in name):
        raise InvalidParameter(
            f"The namespace's name must be up to {_LONGEST_NAMESPACE} printable ASCII characters without spaces and"
            ' without > < " and /.'
        )
    namespace = new_http_namespace(ctx.scope, name, ctx.now, ctx.ids)
    return namespace.arn, [Put(namespace)]


def _settings(current: Sequence[ClusterSetting], changes: Sequence[ClusterSetting]) -> tuple[ClusterSetting, ...]:
    for setting in changes:
        if setting.name != _INSIGHTS or setting.value not in _INSIGHTS_VALUES:
            raise InvalidParameter(
                f"The setting {setting.name} can't be {setting.value!r}: {_INSIGHTS} is one of"
                f" {', '.join(sorted(_INSIGHTS_VALUES))}."
            )
    merged = {s.name: s for s in (*current, *changes)}
    return tuple(merged.values())


def _configuration(configuration: ClusterConfiguration | None) -> ClusterConfiguration | None:
    """The configuration as it is kept. Raises InvalidParameter."""
    sessions = None if configuration is None else configuration.execute_command_configuration
    if sessions is None:
        return configuration
    if sessions.logging == _OVERRIDE and sessions.log_configuration is None:
        raise InvalidParameter("executeCommandConfiguration.logConfiguration must be specified with logging OVERRIDE.")
    if sessions.logging != _OVERRIDE and sessions.log_configuration is not None:
        raise InvalidParameter("executeCommandConfiguration.logConfiguration is for logging OVERRIDE only.")
    return configuration


def _check_unused(ctx: Context, cluster: Cluster, providers: Sequence[str]) -> None:
    """Raises ResourceInUse when a service or a daemon uses a provider that is not among these."""
    world = ctx.store.world
    services = world.services.by("cluster", cluster.arn)
    items = (i for s in services if s.status is not ServiceStatus.INACTIVE for i in s.capacity_provider_strategy)
    revisions = (wanted_revision(world, daemon) for daemon in world.daemons.by("cluster", cluster.arn))
    of_daemons = (name for r in revisions if r is not None for name in r.capacity_providers)
    if any(name not in providers for name in (*(item.capacity_provider for item in items), *of_daemons)):
        raise ResourceInUse("The specified capacity provider is in use and cannot be removed.")
