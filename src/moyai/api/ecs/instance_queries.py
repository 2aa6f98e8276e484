"""Container instances: describe and list.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListContainerInstances.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.instance_lookup import find_instance, instance_arn
from moyai.api.ecs.instance_view import instance_view
from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.paging import Ask, page
from moyai.api.operation import Context
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.world import World
from moyai.expressions.cluster_query.evaluate import PatternTooSlow, instance_facts, satisfies
from moyai.expressions.cluster_query.parse import InvalidClusterQuery, parse_cluster_query
from moyai.expressions.cluster_query.syntax import ClusterQuery
from moyai.kernel.errors import ClientFault
from moyai.plan.placement.resources import tasks_on

_MAX_DESCRIBED = 100


class DescribeContainerInstancesRequest(msgspec.Struct, frozen=True):
    """Input of DescribeContainerInstances."""

    container_instances: tuple[str, ...]
    cluster: str | None = None
    include: frozenset[str] = frozenset()


class ListContainerInstancesRequest(msgspec.Struct, frozen=True):
    """Input of ListContainerInstances."""

    cluster: str | None = None
    filter: str | None = None
    status: str | None = None
    next_token: str | None = None
    max_results: int | None = None


def describe_container_instances(ctx: Context, request: DescribeContainerInstancesRequest) -> dict[str, object]:
    """Up to a hundred instances of one cluster, INACTIVE ones too."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.container_instances:
        raise InvalidParameter("Container instances cannot be empty.")
    if len(request.container_instances) > _MAX_DESCRIBED:
        raise InvalidParameter(f"Container instances can have at most {_MAX_DESCRIBED} items.")
    world = ctx.store.world
    asked = dict.fromkeys(instance_arn(cluster, one) for one in request.container_instances)
    found = {arn: one for arn in asked if (one := find_instance(world, cluster, arn)) is not None}
    return {
        "container_instances": [instance_view(world, one, request.include) for one in found.values()],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in found],
    }


def list_container_instances(ctx: Context, request: ListContainerInstancesRequest) -> dict[str, object]:
    """The ARNs of a cluster's instances that are there, or are so."""
    cluster = active_cluster(ctx, request.cluster)
    world = ctx.store.world
    known = (i for i in world.container_instances.by("cluster", cluster.arn) if not i.gone)
    listed = [i for i in known if request.status in {None, i.status}]
    if request.filter:
        listed = _filtered(world, listed, request.filter)
    listing = ("ListContainerInstances", cluster.arn, request.filter, request.status)
    found = page((i.arn for i in listed), Ask(listing, request.next_token, request.max_results))
    return {"container_instance_arns": found.keys, "next_token": found.next_token}


def read_expression(text: str, wrong: type[ClientFault] = InvalidParameter) -> ClusterQuery:
    """The expression. Raises ``wrong``."""
    try:
        return parse_cluster_query(text)
    except InvalidClusterQuery as fault:
        raise wrong(f"Invalid expression: {fault}") from fault


def _filtered(world: World, listed: list[ContainerInstance], text: str) -> list[ContainerInstance]:
    wanted = read_expression(text)
    try:
        return [i for i in listed if satisfies(instance_facts(i, tasks_on(world, i)), wanted)]
    except PatternTooSlow as fault:
        raise InvalidParameter(f"Invalid expression: {fault}") from fault
