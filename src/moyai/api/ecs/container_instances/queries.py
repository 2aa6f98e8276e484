"""Container instances: describe and list.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListContainerInstances.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.container_instances.view import instance_view
from moyai.api.ecs.launch.placement_rules import parse_expression
from moyai.api.ecs.lookup import active_cluster, check_described, find_instance, instance_arn, missing_failures
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.world import World
from moyai.expressions.cluster_query.evaluate import PatternTooSlow, instance_facts, satisfies
from moyai.plan.placement.resources import tasks_on

_MAX_DESCRIBED = 100


class DescribeContainerInstancesRequest(msgspec.Struct, frozen=True):
    container_instances: tuple[str, ...]
    cluster: str | None = None
    include: frozenset[str] = frozenset()


class ListContainerInstancesRequest(PageRequest, frozen=True):
    cluster: str | None = None
    filter: str | None = None
    status: str | None = None


def describe_container_instances(ctx: Context, request: DescribeContainerInstancesRequest) -> dict[str, object]:
    """Describe up to a hundred instances of a cluster, INACTIVE ones too."""
    cluster = active_cluster(ctx, request.cluster)
    check_described(request.container_instances, "Container instances", _MAX_DESCRIBED, required=True)
    world = ctx.store.world
    arns = dict.fromkeys(instance_arn(cluster, identifier) for identifier in request.container_instances)
    instances = {arn: i for arn in arns if (i := find_instance(world, cluster, arn)) is not None}
    return {
        "container_instances": [instance_view(world, i, request.include) for i in instances.values()],
        "failures": missing_failures(arns, instances),
    }


def list_container_instances(ctx: Context, request: ListContainerInstancesRequest) -> dict[str, object]:
    """The ARNs of a cluster's registered instances, filtered by status and expression."""
    cluster = active_cluster(ctx, request.cluster)
    world = ctx.store.world
    registered = (i for i in world.container_instances.by("cluster", cluster.arn) if not i.gone)
    instances = [i for i in registered if request.status in {None, i.status}]
    if request.filter:
        instances = _filter(world, instances, request.filter)
    listing = ("ListContainerInstances", cluster.arn, request.filter, request.status)
    page = paginate((i.arn for i in instances), PageQuery(listing, request.next_token, request.max_results))
    return {"container_instance_arns": page.keys, "next_token": page.next_token}


def _filter(world: World, instances: list[ContainerInstance], text: str) -> list[ContainerInstance]:
    expression = parse_expression(text)
    try:
        return [i for i in instances if satisfies(instance_facts(i, tasks_on(world, i)), expression)]
    except PatternTooSlow as fault:
        raise InvalidParameter(f"Invalid expression: {fault}") from fault
