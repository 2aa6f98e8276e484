"""A deployment: made when what a service's tasks are made from changes, and never changed after.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.api.ecs.proxy_rules import check_one_proxy
from moyai.api.ecs.registry_rules import check_registries
from moyai.api.operation import Context
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import Deployment, DeploymentStatus, NetworkConfiguration
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import Put, World
from moyai.kernel.ids import DeploymentId, ServiceArn
from moyai.plan.connect import Wish, resolve

_ID_DIGITS = 19


class Wanted(NamedTuple):
    """What a deployment's tasks are made from."""

    definition: TaskDefinition
    network: NetworkConfiguration | None
    service_connect: ServiceConnectConfiguration | None
    service_registries: tuple[ServiceRegistry, ...]

    @classmethod
    def of(cls, world: World, deployment: Deployment) -> Wanted:
        """What this deployment is made from."""
        return cls(
            world.task_definitions[deployment.task_definition],
            deployment.network_configuration,
            deployment.service_connect,
            deployment.service_registries,
        )


def start_deployment(
    ctx: Context, cluster: Cluster, service: ServiceArn, wanted: Wanted
) -> tuple[Deployment, list[Put]]:
    """A new PRIMARY deployment and the records to put with it. Raises what its names or registries have against it."""
    check_one_proxy(wanted.definition, wanted.service_connect)
    check_registries(ctx, service, wanted.service_registries, wanted.definition, wanted.network)
    wish = Wish(service, wanted.service_connect, wanted.definition, cluster.default_namespace)
    resolved = resolve(ctx.store.world, wish, ctx.now, ctx.ids)
    identifier = DeploymentId(f"ecs-svc/{ctx.ids.decimal(_ID_DIGITS)}")
    deployment = Deployment(
        id=identifier,
        status=DeploymentStatus.PRIMARY,
        task_definition=wanted.definition.arn,
        created_at=ctx.now,
        updated_at=ctx.now,
        network_configuration=wanted.network,
        service_connect=wanted.service_connect,
        view=resolved.view,
        service_registries=wanted.service_registries,
        rollout_state_reason=f"ECS deployment {identifier} in progress.",
    )
    return deployment, list(resolved.changes)
