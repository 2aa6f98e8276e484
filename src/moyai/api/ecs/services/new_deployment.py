"""Creates the deployments of a service, and connects them to gateways. A deployment is created when the template of
its tasks changes, and never edited.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentAlarms.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-connect-service.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.api.ecs.services.load_balancer_rules import check_load_balancers
from moyai.api.ecs.services.registry_rules import check_registries
from moyai.api.ecs.task_definitions.proxy_rules import check_single_proxy
from moyai.api.operation import Context
from moyai.domain.cloudwatch.alarm import alarm_arn
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import GatewayConnector
from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import (
    Deployment,
    DeploymentConfiguration,
    DeploymentStatus,
    NetworkConfiguration,
    Service,
)
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.elb.errors import ElbFault
from moyai.domain.world import Change, Put, World
from moyai.kernel.ids import DeploymentId, ServiceArn
from moyai.plan.elb.new_records import Creation
from moyai.plan.ingress.connections import ConnectionRequest, connect_service
from moyai.plan.service_connect.resolution import ConnectRequest, resolve

_ID_DIGITS = 19


class TaskTemplate(NamedTuple):
    """The parts of a service that its tasks are created from; a change starts a deployment."""

    definition: TaskDefinition
    network: NetworkConfiguration | None
    service_connect: ServiceConnectConfiguration | None
    service_registries: tuple[ServiceRegistry, ...]
    load_balancers: tuple[ServiceLoadBalancer, ...] = ()
    gateway_connectors: tuple[GatewayConnector, ...] = ()

    @classmethod
    def of(cls, world: World, deployment: Deployment) -> TaskTemplate:
        """The template of this deployment."""
        return cls(
            world.task_definitions[deployment.task_definition],
            deployment.network_configuration,
            deployment.service_connect,
            deployment.service_registries,
            deployment.load_balancers,
            deployment.gateway_connectors,
        )


def checked_deployment(
    ctx: Context, cluster: Cluster, service: ServiceArn, template: TaskTemplate
) -> tuple[Deployment, list[Put]]:
    """A ``new_deployment`` of a template that is checked first. Raises the errors of its proxy, registries and load
    balancers, too.
    """
    check_single_proxy(template.definition, template.service_connect)
    check_registries(ctx, service, template.service_registries, template.definition, template.network)
    check_load_balancers(ctx, template.load_balancers, template.definition, template.network)
    return new_deployment(ctx, cluster, service, template)


def new_deployment(
    ctx: Context, cluster: Cluster, service: ServiceArn, template: TaskTemplate
) -> tuple[Deployment, list[Put]]:
    """A new PRIMARY deployment of a template, and the records to put with it. Raises the errors of its names."""
    request = ConnectRequest(service, template.service_connect, template.definition, cluster.default_namespace)
    resolution = resolve(ctx.store.world, request, ctx.now, ctx.ids)
    identifier = DeploymentId(f"ecs-svc/{ctx.ids.decimal(_ID_DIGITS)}")
    deployment = Deployment(
        id=identifier,
        status=DeploymentStatus.PRIMARY,
        task_definition=template.definition.arn,
        created_at=ctx.now,
        updated_at=ctx.now,
        network_configuration=template.network,
        service_connect=template.service_connect,
        view=resolution.view,
        service_registries=template.service_registries,
        load_balancers=template.load_balancers,
        gateway_connectors=template.gateway_connectors,
        rollout_state_reason=f"ECS deployment {identifier} in progress.",
    )
    return deployment, list(resolution.changes)


def check_alarms(ctx: Context, configuration: DeploymentConfiguration) -> None:
    """Raises InvalidParameter when an alarm that is to monitor the deployments does not exist."""
    alarms = configuration.alarms
    names = dict.fromkeys(alarms.alarm_names) if alarms.enable else ()
    unknown = [name for name in names if alarm_arn(ctx.scope, name) not in ctx.store.world.alarms]
    if unknown:
        raise InvalidParameter(f"The following alarms were not found: [{', '.join(unknown)}]")


def connected_deployment(
    ctx: Context, service: Service, template: TaskTemplate, deployment: Deployment, *, required: bool
) -> tuple[Deployment, tuple[Change, ...]]:
    """The deployment with its connections to the gateways of the cluster, and the changes that create them. Raises
    InvalidParameter, with ``required`` also when there is no gateway to connect to.
    """
    connection = ConnectionRequest(service, template.definition, template.network, template.gateway_connectors)
    creation = Creation(ctx.scope, ctx.now, ctx.ids)
    try:
        connections = connect_service(ctx.store.world, creation, connection, required=required)
    except ElbFault as fault:
        raise InvalidParameter(f"gatewayConnectors: the load balancer can't be made: {fault}.") from fault
    return replace(deployment, connections=connections.load_balancers), connections.changes
