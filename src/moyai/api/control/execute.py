"""``POST /_moyai/execute``: a session in any container that runs, for whoever is on this machine.

Whoever reaches this path may run tasks of any kind here, so it asks no leave of the task (``enableExecuteCommand``):
that is for ExecuteCommand. The session is opened over the data channel, as that operation's.
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from moyai.api.channel.tickets import PATH, Tickets, TooManySessions
from moyai.api.ecs.execute_command import ENVIRONMENT, ROOT
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.ecs.task import ContainerStatus
from moyai.kernel.ids import TaskArn, TaskId
from moyai.ports.sessions import Execution
from moyai.ports.store import Store

_JSON = MappingProxyType({"content-type": "application/json"})


class Wanted(msgspec.Struct, frozen=True):
    """The body: which command, where, and as whom. ``user``: None = root, as with ExecuteCommand; empty = the
    container's own.
    """

    task: TaskId
    container: str
    arguments: tuple[str, ...]
    user: str | None = None
    terminal: bool = True


_READER = msgspec.json.Decoder(Wanted)


class Begun(msgspec.Struct, frozen=True):
    """The answer: the channel's path, and what opens it."""

    session: str
    path: str
    token: str


class Execute:
    """Begins sessions."""

    def __init__(self, store: Store, tickets: Tickets) -> None:
        self._store = store
        self._tickets = tickets

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 and a ``Begun``; 400 for what is no ``Wanted``, 404 when no such container runs, 409 for too many."""
        if request.method != "POST":
            return _said(405, "Use POST.")
        try:
            wanted = _READER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _said(400, f"The body says what to execute, as JSON: {error}")
        if not wanted.arguments or any("\0" in word for word in wanted.arguments):
            return _said(400, "There is no command in it.")
        for task in self._store.world.tasks.by("id", wanted.task):
            for container in task.containers:
                if container.name == wanted.container and container.last_status is ContainerStatus.RUNNING:
                    return self._begun(task.arn, wanted)
        return _said(404, f"No container {wanted.container[:100]!r} runs in a task {wanted.task[:100]!r}.")

    def _begun(self, task: TaskArn, wanted: Wanted) -> HttpResponse:
        user = ROOT if wanted.user is None else wanted.user or None
        environment = ENVIRONMENT if wanted.terminal else {}
        execution = Execution(wanted.task, wanted.container, wanted.arguments, user=user, environment=environment)
        try:
            session, token = self._tickets.offer(task, execution)
        except TooManySessions:
            return _said(409, "The container has as many sessions as it may: 2.")
        begun = Begun(session, f"{PATH}{session}", token.reveal())
        return HttpResponse(200, _JSON, msgspec.json.encode(begun))


def _said(status: int, message: str) -> HttpResponse:
    return HttpResponse(status, _JSON, msgspec.json.encode({"message": message}))
