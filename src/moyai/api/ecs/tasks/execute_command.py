"""ExecuteCommand: creates a session in a container, which the client opens over the data channel.

Promise: the response has the address of a WebSocket, at the host that the client has just reached, and a token that
opens it once. The command is split into words as a shell would, without a shell, and runs as root with the container's
capabilities, as on AWS. Errors and their messages are AWS's.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

import shlex

import msgspec

from moyai.api.ecs.lookup import active_cluster, task_arn
from moyai.api.exec_sessions import ENVIRONMENT, PATH, ROOT, ExecSessionRegistry, TooManySessions
from moyai.api.operation import Context
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.ecs.task import Container, ContainerStatus, Task
from moyai.ports.sessions import Execution

_LONGEST_COMMAND = 64 * 1024
_NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command"
    " agent isn\u2019t running. Wait and try again or run a new task with execute command enabled and try again."
)
_NO_MORE = "Unable to start new execute sessions because the maximum session limit of 2 has been reached."


class ExecuteCommandRequest(msgspec.Struct, frozen=True):
    task: str
    command: str
    interactive: bool
    cluster: str | None = None
    container: str | None = None


def execute_command(sessions: ExecSessionRegistry, ctx: Context, request: ExecuteCommandRequest) -> dict[str, object]:
    """Create a session in a container; the client opens it at the address in the response."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.interactive:
        raise InvalidParameter("Interactive is the only mode supported currently.")
    words = _words(request.command)
    task = ctx.store.world.tasks.get(task_arn(cluster, request.task))
    if task is None or task.cluster != cluster.arn:
        raise InvalidParameter("The referenced task was not found.")
    container = _container(task, request.container)
    if not task.enable_execute_command or container.last_status is not ContainerStatus.RUNNING:
        raise InvalidParameter(_NOT_ENABLED)
    execution = Execution(task.id, container.name, words, user=ROOT, environment=ENVIRONMENT)
    try:
        session, token = sessions.create(task.arn, execution)
    except TooManySessions:
        raise ClientException(_NO_MORE) from None
    return {
        "cluster_arn": cluster.arn,
        "container_arn": container.arn,
        "container_name": container.name,
        "interactive": True,
        "session": {
            "session_id": session,
            "stream_url": f"ws://{ctx.host}{PATH}{session}?role=publish_subscribe",
            "token_value": token.reveal(),
        },
        "task_arn": task.arn,
    }


def _words(command: str) -> tuple[str, ...]:
    if len(command) > _LONGEST_COMMAND or "\0" in command:
        raise InvalidParameter(f"command can have at most {_LONGEST_COMMAND} characters, and no NUL.")
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InvalidParameter(f"command can't be split into words: {str(error).lower()}.") from error
    if not words:
        raise InvalidParameter("command can not be blank.")
    return words


def _container(task: Task, name: str | None) -> Container:
    """The container with this name, or the only one. The proxy runs no agent, so it is never chosen."""
    containers = [c for c in task.containers if not c.is_proxy]
    if name is None and len(containers) != 1:
        raise InvalidParameter("The container name is required for tasks that have several containers.")
    container = next((c for c in containers if name in {None, c.name}), None)
    if container is None:
        raise InvalidParameter(f"The container name {name} is not valid. Specify a container of the task.")
    return container
