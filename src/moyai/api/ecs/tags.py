"""Tags of capacity providers, clusters, container instances, daemons, services, tasks and both kinds of task
definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.ecs.lookup import active_cluster, tag_rules
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.daemon import Daemon
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn

Tagged = CapacityProvider | Cluster | ContainerInstance | Daemon | Service | Task | TaskDefinition


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
    world = ctx.store.world
    resource: Tagged | None
    match resource_arn.kind:
        case "cluster":
            resource = active_cluster(ctx, arn)
        case "service":
            active_cluster(ctx, resource_arn.path[0])
            resource = world.services.get(arn)
            resource = None if resource is None or resource.status is ServiceStatus.INACTIVE else resource
        case "task":
            active_cluster(ctx, resource_arn.path[0])
            resource = world.tasks.get(arn)
        case "capacity-provider":
            resource = world.capacity_providers.get(arn)
        case "container-instance":
            active_cluster(ctx, resource_arn.path[0])
            resource = world.container_instances.get(arn)
        case "daemon":
            active_cluster(ctx, resource_arn.path[0])
            resource = world.daemons.get(arn)
        case "task-definition" | "daemon-task-definition":
            resource = world.task_definitions.get(arn)
        case kind:
            raise unsupported_value("resourceArn", kind, "tags of no other resource can be changed")
    if resource is None:
        raise InvalidParameter(f"The specified {resource_arn.kind} was not found. Specify a valid ARN and try again.")
    return resource


def _rules(record: Tagged) -> TagRules:
    return tag_rules(record.arn.split(":", 5)[5].partition("/")[0])


TAGS: Final = TagOperations(_resource, _rules)
