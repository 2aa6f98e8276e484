"""Health for everybody; what doctor finds, logs, sessions, files and reset for this machine only.

``GET /_moyai/health`` answers as soon as the door is open: 503 while something can't be kept. ``GET /_moyai/doctor``
says what keeps services from calling each other. ``GET /_moyai/logs?task=ID&container=NAME`` streams a JSON object a
line. ``POST /_moyai/reset`` stops and forgets everything; ``POST /_moyai/execute`` begins a session (see execute.py);
``files`` is in files.py.
All but the first exist only in development mode (on loopback, without keys): they ask for no signature. So do those of
other files here, but for the ones that ``paths`` has signed where there are keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import MappingProxyType
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.channel.tickets import Tickets
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId
from moyai.mesh import app_mesh
from moyai.mesh.service_connect import compile_mesh
from moyai.plan.doctor import findings
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import NotStopped, TaskRuntime
from moyai.ports.store import Store

JSON = MappingProxyType({"content-type": "application/json"})
"""Headers of what is JSON."""
_LINES = MappingProxyType({"content-type": "application/x-ndjson"})


class Plane(msgspec.Struct, frozen=True):
    """What the handlers look at, and the one thing they may do."""

    version: str
    runtime_name: str
    store: Store
    feed: ProxyFeed
    runtime: TaskRuntime
    tickets: Tickets
    reset: Callable[[], Awaitable[None]]
    clock: Clock
    faults: Callable[[], Awaitable[Sequence[str]]]
    """Why something can't be kept at the moment: a sentence for each place that refuses."""


class Health:
    """What runs, in a few numbers."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 and JSON; 503 and the same with ``problems``, while something can't be kept."""
        if request.method not in {"GET", "HEAD"}:
            return said(405, "Use GET.")
        states = self._plane.feed.states().values()
        problems = await self._plane.faults()
        found = {
            "status": "unavailable" if problems else "ok",
            "problems": problems,
            "version": self._plane.version,
            "runtime": self._plane.runtime_name,
            "tasks": len(self._plane.store.world.tasks.by("alive", "yes")),
            "proxies": {
                "connected": sum(s.connected for s in states),
                "synced": sum(s.synced for s in states),
                "rejected": sum(s.rejected is not None for s in states),
            },
        }
        return HttpResponse(503 if problems else 200, JSON, msgspec.json.encode(found))


class Doctor:
    """What keeps services from calling each other."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """A JSON object with ``version``, ``runtime`` and ``findings``, as in ``plan.doctor``."""
        if request.method != "GET":
            return said(405, "Use GET.")
        plane = self._plane
        world = plane.store.world
        left_out = [(d.subject, d.message) for d in compile_mesh(world).diagnostics]
        of_meshes = [(d.subject, d.message) for d in app_mesh.diagnostics(world)]
        found = {
            "version": plane.version,
            "runtime": plane.runtime_name,
            "findings": findings(world, plane.feed.states(), left_out, of_meshes, await plane.faults()),
        }
        return HttpResponse(200, JSON, msgspec.json.encode(found))


class Logs:
    """A container's output."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """A stream of LogLine objects; 400 when the question is incomplete, 404 when there is no such container."""
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        task, container = asked.get("task", ""), asked.get("container", "")
        if request.method != "GET" or not task or not container:
            return said(400, "Use GET /_moyai/logs?task=ID&container=NAME[&follow=true].")
        found = self._plane.store.world.tasks.by("id", task)
        if not any(c.name == container for t in found for c in t.containers):
            return said(404, f"There is no container {container[:100]!r} in a task {task[:100]!r}.")
        lines = self._plane.runtime.logs(TaskId(task), container, follow=asked.get("follow") == "true")
        return StreamedResponse(200, _LINES, _encoded(lines))


class Reset:
    """Everything stopped and forgotten."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 when nothing is left, 500 when a process does not end, 503 when nothing can be forgotten."""
        if request.method != "POST":
            return said(405, "Use POST.")
        try:
            await self._plane.reset()
        except NotStopped as fault:
            return said(500, f"Everything is forgotten, and not everything could be stopped: {fault}")
        return said(200, "Everything is stopped and forgotten.")


async def _encoded(lines: AsyncIterator[msgspec.Struct]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield msgspec.json.encode(line) + b"\n"


def said(status: int, message: str) -> HttpResponse:
    """A sentence as the answer."""
    return HttpResponse(status, JSON, msgspec.json.encode({"message": message}))
