"""What RunTask and StartTask have in common: the task that is asked for.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.env_file_rules import check_env_files
from moyai.api.ecs.launch_rules import Launching, checked_launch
from moyai.api.ecs.placement import checked_network, runnable_definition
from moyai.api.ecs.proxy_rules import check_proxy_override
from moyai.api.ecs.sizes import task_size
from moyai.api.ecs.tagging import Tag, tag_map
from moyai.api.ecs.volume_rules import check_storage
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task import TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.plan.launch import FARGATE, LaunchRequest, NoRoom
from moyai.plan.placement.reasons import Unplaced

_MAX_OVERRIDES = 8192  # bytes
_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{1,128}")
_GROUP = re.compile(r"[A-Za-z0-9_:./-]{1,255}")


class TaskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What both have."""

    task_definition: str
    cluster: str | None = None
    group: str | None = None
    network_configuration: NetworkConfiguration | None = None
    overrides: TaskOverride = TaskOverride()
    started_by: str | None = None
    tags: tuple[Tag, ...] = ()
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    propagate_tags: str = "NONE"


def launch_request(
    ctx: Context, cluster: Cluster, request: TaskRequest, asked: Launching, kept: str | None = None
) -> LaunchRequest:
    """The task to launch. ``kept``: the client token's fingerprint. Raises what the operations raise."""
    _check(request)
    definition = runnable_definition(ctx, request.task_definition)
    holds = checked_launch(ctx, cluster, definition, asked)
    network = checked_network(ctx, request.network_configuration, definition)
    return LaunchRequest(
        cluster=cluster.arn,
        definition=definition,
        group=request.group or f"family:{definition.family}",
        network=None if network is None else network.awsvpc_configuration,
        started_by=request.started_by,
        client_token=kept,
        overrides=_checked_overrides(request.overrides, definition, for_fargate=holds.kind == FARGATE),
        launch_type=holds.kind,
        providers=holds.providers,
        constraints=holds.constraints,
        strategy=holds.strategy,
        enable_execute_command=request.enable_execute_command,
        tags=_tags(request, cluster, definition),
    )


def failures_of(fault: NoRoom | Unplaced) -> list[dict[str, object]]:
    """Why a task found no place: one failure for each container instance that was asked."""
    if isinstance(fault, NoRoom):
        return [{"reason": fault.reason, "detail": str(fault)}]
    if not fault.refusals:
        raise InvalidParameter(str(fault)) from fault
    return [{"arn": one.instance, "reason": one.reason} for one in fault.refusals]


def _check(request: TaskRequest) -> None:
    if request.started_by is not None and not _STARTED_BY.fullmatch(request.started_by):
        raise InvalidParameter("startedBy must be up to 128 letters, digits, hyphens, underscores and slashes.")
    if request.group is not None and not _GROUP.fullmatch(request.group):
        raise InvalidParameter("group must be up to 255 letters, digits and any of _ - : . /")
    if request.propagate_tags == "SERVICE":
        raise InvalidParameter("propagateTags SERVICE is for services. Use TASK_DEFINITION.")


def _checked_overrides(overrides: TaskOverride, definition: TaskDefinition, *, for_fargate: bool) -> TaskOverride:
    if len(msgspec.json.encode(overrides)) > _MAX_OVERRIDES:
        raise InvalidParameter(f"Container Overrides length must be at most {_MAX_OVERRIDES}")
    for override in overrides.container_overrides:
        if definition.container(override.name) is None:
            raise InvalidParameter(
                f"Override for container named {override.name} is not a container in the TaskDefinition."
            )
        role = overrides.execution_role_arn or definition.execution_role_arn
        check_env_files(override.environment_files, role, InvalidParameter)
    check_proxy_override(definition, overrides)
    check_storage(overrides.ephemeral_storage, InvalidParameter)
    if overrides.cpu is None and overrides.memory is None:
        return overrides
    cpu, memory = overrides.cpu or definition.cpu, overrides.memory or definition.memory
    size = task_size(cpu, memory, InvalidParameter, for_fargate=for_fargate)
    return replace(overrides, cpu=overrides.cpu and size.cpu, memory=overrides.memory and size.memory)


def _tags(request: TaskRequest, cluster: Cluster, definition: TaskDefinition) -> dict[str, str]:
    """The tasks' tags: those of the task definition if asked, over them the request's, and ECS's own."""
    propagated = definition.tags if request.propagate_tags == "TASK_DEFINITION" else {}
    tags = tag_map(request.tags, "task", had=propagated)
    return {**tags, "aws:ecs:clusterName": cluster.name} if request.enable_ecs_managed_tags else tags
