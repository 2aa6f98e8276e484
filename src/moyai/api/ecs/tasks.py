"""Tasks: run and stop.

Promise: RunTask decides everything about its tasks and records them all together, or none when one of
them finds no address. A client token makes the same tasks once.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.idempotency import fingerprint, token_of
from moyai.api.ecs.lookup import active_cluster, task_arn
from moyai.api.ecs.placement import check_launch_type, check_platform, checked_network, runnable_definition
from moyai.api.ecs.sizes import task_size
from moyai.api.ecs.tagging import Tag, check_number, tag_map
from moyai.api.ecs.task_view import task_view
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import Conflict, InvalidParameter
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task import StopCode, Task, TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import Put
from moyai.plan import stopping
from moyai.plan.launch import LaunchRequest, NoRoom, launch

_MAX_COUNT = 10
_LONGEST_TOKEN = 64
_LONGEST_REASON = 1024
_MAX_OVERRIDES = 8192  # bytes
_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{1,128}")
_GROUP = re.compile(r"[A-Za-z0-9_:./-]{1,255}")


class RunTaskRequest(msgspec.Struct, frozen=True):
    """Input of RunTask."""

    task_definition: str
    cluster: str | None = None
    count: int = 1
    group: str | None = None
    launch_type: str | None = None
    platform_version: str | None = None
    network_configuration: NetworkConfiguration | None = None
    overrides: TaskOverride = TaskOverride()
    started_by: str | None = None
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    propagate_tags: str = "NONE"


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
        return {"tasks": [task_view(ctx.store.world, t, with_tags=True) for t in tasks], "failures": []}
    _check(request)
    definition = runnable_definition(ctx, request.task_definition)
    network = checked_network(ctx, request.network_configuration)
    asked = LaunchRequest(
        cluster=cluster.arn,
        definition=definition,
        group=request.group or f"family:{definition.family}",
        network=network.awsvpc_configuration,
        started_by=request.started_by,
        client_token=kept,
        overrides=_checked_overrides(request.overrides, definition),
        enable_execute_command=request.enable_execute_command,
        tags=_tags(request, cluster, definition),
    )
    for _ in range(request.count):
        try:
            tasks.append(launch(ctx.store.world, asked, ctx.now, ctx.ids, tasks))
        except NoRoom as full:
            return {"tasks": [], "failures": [{"reason": full.reason, "detail": str(full)}]}
    ctx.store.apply([Put(task) for task in tasks])
    return {"tasks": [task_view(ctx.store.world, t, with_tags=True) for t in tasks], "failures": []}


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


def _check(request: RunTaskRequest) -> None:
    check_launch_type(request.launch_type)
    check_platform(request.platform_version)
    if not 1 <= request.count <= _MAX_COUNT:
        raise InvalidParameter(f"count must be between 1 and {_MAX_COUNT}.")
    if request.started_by is not None and not _STARTED_BY.fullmatch(request.started_by):
        raise InvalidParameter("startedBy must be up to 128 letters, digits, hyphens, underscores and slashes.")
    if request.group is not None and not _GROUP.fullmatch(request.group):
        raise InvalidParameter("group must be up to 255 letters, digits and any of _ - : . /")
    if request.propagate_tags == "SERVICE":
        raise InvalidParameter("propagateTags SERVICE is for services. Use TASK_DEFINITION.")


def _checked_overrides(overrides: TaskOverride, definition: TaskDefinition) -> TaskOverride:
    if len(msgspec.json.encode(overrides)) > _MAX_OVERRIDES:
        raise InvalidParameter(f"Container Overrides length must be at most {_MAX_OVERRIDES}")
    for override in overrides.container_overrides:
        if definition.container(override.name) is None:
            raise InvalidParameter(
                f"Override for container named {override.name} is not a container in the TaskDefinition."
            )
    if overrides.cpu is None and overrides.memory is None:
        return overrides
    size = task_size(
        overrides.cpu or definition.cpu, overrides.memory or definition.memory, InvalidParameter, for_fargate=True
    )
    return replace(overrides, cpu=overrides.cpu and size.cpu, memory=overrides.memory and size.memory)


def _tags(request: RunTaskRequest, cluster: Cluster, definition: TaskDefinition) -> dict[str, str]:
    """The tasks' tags: those of the task definition if asked, over them the request's, and ECS's own."""
    propagated = definition.tags if request.propagate_tags == "TASK_DEFINITION" else {}
    tags = {**propagated, **tag_map(request.tags, "task")}
    check_number(tags)
    return {**tags, "aws:ecs:clusterName": cluster.name} if request.enable_ecs_managed_tags else tags
