"""Handlers of the installation as a whole.

``GET /_moyai/health`` answers as soon as the server listens: 503 while something cannot be stored. ``GET
/_moyai/gateway`` lists the ports of this machine at which tasks with a public address answer to callers elsewhere, the
URLs of load balancers by name, and the ports that could not be opened; a public address is on the loopback of the
machine, or of the container, that moyai runs in. ``GET /_moyai/services`` says which server answers each AWS service,
and whether its records survive a restart of the machine. ``GET /_moyai/doctor`` lists what keeps services from calling
each other. ``POST /_moyai/reset`` stops and deletes everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.world import World
from moyai.kernel.clock import Clock
from moyai.mesh import app_mesh
from moyai.mesh.ir import Diagnostic
from moyai.mesh.load_balancing import compile_front
from moyai.mesh.service_connect import compile_mesh
from moyai.plan.doctor import ServerObservations, count_examined, findings
from moyai.plan.network.balancer_urls import urls_by_name
from moyai.ports.delegate import ServiceOwner
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import NotStopped, TaskRuntime
from moyai.ports.spans import SpanReader
from moyai.ports.store import Store

JSON = MappingProxyType({"content-type": "application/json"})
"""Headers of a JSON body."""
LINES = MappingProxyType({"content-type": "application/x-ndjson"})
"""Headers of a body with a JSON object in each line."""


class ControlDependencies(msgspec.Struct, frozen=True):
    """The parts of the installation that the handlers read, and ``reset``, the one function that a handler calls."""

    version: str
    runtime_name: str
    store: Store
    feed: ProxyFeed
    runtime: TaskRuntime
    exec_sessions: ExecSessionRegistry
    reset: Callable[[], Awaitable[None]]
    clock: Clock
    spans: SpanReader
    """The requests that proxies have traced."""
    faults: Callable[[], Awaitable[Sequence[str]]]
    """The reasons why something cannot be stored at the moment: a sentence for each place that refuses."""
    services: Callable[[], Sequence[ServiceOwner]] = tuple
    """The server that answers each AWS service."""
    ignored_members: Callable[[], Sequence[tuple[str, str]]] = tuple
    """Members of requests that the AWS model does not have, and their operations, as the API gateway has seen them."""
    gateway_ports: Callable[[], Mapping[PublishedPort, int]] = dict
    """The port of this machine at which each public port answers, besides its public address."""
    dns_port: Callable[[], int | None] = lambda: None
    """The port of the loopback at which the DNS server of this machine answers; None if it could not be opened."""
    proxy_choice: str = ""
    """Which proxy new tasks get where their clusters don't say, and why."""


class HealthHandler:
    """Reports the numbers of tasks and proxies, the port of the DNS server, and storage problems."""

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
            "dns_port": self._dependencies.dns_port(),
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
        """A JSON object with ``version``, ``delegate_version`` (that of moyai when it started moto, if it is another
        one, or null), ``runtime``, ``proxy``, and ``examined`` and ``findings`` of ``plan.doctor``.
        """
        if request.method != "GET":
            return message_response(405, "Use GET.")
        dependencies = self._dependencies
        world = dependencies.store.world
        left_out = [(d.subject, d.message) for d in compile_mesh(world).diagnostics]
        of_meshes = [(d.subject, d.message) for d in (*app_mesh.diagnostics(world), *_balancer_diagnostics(world))]
        report = {
            "version": dependencies.version,
            "delegate_version": next(
                (owner.other_version for owner in dependencies.services() if owner.other_version), None
            ),
            "runtime": dependencies.runtime_name,
            "proxy": dependencies.proxy_choice,
            "examined": count_examined(world, dependencies.feed.states()),
            "findings": findings(
                world,
                dependencies.feed.states(),
                left_out,
                of_meshes,
                ServerObservations(
                    await dependencies.faults(),
                    await dependencies.runtime.public_port_failures(),
                    dependencies.ignored_members(),
                ),
            ),
        }
        return HttpResponse(200, JSON, msgspec.json.encode(report))


def _balancer_diagnostics(world: World) -> Iterator[Diagnostic]:
    for vpc in {balancer.vpc for balancer in world.load_balancers}:
        yield from compile_front(world, vpc).diagnostics


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
            return message_response(500, f"All records are deleted, but not everything could be stopped: {fault}")
        return message_response(200, "Everything is stopped and forgotten.")


def message_response(status: int, message: str) -> HttpResponse:
    """A JSON body with a message."""
    return HttpResponse(status, JSON, msgspec.json.encode({"message": message}))


class PublicGatewayHandler:
    """Shows the gateway port of each public port, the ports for names, the URLs of listeners there, and failures."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with ``http_port`` and ``https_port``, which may be null, ``ports``: task, address, port, protocol and
        gateway_port of each, ``listeners``: load_balancer, port and url of each that is called by a name, and
        ``failures``: the reasons why ports could not be opened, by port.
        """
        if request.method != "GET":
            return message_response(405, "Use GET.")
        ports = [
            {
                "task": port.task,
                "address": port.public_address,
                "port": port.port,
                "protocol": port.protocol,
                "gateway_port": number,
            }
            for port, number in self._dependencies.gateway_ports().items()
        ]
        world = self._dependencies.store.world
        named = {"http_port": world.defaults.gateway_http_port, "https_port": world.defaults.gateway_https_port}
        failures = await self._dependencies.runtime.public_port_failures()
        report = {**named, "ports": ports, "listeners": urls_by_name(world), "failures": failures}
        return HttpResponse(200, JSON, msgspec.json.encode(report))


class ServicesHandler:
    """Lists the services of moyai and of the servers behind it."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with ``services``: service, answered_by, durable, lost and other_version of each; null for unknown
        ones.
        """
        if request.method != "GET":
            return message_response(405, "Use GET.")
        return HttpResponse(200, JSON, msgspec.json.encode({"services": self._dependencies.services()}))
