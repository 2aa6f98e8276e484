"""The request members that RunTask and StartTask share, and the launch request that they make.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.network import check_network
from moyai.api.ecs.launch.options import LaunchOptions, resolve_launch_options
from moyai.api.ecs.lookup import active_definition, tag_rules
from moyai.api.ecs.task_definitions.container_rules import check_env_files
from moyai.api.ecs.task_definitions.proxy_rules import check_proxy_override
from moyai.api.ecs.task_definitions.task_size import task_size
from moyai.api.ecs.task_definitions.volume_rules import check_storage
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task import TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.task.launch import FARGATE, LaunchRequest
from moyai.plan.task.launch_interface import NoInterface

_MAX_OVERRIDES = 8192  # bytes
_LONGEST_STARTED_BY = 128
_GROUP = re.compile(r"[A-Za-z0-9_:./-]{1,255}")


class TaskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Members of RunTask and StartTask."""

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
    ctx: Context, cluster: Cluster, request: TaskRequest, options: LaunchOptions, token: str | None = None
) -> LaunchRequest:
    """The task to launch. ``token``: the client token's fingerprint. Raises the operations' errors."""
    _check(request)
    definition = active_definition(ctx, request.task_definition)
    launch_options = resolve_launch_options(ctx, cluster, definition, options)
    launch_type, network = launch_options.effective_launch_type, request.network_configuration
    check_network(ctx, network, definition)
    return LaunchRequest(
        cluster=cluster.arn,
        definition=definition,
        group=request.group or f"family:{definition.family}",
        network=None if network is None else network.awsvpc_configuration,
        started_by=request.started_by,
        client_token=token,
        overrides=_checked_overrides(request.overrides, definition, for_fargate=launch_type == FARGATE),
        launch_type=launch_type,
        providers=launch_options.providers,
        constraints=launch_options.constraints,
        strategy=launch_options.strategy,
        enable_execute_command=request.enable_execute_command,
        tags=_tags(request, cluster, definition),
    )


def failures_of(fault: NoInterface | Unplaced) -> list[dict[str, object]]:
    """The failures of a task that could not be placed: one for each container instance that was considered."""
    if isinstance(fault, NoInterface):
        return [{"reason": fault.reason, "detail": str(fault)}]
    if not fault.refusals:
        raise InvalidParameter(str(fault)) from fault
    return [{"arn": refusal.instance, "reason": refusal.reason} for refusal in fault.refusals]


def _check(request: TaskRequest) -> None:
    started_by = request.started_by
    if started_by is not None and not (started_by.isprintable() and 1 <= len(started_by) <= _LONGEST_STARTED_BY):
        raise InvalidParameter(f"startedBy must be 1 to {_LONGEST_STARTED_BY} printable characters.")
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
    """The tags of the tasks: the task definition's if propagated, the request's over them, and ECS's own."""
    propagated = definition.tags if request.propagate_tags == "TASK_DEFINITION" else {}
    tags = checked_tags(tag_rules("task"), request.tags, propagated)
    return {**tags, "aws:ecs:clusterName": cluster.name} if request.enable_ecs_managed_tags else tags
