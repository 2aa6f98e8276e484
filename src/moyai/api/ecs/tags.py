"""Tags of capacity providers, clusters, container instances, daemons, gateways, services, tasks and both kinds of task
definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moyai.api.ecs.lookup import active_cluster, tag_rules
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.daemon import Daemon
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import ServiceGateway
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.table import Table
from moyai.domain.tagging import TagRules
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn

Tagged = CapacityProvider | Cluster | ContainerInstance | Daemon | Service | ServiceGateway | Task | TaskDefinition

_OF_A_CLUSTER: Final = frozenset({"container-instance", "daemon", "service", "task"})
"""The kinds whose ARNs name their cluster."""


def _resource(ctx: Context, arn: str) -> Tagged:
    """The record of a resource. Raises ClusterNotFound or InvalidParameter."""
    resource_arn = parse_arn(arn)
    if (
        resource_arn is None
        or resource_arn.service != "ecs"
        or resource_arn.scope != ctx.scope
        or not resource_arn.path
    ):
        raise InvalidParameter("resourceArn must be the ARN of a resource of Amazon ECS in this account and region.")
    kind, world = resource_arn.kind, ctx.store.world
    tables = _tables(world)
    if kind not in tables:
        raise unsupported_value("resourceArn", kind, "moyai keeps no tags of such resources")
    if kind in _OF_A_CLUSTER:
        active_cluster(ctx, resource_arn.path[0])
    resource: Tagged | None = active_cluster(ctx, arn) if kind == "cluster" else tables[kind].get(arn)
    if isinstance(resource, Service) and resource.status is ServiceStatus.INACTIVE:
        resource = None
    if resource is None:
        raise InvalidParameter(f"The specified {kind} was not found. Specify a valid ARN and try again.")
    return resource


def _tables(world: World) -> Mapping[str, Table[Any]]:
    """The tables of the resources that have tags, by the kind in an ARN."""
    return {
        "capacity-provider": world.capacity_providers,
        "cluster": world.clusters,
        "container-instance": world.container_instances,
        "daemon": world.daemons,
        "daemon-task-definition": world.task_definitions,
        "gateway": world.service_gateways,
        "service": world.services,
        "task": world.tasks,
        "task-definition": world.task_definitions,
    }


def _rules(record: Tagged) -> TagRules:
    return tag_rules(record.arn.split(":", 5)[5].partition("/")[0])


TAGS: Final = TagOperations(_resource, _rules)
