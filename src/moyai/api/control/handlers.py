"""Handlers of the installation: health, doctor, logs and reset.

``GET /_moyai/health`` answers as soon as the server listens: 503 while something cannot be stored. ``GET
/_moyai/doctor`` lists what keeps services from calling each other. ``GET /_moyai/logs?task=ID&container=NAME`` streams
one JSON object per line. ``POST /_moyai/reset`` stops and deletes everything. All but the first exist in development
mode only (on loopback, without keys), and need no signature.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.world import World
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId
from moyai.mesh import app_mesh
from moyai.mesh.ir import Diagnostic
from moyai.mesh.load_balancing import compile_front
from moyai.mesh.service_connect import compile_mesh
from moyai.plan.doctor import findings
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import NotStopped, TaskRuntime
from moyai.ports.store import Store

JSON = MappingProxyType({"content-type": "application/json"})
"""Headers of a JSON body."""
_LINES = MappingProxyType({"content-type": "application/x-ndjson"})


class ControlDependencies(msgspec.Struct, frozen=True):
    """The parts of the installation that the handlers read, and ``reset``, the one that they may call."""

    version: str
    runtime_name: str
    store: Store
    feed: ProxyFeed
    runtime: TaskRuntime
    exec_sessions: ExecSessionRegistry
    reset: Callable[[], Awaitable[None]]
    clock: Clock
    faults: Callable[[], Awaitable[Sequence[str]]]
    """The reasons why something cannot be stored at the moment: a sentence for each place that refuses."""
    ignored_members: Callable[[], Sequence[tuple[str, str]]] = tuple
    """The operations and members of requests that the AWS model does not have, as the API gateway has met them."""
    gateway_ports: Callable[[], Mapping[PublishedPort, int]] = dict
    """The port of this machine at which each public port answers, besides its public address."""
    http_port: int | None = None
    """The port of this machine at which services answer by their names."""
    https_port: int | None = None
    """The port of this machine at which encrypted listeners of load balancers answer by their names."""


class HealthHandler:
    """Reports the numbers of tasks and proxies, and storage problems."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with JSON; 503 with the same and ``problems`` while something cannot be stored."""
        if request.method not in {"GET", "HEAD"}:
            return message_response(405, "Use GET.")
        states = self._dependencies.feed.states().values()
        problems = await self._dependencies.faults()
        report = {
            "status": "unavailable" if problems else "ok",
            "problems": problems,
            "version": self._dependencies.version,
            "runtime": self._dependencies.runtime_name,
            "tasks": len(self._dependencies.store.world.tasks.by("alive", "yes")),
            "proxies": {
                "connected": sum(s.connected for s in states),
                "synced": sum(s.synced for s in states),
                "rejected": sum(s.rejection is not None for s in states),
            },
        }
        return HttpResponse(503 if problems else 200, JSON, msgspec.json.encode(report))


class DoctorHandler:
    """Reports what keeps services from calling each other."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """A JSON object with ``version``, ``runtime`` and ``findings``, as in ``plan.doctor``."""
        if request.method != "GET":
            return message_response(405, "Use GET.")
        dependencies = self._dependencies
        world = dependencies.store.world
        left_out = [(d.subject, d.message) for d in compile_mesh(world).diagnostics]
        of_meshes = [(d.subject, d.message) for d in (*app_mesh.diagnostics(world), *_balancer_diagnostics(world))]
        report = {
            "version": dependencies.version,
            "runtime": dependencies.runtime_name,
            "findings": findings(
                world,
                dependencies.feed.states(),
                left_out,
                of_meshes,
                await dependencies.faults(),
                dependencies.ignored_members(),
            ),
        }
        return HttpResponse(200, JSON, msgspec.json.encode(report))


def _balancer_diagnostics(world: World) -> Iterator[Diagnostic]:
    for vpc in {balancer.vpc for balancer in world.load_balancers}:
        yield from compile_front(world, vpc).diagnostics


class LogsHandler:
    """Streams a container's output."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """A stream of LogLine objects; 400 for an incomplete request, 404 for an unknown container."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        task, container = query.get("task", ""), query.get("container", "")
        if request.method != "GET" or not task or not container:
            return message_response(400, "Use GET /_moyai/logs?task=ID&container=NAME[&follow=true].")
        tasks = self._dependencies.store.world.tasks.by("id", task)
        if not any(c.name == container for t in tasks for c in t.containers):
            return message_response(404, f"There is no container {container[:100]!r} in a task {task[:100]!r}.")
        lines = self._dependencies.runtime.logs(TaskId(task), container, follow=query.get("follow") == "true")
        return StreamedResponse(200, _LINES, _encoded(lines))


class ResetHandler:
    """Stops all tasks and deletes all records."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 when nothing is left, 500 when a process does not end, 503 when the records cannot be deleted."""
        if request.method != "POST":
            return message_response(405, "Use POST.")
        try:
            await self._dependencies.reset()
        except NotStopped as fault:
            return message_response(500, f"Everything is forgotten, and not everything could be stopped: {fault}")
        return message_response(200, "Everything is stopped and forgotten.")


async def _encoded(lines: AsyncIterator[msgspec.Struct]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield msgspec.json.encode(line) + b"\n"


def message_response(status: int, message: str) -> HttpResponse:
    """A JSON body with a message."""
    return HttpResponse(status, JSON, msgspec.json.encode({"message": message}))
