"""``POST /_moyai/execute``: creates an exec session in any running container, for users of this machine.

A user who can reach this path can run any task here, so the task does not have to allow it (``enableExecuteCommand``),
as it has to for ExecuteCommand. The session is opened over the data channel, like that operation's.
"""

from __future__ import annotations

import msgspec

from moyai.api.control.handlers import JSON, message_response
from moyai.api.exec_sessions import ENVIRONMENT, PATH, ROOT, ExecSessionRegistry, TooManySessions
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.ecs.task import ContainerStatus
from moyai.kernel.ids import TaskArn, TaskId
from moyai.ports.sessions import Execution
from moyai.ports.store import Store


class ExecuteRequest(msgspec.Struct, frozen=True):
    """A command, its container and its user: None is root, as with ExecuteCommand, and empty the container's own."""

    task: TaskId
    container: str
    arguments: tuple[str, ...]
    user: str | None = None
    terminal: bool = True


_READER = msgspec.json.Decoder(ExecuteRequest)


class ExecuteResponse(msgspec.Struct, frozen=True):
    """The path of the session's data channel, and the token that opens it."""

    session: str
    path: str
    token: str


class ExecuteHandler:
    """Creates exec sessions for users of this machine."""

    def __init__(self, store: Store, exec_sessions: ExecSessionRegistry) -> None:
        self._store = store
        self._sessions = exec_sessions

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with an ``ExecuteResponse``; 400 for an invalid body, 404 for no such container, 409 for too many."""
        if request.method != "POST":
            return message_response(405, "Use POST.")
        try:
            execute_request = _READER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return message_response(400, f"The body must be JSON with task, container and arguments: {error}")
        if not execute_request.arguments or any("\0" in word for word in execute_request.arguments):
            return message_response(400, "The body has no command.")
        for task in self._store.world.tasks.by("id", execute_request.task):
            for container in task.containers:
                if container.name == execute_request.container and container.last_status is ContainerStatus.RUNNING:
                    return self._create(task.arn, execute_request)
        return message_response(
            404, f"No container {execute_request.container[:100]!r} runs in a task {execute_request.task[:100]!r}."
        )

    def _create(self, task: TaskArn, execute_request: ExecuteRequest) -> HttpResponse:
        user = ROOT if execute_request.user is None else execute_request.user or None
        environment = ENVIRONMENT if execute_request.terminal else {}
        execution = Execution(
            execute_request.task,
            execute_request.container,
            execute_request.arguments,
            user=user,
            environment=environment,
        )
        try:
            session, token = self._sessions.create(task, execution)
        except TooManySessions:
            return message_response(409, "The container has as many sessions as it may: 2.")
        response = ExecuteResponse(session, f"{PATH}{session}", token.reveal())
        return HttpResponse(200, JSON, msgspec.json.encode(response))
