"""Managed daemons as the API would have recorded them; for tests."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.container_instance import ContainerInstance, Resources
from moyai.domain.ecs.daemon import Daemon, DaemonDeploymentConfiguration, DaemonRevision, DaemonStatus
from moyai.domain.ecs.family import DAEMON_TASK_DEFINITION
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, TaskDefinition
from moyai.domain.keys import family_key
from moyai.domain.own_tags import CAPACITY_PROVIDER
from moyai.domain.world import Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName, DaemonArn, TaskDefinitionArn
from moyai.plan.daemon.start import begin_deployment, new_deployment_arn, new_revision_arn
from moyai.testing.instances import instance
from moyai.testing.world import SCOPE, Builder, container

PROVIDER = CapacityProviderName("machines")


def provider_instance(
    build: Builder, provider: CapacityProviderName = PROVIDER, *, resources: Resources | None = None
) -> ContainerInstance:
    """Record a new instance of the capacity provider, which the cluster has from now on."""
    key = CapacityProviderArn(arn("ecs", SCOPE, f"capacity-provider/{provider}"))
    cluster = build.world.clusters[build.cluster()]
    providers = tuple(dict.fromkeys((*cluster.capacity_providers, provider)))
    record = instance(build, is_connected=False, resources=resources)
    record = replace(record, tags={CAPACITY_PROVIDER: provider})
    build.book.apply(
        [
            Put(CapacityProvider(arn=key, name=provider, created_at=build.clock.now(), auto_scaling_group="group")),
            Put(replace(cluster, capacity_providers=providers)),
            Put(record),
        ]
    )
    return record


def daemon_definition(build: Builder, family: str = "agent", *containers: ContainerDefinition) -> TaskDefinition:
    """Record the next revision of a daemon task definition."""
    key = family_key(SCOPE, family, DAEMON_TASK_DEFINITION)
    revision = 1 + build.world.task_definitions.count("family", key)
    definition = TaskDefinition(
        arn=TaskDefinitionArn(f"{key}:{revision}"),
        family=family,
        revision=revision,
        registered_at=build.clock.now(),
        registered_by="test",
        container_definitions=containers or (replace(container("agent"), cpu=128, memory=128),),
        network_mode=NetworkMode.HOST,
        compatibilities=("EC2",),
    )
    build.book.apply([Put(definition)])
    return definition


def deploy_daemon(
    build: Builder,
    definition: TaskDefinition,
    name: str = "agent",
    configuration: DaemonDeploymentConfiguration | None = None,
    **settings: object,
) -> DaemonArn:
    """Create the daemon, or update it, as CreateDaemon and UpdateDaemon do. ``settings``: fields of the revision."""
    now, key = build.clock.now(), DaemonArn(arn("ecs", SCOPE, f"daemon/default/{name}"))
    new = Daemon(
        arn=key,
        name=name,
        cluster=build.cluster(),
        created_at=now,
        updated_at=now,
        deployment=new_deployment_arn(key, build.ids),
    )
    daemon = replace(build.world.daemons.get(key) or new, deployment=new.deployment, updated_at=now)
    revision = DaemonRevision(
        arn=new_revision_arn(key, build.ids),
        daemon=key,
        cluster=daemon.cluster,
        task_definition=definition.arn,
        created_at=now,
        capacity_providers=(PROVIDER,),
    )
    revision = replace(revision, **settings)
    build.book.apply(
        [*begin_deployment(build.world, daemon, revision, configuration or DaemonDeploymentConfiguration(), now)]
    )
    return key


def delete_daemon(build: Builder, key: DaemonArn) -> None:
    """Delete the daemon, as DeleteDaemon does."""
    deleted = replace(
        build.world.daemons[key],
        status=DaemonStatus.DELETE_IN_PROGRESS,
        deployment=new_deployment_arn(key, build.ids),
    )
    build.book.apply(
        [*begin_deployment(build.world, deleted, None, DaemonDeploymentConfiguration(), build.clock.now())]
    )
