"""The log streams that a task's containers write to.

Promise: a task with the ``awslogs`` driver has its streams before its first container starts. A task whose log group
does not exist, and is not to be created, does not start.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import LogConfiguration, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.logs.driver import LogDestination, destination
from moyai.domain.logs.group import ID_DIGITS, LogGroup, LogStream
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import Ids, LogGroupId, LogStreamId

_REASON = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to"
    " create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
)


class NoLogGroup(MoyaiError):
    """A task's log group does not exist; the message is the task's ``stoppedReason``."""


def destinations(task: Task, definition: TaskDefinition) -> Iterator[tuple[Container, LogDestination]]:
    """The containers whose output goes to CloudWatch Logs, each with its group and stream."""
    account = scope_of(task.arn).account
    for container in task.containers:
        defined = definition.container(container.name)
        log: LogConfiguration | None = None if defined is None else defined.log_configuration
        if container == task.connect_proxy:
            log = None if task.view is None else task.view.log_configuration
        target = destination(log, account, container.name, task.id)
        if target is not None:
            yield container, target


def create_log_streams(
    world: World, task: Task, definition: TaskDefinition, now: Instant, ids: Ids
) -> tuple[Change, ...]:
    """Changes that create the task's streams, and groups where its definition asks for that. Raises NoLogGroup."""
    new: dict[str, LogGroup | LogStream] = {}
    for _, target in destinations(task, definition):
        group, stream = target.group_arn, target.stream_arn
        if group not in world.log_groups and group not in new:
            if not target.create:
                raise NoLogGroup(_REASON)
            new[group] = LogGroup(group, LogGroupId(ids.hex(ID_DIGITS)), target.group, now)
        if stream not in world.log_streams:
            new[stream] = LogStream(stream, LogStreamId(ids.hex(ID_DIGITS)), group, target.stream, now)
    return tuple(map(Put, new.values()))


def log_source(task: Task, container: Container) -> str:
    """The key under which the position in this container's output is stored."""
    return f"{task.id}/{container.name}"
