"""Tasks: describe and list.

Promise: ListTasks filters by desired status, so a task that is being stopped leaves the default list at once, and
PENDING matches nothing, as on AWS.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.api.ecs.lookup import (
    active_cluster,
    check_described,
    instance_arn,
    known_daemon,
    known_service,
    missing_failures,
    task_arn,
)
from moyai.api.ecs.paging import PageQuery, paginate_after
from moyai.api.ecs.tasks.view import task_view
from moyai.api.operation import Context, PageRequest, operation
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task import Task
from moyai.domain.keys import wanted_key

_MAX_DESCRIBED = 100


class DescribeTasksRequest(msgspec.Struct, frozen=True):
    tasks: tuple[str, ...]
    cluster: str | None = None
    include: frozenset[str] = frozenset()


class ListTasksRequest(PageRequest, frozen=True):
    cluster: str | None = None
    container_instance: str | None = None
    family: str | None = None
    service_name: str | None = None
    started_by: str | None = None
    daemon_name: str | None = None
    desired_status: str = "RUNNING"
    launch_type: str | None = None


@operation(cached=True)
def describe_tasks(ctx: Context, request: DescribeTasksRequest) -> dict[str, object]:
    """Describe up to a hundred tasks of a cluster."""
    cluster = active_cluster(ctx, request.cluster)
    check_described(request.tasks, "Tasks", _MAX_DESCRIBED, required=True)
    world = ctx.store.world
    arns = dict.fromkeys(task_arn(cluster, t) for t in request.tasks)
    tasks = {a: t for a in arns if (t := world.tasks.get(a)) is not None and t.cluster == cluster.arn}
    with_tags = "TAGS" in request.include
    return {
        "tasks": [task_view(world, task, with_tags=with_tags) for task in tasks.values()],
        "failures": missing_failures(arns, tasks),
    }


@operation(cached=True)
def list_tasks(ctx: Context, request: ListTasksRequest) -> dict[str, object]:
    """The ARNs of a cluster's tasks."""
    cluster = active_cluster(ctx, request.cluster)
    if request.started_by is not None and (request.family is not None or request.service_name is not None):
        raise InvalidParameter("startedBy can't be combined with family or serviceName.")
    if request.daemon_name is not None and request.service_name is not None:
        raise InvalidParameter("daemonName can't be combined with serviceName.")
    instance = None if request.container_instance is None else instance_arn(cluster, request.container_instance)
    index, value = _index(ctx, cluster, request)

    def after(key: str) -> Iterable[str]:
        for task in ctx.store.world.tasks.after(index, value, key):
            if _matches(task, request) and instance in {None, task.container_instance}:
                yield task.arn

    filters = (
        instance,
        request.family,
        request.service_name,
        request.daemon_name,
        request.started_by,
        request.desired_status,
        request.launch_type,
    )
    page = paginate_after(
        after, PageQuery(("ListTasks", cluster.arn, *filters), request.next_token, request.max_results)
    )
    return {"task_arns": page.keys, "next_token": page.next_token}


def _index(ctx: Context, cluster: Cluster, request: ListTasksRequest) -> tuple[str, str]:
    """The index of the task table to read, and the value in it."""
    if request.daemon_name is not None:
        return "daemon", known_daemon(ctx.store.world, cluster, request.daemon_name).arn
    if request.service_name is None:
        return "wanted", wanted_key(cluster.arn, request.desired_status)
    return "service", known_service(ctx.store.world, cluster, request.service_name).arn


def _matches(task: Task, request: ListTasksRequest) -> bool:
    return (
        task.desired_status == request.desired_status
        and request.launch_type in {None, task.launch_type}
        and request.started_by in {None, task.started_by}
        and request.family in {None, _family(task)}
    )


def _family(task: Task) -> str:
    return task.task_definition.rpartition("/")[2].partition(":")[0]
