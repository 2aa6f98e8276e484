"""Schedules of ECS tasks, and the groups that they are in.

Promise: ``next_at`` is when the schedule is due next, before its flexible window. The token of an invocation is made
from it and the ARN, so that an interrupted invocation is not carried out twice.
Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ScheduleArn, ScheduleGroupArn
from moyai.kernel.scope import Scope

DEFAULT_GROUP: Final = "default"
"""The group that every account has."""
_SERVICE: Final = "scheduler"
_MINUTE: Final = 60
_TOKEN_DIGITS: Final = 32


class TaskVpcConfiguration(msgspec.Struct, frozen=True):
    """The subnets and security groups of a schedule's tasks."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] | None = None
    assign_public_ip: str | None = None


class TaskNetworkConfiguration(msgspec.Struct, frozen=True):
    """The network of a schedule's tasks."""

    awsvpc_configuration: TaskVpcConfiguration | None = None


class TaskCapacity(msgspec.Struct, frozen=True):
    """A part of a capacity provider strategy."""

    capacity_provider: str
    weight: int | None = None
    base: int | None = None


class ScheduledPlacement(msgspec.Struct, frozen=True):
    """A placement constraint of a schedule's tasks."""

    type: str | None = None
    expression: str | None = None


class TaskSpread(msgspec.Struct, frozen=True):
    """A part of the placement strategy of a schedule's tasks."""

    type: str | None = None
    field: str | None = None


class TaskParameters(msgspec.Struct, frozen=True):
    """The input of RunTask, as a schedule has it."""

    task_definition_arn: str
    task_count: int = 1
    launch_type: str | None = None
    network_configuration: TaskNetworkConfiguration | None = None
    platform_version: str | None = None
    group: str | None = None
    capacity_provider_strategy: tuple[TaskCapacity, ...] | None = None
    enable_ecs_managed_tags: bool | None = None
    enable_execute_command: bool | None = None
    placement_constraints: tuple[ScheduledPlacement, ...] | None = None
    placement_strategy: tuple[TaskSpread, ...] | None = None
    propagate_tags: str | None = None
    reference_id: str | None = None
    tags: tuple[Mapping[str, str], ...] | None = None


class InvocationRetries(msgspec.Struct, frozen=True):
    """For how many seconds, and how often, a failed invocation is tried again."""

    maximum_event_age_in_seconds: int = 86_400
    maximum_retry_attempts: int = 185


class ScheduleTarget(msgspec.Struct, frozen=True):
    """The cluster in which a schedule runs tasks. ``input``: the overrides of containers, as JSON."""

    arn: str
    role_arn: str
    ecs_parameters: TaskParameters | None = None
    input: str | None = None
    retry_policy: InvocationRetries = InvocationRetries()


class Schedule(ArnRecord, frozen=True, tag="schedule"):
    """A schedule. ``failures``: how often the invocation that is due has failed, and ``retry_at`` when it is tried
    again.
    """

    arn: ScheduleArn
    scope: Scope
    name: str
    group: str
    schedule: str
    target: ScheduleTarget
    created_at: Instant
    modified_at: Instant
    timezone: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    description: str | None = None
    kms_key: str | None = None
    enabled: bool = True
    window_minutes: int = 0
    """The length of the flexible window; 0 without one."""
    delete_after_completion: bool = False
    next_at: Instant | None = None
    failures: int = 0
    retry_at: Instant | None = None
    fingerprint: str | None = None
    """The client token of the creation, with the hash of its request."""

    @property
    def due_at(self) -> Instant | None:
        """When tasks are run next: in the flexible window at a moment that the schedule and the time determine."""
        if self.next_at is None or not self.enabled or self.retry_at is not None:
            return self.retry_at if self.enabled else None
        if not self.window_minutes:
            return self.next_at
        return later(self.next_at, float(int(self.token, 16) % (self.window_minutes * _MINUTE)))

    @property
    def token(self) -> str:
        """The client token of the invocation that is due."""
        return sha256(f"{self.arn} {self.next_at}".encode()).hexdigest()[:_TOKEN_DIGITS]


class ScheduleGroup(ArnRecord, frozen=True, tag="schedule_group"):
    """A group of schedules."""

    arn: ScheduleGroupArn
    scope: Scope
    name: str
    created_at: Instant
    tags: Mapping[str, str] = {}
    fingerprint: str | None = None


def schedule_arn(scope: Scope, group: str, name: str) -> ScheduleArn:
    """The ARN of a schedule."""
    return ScheduleArn(arn(_SERVICE, scope, f"schedule/{group}/{name}"))


def schedule_group_arn(scope: Scope, name: str) -> ScheduleGroupArn:
    """The ARN of a group."""
    return ScheduleGroupArn(arn(_SERVICE, scope, f"schedule-group/{name}"))


class RunTaskOptions(NamedTuple):
    """What an invocation adds to the parameters of its target. ``overrides``: as JSON."""

    cluster: str
    started_by: str
    token: str
    overrides: str | None


def run_task_input(parameters: TaskParameters, options: RunTaskOptions) -> Mapping[str, Any]:
    """The input of RunTask for an invocation of a schedule or a rule, with members' names in any case."""
    network = parameters.network_configuration
    members: dict[str, Any] = {
        "cluster": options.cluster,
        "taskDefinition": parameters.task_definition_arn,
        "count": parameters.task_count,
        "launchType": parameters.launch_type,
        "platformVersion": parameters.platform_version,
        "group": parameters.group,
        "capacityProviderStrategy": _camel(parameters.capacity_provider_strategy),
        "enableECSManagedTags": parameters.enable_ecs_managed_tags,
        "enableExecuteCommand": parameters.enable_execute_command,
        "placementConstraints": _camel(parameters.placement_constraints),
        "placementStrategy": _camel(parameters.placement_strategy),
        "propagateTags": parameters.propagate_tags,
        "referenceId": parameters.reference_id,
        "tags": [msgspec.to_builtins(tag) for tag in parameters.tags or ()] or None,
        "startedBy": options.started_by,
        "clientToken": options.token,
        "overrides": None if options.overrides is None else msgspec.json.decode(options.overrides),
    }
    if network is not None and network.awsvpc_configuration is not None:
        members["networkConfiguration"] = {"awsvpcConfiguration": _camel((network.awsvpc_configuration,))[0]}
    return {name: value for name, value in members.items() if value is not None}


def _camel(values: Sequence[msgspec.Struct] | None) -> Any:  # noqa: ANN401  (a part of an input)
    """Structs as members of an input: names without underscores, which are compared without regard to case."""
    if values is None:
        return None
    builtins = [msgspec.to_builtins(value) for value in values]
    return [{name.replace("_", ""): item for name, item in each.items() if item is not None} for each in builtins]
