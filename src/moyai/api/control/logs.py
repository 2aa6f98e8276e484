"""``GET /_moyai/logs?task=ID&container=NAME``: a container's output, a JSON object in each line.

``since`` (seconds since 1970) and ``tail`` select lines, ``follow=true`` continues until the container ends. The
last lines that ``tail`` asks for are kept in memory, so their number is limited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.control.handlers import LINES, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.sandbox.state import LogLine
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import TaskRuntime

_MOST_LINES: Final = 10_000
_USAGE: Final = f"Use GET ?task=ID&container=NAME[&follow=true][&since=SECONDS][&tail=LINES], LINES <= {_MOST_LINES}."


class LogQuery(msgspec.Struct, frozen=True):
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


class ReadLines(Protocol):
    """Reads a container's output from its beginning, oldest line first."""

    def __call__(self, *, follow: bool) -> AsyncIterator[LogLine]:
        """With ``follow``: until the container has ended."""


def _selection(query: Mapping[str, str]) -> LogQuery | None:
    """The query; None when something in it is missing or wrong."""
    try:
        selection = msgspec.convert(query, LogQuery, strict=False)
    except msgspec.ValidationError:
        return None
    is_complete = selection.task and selection.container and 0 <= (selection.tail or 0) <= _MOST_LINES
    return selection if is_complete else None


def _lines(runtime: TaskRuntime, selection: LogQuery) -> AsyncIterator[LogLine]:
    def read(*, follow: bool) -> AsyncIterator[LogLine]:
        return runtime.logs(TaskId(selection.task), selection.container, follow=follow)

    return select_lines(read, selection)


async def select_lines(read: ReadLines, selection: LogQuery) -> AsyncIterator[LogLine]:
    """The selected lines. With ``tail`` the log is read once for its last lines, and then again for newer ones. The
    second time skips as many lines as were read before, or fewer where the log has lost its oldest lines since then.
    """
    read_before, newest = 0, Instant(0)
    if selection.tail is not None:
        last: deque[LogLine] = deque(maxlen=selection.tail)
        async for line in read(follow=False):
            read_before, newest = read_before + 1, max(newest, line.at)
            if line.at >= selection.since:
                last.append(line)
        for line in last:
            yield line
        if not selection.follow:
            return
    async for line in read(follow=selection.follow):
        if read_before and line.at <= newest:
            read_before -= 1
            continue
        read_before = 0
        if line.at >= selection.since:
            yield line


async def _encode_lines(lines: AsyncIterator[LogLine]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield msgspec.json.encode(line) + b"\n"
