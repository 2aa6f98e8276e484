"""Tasks: run, start and stop.

Promise: RunTask and StartTask decide everything about their tasks and record those that found a place; the others are
failures. A client token makes the same tasks once.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.idempotency import fingerprint, token_of
from moyai.api.ecs.instance_lookup import find_instance, instance_arn
from moyai.api.ecs.launch_rules import Launching
from moyai.api.ecs.lookup import active_cluster, task_arn
from moyai.api.ecs.task_requests import TaskRequest, failures_of, launch_request
from moyai.api.ecs.task_view import task_view
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem, Cluster
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.errors import Conflict, InvalidParameter
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.world import Put
from moyai.plan import stopping
from moyai.plan.enrol import EC2
from moyai.plan.launch import NoRoom, launch
from moyai.plan.placement.reasons import Unplaced

_MAX_COUNT = 10
_LONGEST_TOKEN = 64
_LONGEST_REASON = 1024
Failures = list[dict[str, object]]


class RunTaskRequest(TaskRequest, frozen=True, kw_only=True):
    """Input of RunTask."""

    count: int = 1
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    client_token: str | None = None


class StartTaskRequest(TaskRequest, frozen=True, kw_only=True):
    """Input of StartTask."""

    container_instances: tuple[str, ...]


class StopTaskRequest(msgspec.Struct, frozen=True):
    """Input of StopTask."""

    task: str
    cluster: str | None = None
    reason: str | None = None


def run_task(ctx: Context, request: RunTaskRequest) -> dict[str, object]:
    """Up to ten new tasks; those that there are when the same request came with the same token."""
    cluster = active_cluster(ctx, request.cluster)
    kept = fingerprint(request.client_token, request, _LONGEST_TOKEN)
    tasks = _made_before(ctx, cluster, kept)
    if tasks:
        return _answer(ctx, tasks, [])
    if not 1 <= request.count <= _MAX_COUNT:
        raise InvalidParameter(f"count must be between 1 and {_MAX_COUNT}.")
    asked = Launching(
        launch_type=request.launch_type,
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=request.placement_constraints,
        strategy=request.placement_strategy,
    )
    wanted = launch_request(ctx, cluster, request, asked, kept)
    failures: Failures = []
    for _ in range(request.count):
        try:
            tasks.append(launch(ctx.store.world, wanted, ctx.now, ctx.ids, tasks))
        except (NoRoom, Unplaced) as full:
            failures = failures_of(full)
            break
    return _recorded(ctx, tasks, failures)


def start_task(ctx: Context, request: StartTaskRequest) -> dict[str, object]:
    """A new task on each of these container instances."""
    cluster = active_cluster(ctx, request.cluster)
    if not 1 <= len(request.container_instances) <= _MAX_COUNT:
        raise InvalidParameter(f"containerInstances has 1 to {_MAX_COUNT} items.")
    named = dict.fromkeys(instance_arn(cluster, one) for one in request.container_instances)
    known = {arn: find_instance(ctx.store.world, cluster, arn) for arn in named}
    kind = next((one.launch_type for one in known.values() if one is not None), EC2)
    wanted = launch_request(ctx, cluster, request, Launching(launch_type=kind))
    tasks: list[Task] = []
    failures: Failures = []
    for arn, instance in known.items():
        if (reason := _unfit(instance)) is not None:
            failures.append({"arn": arn, "reason": reason})
            continue
        try:
            tasks.append(launch(ctx.store.world, replace(wanted, instance=arn), ctx.now, ctx.ids, tasks))
        except (NoRoom, Unplaced) as full:
            failures += failures_of(full)
    return _recorded(ctx, tasks, failures)


def stop_task(ctx: Context, request: StopTaskRequest) -> dict[str, object]:
    """Want a task STOPPED; told twice, the first reason stays."""
    cluster = active_cluster(ctx, request.cluster)
    task = ctx.store.world.tasks.get(task_arn(cluster, request.task))
    if task is None or task.cluster != cluster.arn:
        raise InvalidParameter("The referenced task was not found.")
    reason = request.reason or stopping.STOPPED_BY_USER
    if len(reason) > _LONGEST_REASON:
        raise InvalidParameter(f"The reason can have at most {_LONGEST_REASON} characters.")
    stopped = stopping.stop_task(task, StopCode.USER_INITIATED, reason, ctx.now)
    if stopped != task:
        stopped = replace(stopped, tags={})
        ctx.store.apply([Put(stopped)])
    return {"task": task_view(ctx.store.world, stopped)}


def _made_before(ctx: Context, cluster: Cluster, kept: str | None) -> list[Task]:
    """The tasks made by this token. Raises Conflict when it came with another request."""
    if kept is None:
        return []
    tasks = [t for t in ctx.store.world.tasks.by("cluster", cluster.arn) if token_of(t.client_token) == token_of(kept)]
    if any(t.client_token != kept for t in tasks):
        raise Conflict(
            "The clientToken was used before with other parameters.", {"resource_ids": [t.arn for t in tasks]}
        )
    return tasks


def _unfit(instance: ContainerInstance | None) -> str | None:
    """Why no task can be started on an instance at all."""
    if instance is None:
        return "MISSING"
    return None if instance.status is ContainerInstanceStatus.ACTIVE else "INACTIVE"


def _recorded(ctx: Context, tasks: list[Task], failures: Failures) -> dict[str, object]:
    if tasks:
        ctx.store.apply([Put(task) for task in tasks])
    return _answer(ctx, tasks, failures)


def _answer(ctx: Context, tasks: list[Task], failures: Failures) -> dict[str, object]:
    return {"tasks": [task_view(ctx.store.world, t, with_tags=True) for t in tasks], "failures": failures}
