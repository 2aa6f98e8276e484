"""Tags of capacity providers, clusters, container instances, services, tasks and task definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.refusal import unsupported
from moyai.api.ecs.tagging import Tag, tag_list, tag_map
from moyai.api.operation import Context
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.tagging import without
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn

Tagged = CapacityProvider | Cluster | ContainerInstance | Service | Task | TaskDefinition


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Input of TagResource."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Input of UntagResource."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """Input of ListTagsForResource."""

    resource_arn: str


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Add tags, or replace the values of those there are."""
    kind, resource = _resource(ctx, request.resource_arn)
    tags = tag_map(request.tags, kind, had=resource.tags)
    ctx.store.apply([Put(replace(resource, tags=tags))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Remove tags; absent ones are none to remove."""
    _, resource = _resource(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(resource, tags=without(resource.tags, request.tag_keys)))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """A resource's tags."""
    _, resource = _resource(ctx, request.resource_arn)
    return {"tags": tag_list(resource.tags)}


def _resource(ctx: Context, arn: str) -> tuple[str, Tagged]:
    """The resource and its kind. Raises ClusterNotFound or InvalidParameter."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "ecs" or parsed.scope != ctx.scope or not parsed.path:
        raise InvalidParameter("resourceArn must be the ARN of a resource of Amazon ECS in this account and region.")
    world = ctx.store.world
    found: Tagged | None
    match parsed.kind:
        case "cluster":
            found = active_cluster(ctx, arn)
        case "service":
            active_cluster(ctx, parsed.path[0])
            found = world.services.get(arn)
            found = None if found is None or found.status is ServiceStatus.INACTIVE else found
        case "task":
            active_cluster(ctx, parsed.path[0])
            found = world.tasks.get(arn)
        case "capacity-provider":
            found = world.capacity_providers.get(arn)
        case "container-instance":
            active_cluster(ctx, parsed.path[0])
            found = world.container_instances.get(arn)
        case "task-definition":
            found = world.task_definitions.get(arn)
        case kind:
            raise unsupported("resourceArn", kind, "tags of no other resource can be changed")
    if found is None:
        raise InvalidParameter(f"The specified {parsed.kind} was not found. Specify a valid ARN and try again.")
    return parsed.kind, found
