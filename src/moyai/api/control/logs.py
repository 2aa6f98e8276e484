"""``GET /_moyai/logs?task=ID&container=NAME``: a container's output, a JSON object in each line.

``since`` (seconds since 1970) and ``tail`` select lines, ``follow=true`` continues until the container ends. The
last lines that ``tail`` asks for are kept in memory, so their number is limited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.control.handlers import LINES, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.sandbox.state import LogLine
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import TaskRuntime

_MOST_LINES: Final = 10_000
_USAGE: Final = f"Use GET ?task=ID&container=NAME[&follow=true][&since=SECONDS][&tail=LINES], LINES <= {_MOST_LINES}."


class _Selection(msgspec.Struct, frozen=True):
    """The query; ``since`` is in seconds since 1970."""

    task: str
    container: str
    follow: bool = False
    since: float = 0.0
    tail: int | None = None


class LogsHandler:
    """Streams a container's output."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """A stream of LogLine objects; 400 for an incomplete request, 404 for an unknown container."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        selection = None if request.method != "GET" else _selection(query)
        if selection is None:
            return message_response(400, _USAGE)
        tasks = self._dependencies.store.world.tasks.by("id", selection.task)
        if not any(c.name == selection.container for t in tasks for c in t.containers):
            message = f"There is no container {selection.container[:100]!r} in a task {selection.task[:100]!r}."
            return message_response(404, message)
        return StreamedResponse(200, LINES, _encode_lines(_lines(self._dependencies.runtime, selection)))


def _selection(query: Mapping[str, str]) -> _Selection | None:
    """The query; None when something in it is missing or wrong."""
    try:
        selection = msgspec.convert(query, _Selection, strict=False)
    except msgspec.ValidationError:
        return None
    is_complete = selection.task and selection.container and 0 <= (selection.tail or 0) <= _MOST_LINES
    return selection if is_complete else None


async def _lines(runtime: TaskRuntime, selection: _Selection) -> AsyncIterator[LogLine]:
    """The selected lines. With ``tail`` the log is read once for its last lines, and a second time from behind them."""
    task, container, read_before = TaskId(selection.task), selection.container, 0
    if selection.tail is not None:
        last: deque[LogLine] = deque(maxlen=selection.tail)
        async for line in runtime.logs(task, container):
            read_before += 1
            if line.at >= selection.since:
                last.append(line)
        for line in last:
            yield line
        if not selection.follow:
            return
    async for line in runtime.logs(task, container, follow=selection.follow):
        if read_before:
            read_before -= 1
        elif line.at >= selection.since:
            yield line


async def _encode_lines(lines: AsyncIterator[LogLine]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield msgspec.json.encode(line) + b"\n"
