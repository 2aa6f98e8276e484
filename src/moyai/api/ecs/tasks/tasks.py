"""Tasks: run, start and stop.

Promise: RunTask and StartTask decide everything about their tasks and record those that could be placed; the others are
failures. Requests with the same client token start their tasks once.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.options import LaunchOptions
from moyai.api.ecs.lookup import active_cluster, find_instance, instance_arn, task_arn
from moyai.api.ecs.tasks.requests import TaskRequest, failures_of, launch_request
from moyai.api.ecs.tasks.view import task_view
from moyai.api.idempotency import fingerprint, token_of
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem, Cluster
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.errors import Conflict, InvalidParameter
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.world import Put
from moyai.plan.capacity.registration import EC2
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.task import stop
from moyai.plan.task.launch import launch
from moyai.plan.task.launch_interface import NoInterface

_MAX_COUNT = 10
_LONGEST_TOKEN = 64
_LONGEST_REASON = 1024
Failures = list[dict[str, object]]


class RunTaskRequest(TaskRequest, frozen=True, kw_only=True):
    count: int = 1
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    client_token: str | None = None


class StartTaskRequest(TaskRequest, frozen=True, kw_only=True):
    container_instances: tuple[str, ...]


class StopTaskRequest(msgspec.Struct, frozen=True):
    task: str
    cluster: str | None = None
    reason: str | None = None


def run_task(ctx: Context, request: RunTaskRequest) -> dict[str, object]:
    """Start up to ten tasks, or return those that an equal request with the same token started."""
    cluster = active_cluster(ctx, request.cluster)
    token = fingerprint(request.client_token, request, longest=_LONGEST_TOKEN, fault=InvalidParameter)
    tasks = _started_before(ctx, cluster, token)
    if tasks:
        return _response(ctx, tasks, [])
    if not 1 <= request.count <= _MAX_COUNT:
        raise InvalidParameter(f"count must be between 1 and {_MAX_COUNT}.")
    options = LaunchOptions(
        launch_type=request.launch_type,
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=request.placement_constraints,
        strategy=request.placement_strategy,
    )
    task = launch_request(ctx, cluster, request, options, token)
    failures: Failures = []
    for _ in range(request.count):
        try:
            tasks.append(launch(ctx.store.world, task, ctx.now, ctx.ids, tasks))
        except (NoInterface, Unplaced) as full:
            failures = failures_of(full)
            break
    return _record(ctx, tasks, failures)


def start_task(ctx: Context, request: StartTaskRequest) -> dict[str, object]:
    """Start a task on each of these container instances."""
    cluster = active_cluster(ctx, request.cluster)
    if not 1 <= len(request.container_instances) <= _MAX_COUNT:
        raise InvalidParameter(f"containerInstances has 1 to {_MAX_COUNT} items.")
    arns = dict.fromkeys(instance_arn(cluster, identifier) for identifier in request.container_instances)
    instances = {arn: find_instance(ctx.store.world, cluster, arn) for arn in arns}
    launch_type = next((instance.launch_type for instance in instances.values() if instance is not None), EC2)
    task = launch_request(ctx, cluster, request, LaunchOptions(launch_type=launch_type))
    tasks: list[Task] = []
    failures: Failures = []
    for arn, instance in instances.items():
        if (reason := _unavailable(instance)) is not None:
            failures.append({"arn": arn, "reason": reason})
            continue
        try:
            tasks.append(launch(ctx.store.world, replace(task, instance=arn), ctx.now, ctx.ids, tasks))
        except (NoInterface, Unplaced) as full:
            failures += failures_of(full)
    return _record(ctx, tasks, failures)


def stop_task(ctx: Context, request: StopTaskRequest) -> dict[str, object]:
    """Set a task's desired status to STOPPED; a second call keeps the first reason."""
    cluster = active_cluster(ctx, request.cluster)
    task = ctx.store.world.tasks.get(task_arn(cluster, request.task))
    if task is None or task.cluster != cluster.arn:
        raise InvalidParameter("The referenced task was not found.")
    reason = request.reason or stop.STOPPED_BY_USER
    if len(reason) > _LONGEST_REASON:
        raise InvalidParameter(f"The reason can have at most {_LONGEST_REASON} characters.")
    stopped_task = stop.stop_task(task, StopCode.USER_INITIATED, reason, ctx.now)
    if stopped_task != task:
        stopped_task = replace(stopped_task, tags={})
        ctx.store.apply([Put(stopped_task)])
    return {"task": task_view(ctx.store.world, stopped_task)}


def _started_before(ctx: Context, cluster: Cluster, token: str | None) -> list[Task]:
    """The tasks that an equal request with this token started. Raises Conflict when another request used the token."""
    if token is None:
        return []
    tasks = [t for t in ctx.store.world.tasks.by("cluster", cluster.arn) if token_of(t.client_token) == token_of(token)]
    if any(t.client_token != token for t in tasks):
        raise Conflict(
            "The clientToken was used before with other parameters.", {"resource_ids": [t.arn for t in tasks]}
        )
    return tasks


def _unavailable(instance: ContainerInstance | None) -> str | None:
    """The reason why no task can be started on an instance; None when one can."""
    if instance is None:
        return "MISSING"
    return None if instance.status is ContainerInstanceStatus.ACTIVE else "INACTIVE"


def _record(ctx: Context, tasks: list[Task], failures: Failures) -> dict[str, object]:
    if tasks:
        ctx.store.apply([Put(task) for task in tasks])
    return _response(ctx, tasks, failures)


def _response(ctx: Context, tasks: list[Task], failures: Failures) -> dict[str, object]:
    return {"tasks": [task_view(ctx.store.world, t, with_tags=True) for t in tasks], "failures": failures}
