"""The log streams that a task's containers write to.

Promise: a task with the ``awslogs`` driver has its streams before its first container starts; one whose group isn't
there, and is not to be made, does not start.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.logs.driver import Destination, destination
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
    """A group that a task writes to is not there; the message is the task's ``stoppedReason``."""


def destinations(task: Task, definition: TaskDefinition) -> Iterator[tuple[Container, Destination]]:
    """The containers whose lines go somewhere, and where."""
    account = scope_of(task.arn).account
    for container in task.containers:
        defined = definition.container(container.name)
        log = None if defined is None else defined.log_configuration
        if container == task.connect_proxy:
            log = None if task.view is None else task.view.log_configuration
        found = destination(log, account, container.name, task.id)
        if found is not None:
            yield container, found


def opened(world: World, task: Task, definition: TaskDefinition, now: Instant, ids: Ids) -> tuple[Change, ...]:
    """What makes the task's streams be there. Raises NoLogGroup."""
    made: dict[str, LogGroup | LogStream] = {}
    for _, where in destinations(task, definition):
        if where.group_arn not in world.log_groups and where.group_arn not in made:
            if not where.create:
                raise NoLogGroup(_REASON)
            made[where.group_arn] = LogGroup(where.group_arn, LogGroupId(ids.hex(ID_DIGITS)), where.group, now)
        if where.stream_arn not in world.log_streams:
            stream = LogStream(where.stream_arn, LogStreamId(ids.hex(ID_DIGITS)), where.group_arn, where.stream, now)
            made[where.stream_arn] = stream
    return tuple(map(Put, made.values()))


def log_source(task: Task, container: Container) -> str:
    """What the lines of this container are counted under."""
    return f"{task.id}/{container.name}"
