"""The records of a new Express service, put together from its settings.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.api.ecs.express.definition import main_port
from moyai.api.ecs.express.lookup import ExpressRecords
from moyai.api.ecs.express.network import ServicePlace, one_of_each_zone, place_of
from moyai.api.ecs.express.requests import CreateExpressGatewayServiceRequest
from moyai.api.ecs.express.settings import health_check_of
from moyai.api.ecs.launch.options import LaunchOptions, resolve_launch_options, with_launch_options
from moyai.api.ecs.lookup import service_arn, tag_rules
from moyai.api.ecs.services.new_deployment import TaskTemplate, new_deployment
from moyai.api.operation import Context
from moyai.api.tagging import checked_tags
from moyai.domain.cloudwatch.alarm import alarm_arn
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.express import MAIN, ExpressConfiguration, ExpressService, express_pool
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.load_balancer import AdvancedConfiguration, ServiceLoadBalancer
from moyai.domain.ecs.placement import ENABLED
from moyai.domain.ecs.service import DeploymentConfiguration, Service, ServiceLog
from moyai.domain.ecs.strategy import CanaryConfiguration, DeploymentAlarms, Strategy
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.elb.errors import ElbFault
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.quotas import SECURITY_GROUPS
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.world import Change, Put
from moyai.plan.ingress.express import new_service_group, put_rollback_alarm, rollback_alarm_name, scale_express
from moyai.plan.ingress.paths import PathTemplate, open_path
from moyai.plan.ingress.shared_balancer import BalancerTemplate, managed_creation
from moyai.plan.strategy.start import begin_deployment
from moyai.plan.task.launch import FARGATE

_BALANCER_NAME: Final = "ecs-express-gateway-alb"
_CANARY_PERCENT: Final = 5.0
_BAKE_MINUTES: Final = 3
_NEW_GROUPS: Final = 2


def new_express_records(
    ctx: Context,
    cluster: Cluster,
    name: str,
    request: CreateExpressGatewayServiceRequest,
    definition: TaskDefinition,
    configuration: ExpressConfiguration,
) -> tuple[ExpressRecords, list[Change]]:
    """The records of a service, and the changes that store all of its records but the ExpressService, which the caller
    completes and stores. Raises InvalidParameter.
    """
    world, creation = ctx.store.world, managed_creation(ctx.scope, ctx.now, ctx.ids)
    place, port = place_of(ctx, configuration.network, definition), main_port(definition)
    service = _new_service(ctx, cluster, name, request, configuration)
    service = with_launch_options(
        service, resolve_launch_options(ctx, cluster, definition, LaunchOptions(launch_type=FARGATE))
    )
    path, path_changes = _open_path(
        ctx, place, PathTemplate(service, place.access, port, health_check_of(configuration))
    )
    group = new_service_group(creation, place.vpc, name, path.balancer_group)
    network = place.network((*configuration.network.security_groups, group.id))
    balancers = load_balancers_of(path, port, request.infrastructure_role_arn)
    template = TaskTemplate(definition, network, None, (), balancers)
    deployment, names = new_deployment(ctx, cluster, service.arn, template)
    service, deployment_changes = begin_deployment(world, service, deployment, ctx.now, ctx.ids)
    policy, scaling = scale_express(world, creation, service, path, configuration.scaling)
    alarm = put_rollback_alarm(world, creation, service, path)
    express = ExpressService(
        service=service.arn,
        infrastructure_role=request.infrastructure_role_arn,
        vpc=place.vpc.id,
        security_group=group.id,
        policy=policy.arn,
        alarm=alarm_arn(ctx.scope, rollback_alarm_name(service.arn)),
        updated_at=ctx.now,
        configurations={service.primary.id: configuration},
    )
    own = (Put(service), Put(ServiceLog(service.arn)), Put(group))
    changes = [*path_changes, *own, *names, *deployment_changes, *scaling, *alarm]
    return ExpressRecords(cluster, service, express, path), changes


def load_balancers_of(path: IngressPath, port: int, role: str) -> tuple[ServiceLoadBalancer, ...]:
    """The load balancer settings with which a container that listens on the port gets the requests of the path."""
    first, alternate = path.target_groups
    return (ServiceLoadBalancer(first, MAIN, port, AdvancedConfiguration(alternate, path.rule, path.test_rule, role)),)


def _open_path(ctx: Context, place: ServicePlace, template: PathTemplate) -> tuple[IngressPath, tuple[Put, ...]]:
    if len(all_in_scope(ctx.store.world, SecurityGroup, ctx.scope)) + _NEW_GROUPS > SECURITY_GROUPS:
        raise InvalidParameter(f"There are {SECURITY_GROUPS} security groups in the region, which is the maximum.")
    scheme = place.access.scheme
    balancers = BalancerTemplate(
        pool=express_pool(place.vpc.id, scheme),
        name=_BALANCER_NAME,
        scheme=scheme,
        vpc=place.vpc,
        subnets=one_of_each_zone(place.subnets),
    )
    creation = managed_creation(ctx.scope, ctx.now, ctx.ids)
    try:
        return open_path(ctx.store.world, creation, balancers, template)
    except ElbFault as fault:
        raise InvalidParameter(f"The load balancer of the service can't be made: {fault}.") from fault


def _new_service(
    ctx: Context,
    cluster: Cluster,
    name: str,
    request: CreateExpressGatewayServiceRequest,
    configuration: ExpressConfiguration,
) -> Service:
    """The service without a deployment."""
    service = Service(
        arn=service_arn(cluster, name),
        name=name,
        cluster=cluster.arn,
        created_at=ctx.now,
        created_by=ctx.principal,
        deployments=(),
        desired_count=configuration.scaling.min_task_count,
        availability_zone_rebalancing=ENABLED,
        tags=checked_tags(tag_rules("service"), request.tags),
    )
    canary = DeploymentConfiguration(
        strategy=Strategy.CANARY,
        canary_configuration=CanaryConfiguration(_CANARY_PERCENT, _BAKE_MINUTES),
        bake_time_in_minutes=_BAKE_MINUTES,
        alarms=DeploymentAlarms((rollback_alarm_name(service.arn),), rollback=True, enable=True),
    )
    return replace(service, deployment_configuration=canary)
