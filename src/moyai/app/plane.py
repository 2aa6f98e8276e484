"""A control plane, whole: the store, the doors, the loop, and everything between them.

Promise: it is ready when ``open`` returns, and lets go of everything (but the tasks) when ``close`` does, in the
order in which its parts depend on each other.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from importlib.metadata import version
from typing import Self

from moyai.api.asgi import App, Limits
from moyai.api.control.handlers import ControlDependencies
from moyai.api.control.paths import control_handlers
from moyai.api.data_channel.websocket import DataChannelEndpoint
from moyai.api.exec_sessions import ExecSessions
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.models import load_models
from moyai.api.operation import Service
from moyai.app.clock import SystemClock
from moyai.app.collector import export
from moyai.app.config import RuntimeKind, Settings
from moyai.app.console import console_handler
from moyai.app.dns import NameServers, host_resolvers
from moyai.app.doors import ProxyDoors
from moyai.app.functions import HttpFunctions
from moyai.app.http import HttpServer
from moyai.app.ids import SystemIds
from moyai.app.keys import AccessKeys
from moyai.app.machine import described
from moyai.app.metadata import MetadataServers
from moyai.app.proxies import SimulatedProxies
from moyai.app.runtimes import make_runtime
from moyai.app.scraped import PREFIX as METRICS
from moyai.app.scraped import Scraped, metrics_handler
from moyai.app.wiring import faults, make_certifier, make_checker, open_logs, open_metrics, services
from moyai.console.app import PREFIX, Console
from moyai.console.events import Events
from moyai.console.files import Files
from moyai.console.logins import Logins
from moyai.console.session import Home, Sessions
from moyai.domain.defaults import Defaults
from moyai.domain.sts.session import ROOT_DIGITS, SessionRoot
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.kernel.secret import Secret
from moyai.mesh.app_mesh import Settings as AppMesh
from moyai.plan.enrol import NoPlace, next_of
from moyai.ports.logs import LogStore
from moyai.ports.metric_store import MetricStore, MetricStoreFault
from moyai.reconcile.alarms import AlarmWatcher
from moyai.reconcile.functions import FunctionBroadcast
from moyai.reconcile.log_keeper import LogKeeper
from moyai.reconcile.log_shipper import LogShipper
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.scaling import ScalingKeeper
from moyai.reconcile.surroundings import Surroundings
from moyai.store.sqlite import SqliteStore
from moyai.telemetry.container_insights.sampler import UsageSampler
from moyai.telemetry.flusher import MetricFlusher
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.identify import identify_from
from moyai.telemetry.series.head import MetricHead
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap import ProxySettings

_log = logging.getLogger(__name__)


class ControlPlane:
    """Everything of one process. Made by ``open``."""

    def __init__(self, settings: Settings, store: SqliteStore, logs: LogStore, kept: MetricStore) -> None:
        self._settings = settings
        self._store = store
        self._logs = logs
        self._clock, self._ids = SystemClock(), SystemIds()
        self._runtime = make_runtime(settings, store.installation.id, self._clock)
        self._exec_sessions = ExecSessions(self._runtime, self._clock)
        self._events = Events(store, self._clock)
        self._feed = Feed(ProxySettings(Seconds(settings.proxy.stats_interval)))
        self._kept = kept
        self._metric_head = MetricHead(history=kept, stored=kept.groups())
        identify = identify_from(lambda: self._store.world)
        self._recorder = Recorder(self._metric_head, identify, kept.since, kept.proxy, Totals(kept.totals()))
        self._metric_flusher = MetricFlusher(kept, self._metric_head, self._recorder, self._clock)
        self._metrics = SeriesReader(self._metric_head, self._recorder.buffer.flush)
        self._models = load_models()
        self._metadata = MetadataServers(store, self._runtime, self._clock, self._app_of_tasks())
        self._names = NameServers(store, self._runtime, settings.dns.port, host_resolvers())
        self._work: asyncio.Task[None] | None = None
        self._reconciler: Reconciler | None = None
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._exit = AsyncExitStack()
        self.url = ""

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Take the state, find what runs, and answer. Errors: StoreFault, OSError (the port is taken)."""
        sock = _listening(settings)
        try:
            store = SqliteStore.open(settings.state.database, SystemIds(), SystemClock().now())
        except BaseException:
            sock.close()
            raise
        try:
            plane = cls(settings, store, open_logs(settings), open_metrics(settings, SystemClock()))
        except BaseException:
            sock.close()
            await store.close()
            raise
        try:
            await plane._open(sock)
        except BaseException:
            await plane.close()
            raise
        return plane

    async def _open(self, sock: socket.socket) -> None:
        self._exit.push_async_callback(self._store.close)
        self._exit.push_async_callback(self._logs.close)
        self._exit.push_async_callback(self._kept.close)
        self._exit.push_async_callback(self._metric_flusher.save)
        self._exit.push_async_callback(self._runtime.close)
        statistics = MetricsService(self._recorder, self._clock, self._reported)
        directory = Directory(self._store, DEFAULT_SCOPE)
        await ProxyDoors(self._settings, self._feed, directory, statistics).open(self._exit)
        self._set_defaults()
        self._enrol()
        await self._store.durable()
        self._start_work()
        self._exit.push_async_callback(self._stop_work)
        http = await HttpServer(self._app(), sock).open()
        self._exit.push_async_callback(http.close)
        self._exit.callback(self._events.close)  # nobody waits for streams that have no end
        self.url = f"http://{self._settings.server.host}:{sock.getsockname()[1]}"

    async def close(self) -> None:
        """Stop answering and let go. Tasks, proxies and public addresses go on."""
        await self._exit.aclose()

    async def failed(self) -> None:
        """Return never; raise what ended an inner part that should have gone on."""
        await self._failure

    @property
    def tasks_left(self) -> int:
        """Tasks that go on without a control plane."""
        return len(self._store.world.tasks.by("alive", "yes"))

    async def reset(self) -> None:
        """Forget and stop everything, and go on empty.

        Raises StateUnwritable, and goes on as before; NotStopped when all is forgotten and a process does not end.
        """
        await self._stop_work()
        try:
            self._store.apply([Delete(type(record), record.key) for record in tuple(self._store.world.records())])
            self._set_defaults()
            self._enrol()
            await self._store.durable()
            self._feed.clear()
            self._recorder.reset(self._clock.now())
            with suppress(MetricStoreFault):  # the state is forgotten, and what its metrics are of with it
                await self._kept.clear()
            await self._runtime.destroy()
        finally:
            self._start_work()

    def _set_defaults(self) -> None:
        """Have in the world what holds by these settings."""
        defaults = Defaults(live_endpoints=self._settings.live_endpoints)
        if defaults != self._store.world.defaults:
            self._store.apply([Put(defaults)])
        if self._store.world.session_root is None:
            self._store.apply([Put(SessionRoot(Secret(self._ids.hex(ROOT_DIGITS))))])

    def _services(self) -> Sequence[Service]:
        return services(self._metrics, self._metric_head, self._logs, self._settings, self._exec_sessions, self._clock)

    def _enrol(self) -> None:
        """Have this machine registered as so many container instances."""
        machine = described(self._settings.machine, DEFAULT_SCOPE.account)
        try:
            while changes := next_of(self._store.world, machine, self._clock.now(), self._ids):
                self._store.apply(changes)
        except NoPlace as fault:
            _log.warning("no further container instance could be registered: %s", fault)

    def _app(self) -> App:
        settings = self._settings.server
        keys = None if settings.loopback else AccessKeys(self._settings.state.keys)
        dependencies = GatewayDependencies(
            store=self._store, clock=self._clock, ids=self._ids, keys=keys, max_body=settings.body_limit
        )
        gateway = ApiGateway(self._services(), self._models, dependencies)
        control = ControlDependencies(
            version=version("moyai"),
            runtime_name=self._settings.runtime,
            store=self._store,
            feed=self._feed,
            runtime=self._runtime,
            exec_sessions=self._exec_sessions,
            reset=self.reset,
            clock=self._clock,
            faults=lambda: faults(self._store, self._logs, self._kept),
        )
        limits = Limits(max_body=settings.body_limit, from_browsers=keys is not None)
        own = control_handlers(control, keys)
        channels = DataChannelEndpoint(self._exec_sessions, self._ids)
        totals, began = self._recorder.totals, self._clock.now()
        seen = Scraped(control.runtime_name, began, gateway, self._store, self._feed, totals, lambda: self._reconciler)
        pages = {PREFIX: console_handler(self._console(keys), gateway), METRICS: metrics_handler(seen, keys)}
        return App(gateway, own, limits, channels, pages)

    def _console(self, keys: AccessKeys | None) -> Console:
        logins = None if keys is None else Logins(keys, self._clock, self._ids)
        sessions = Sessions(self._store, logins, Home(version("moyai"), DEFAULT_SCOPE))
        return Console(Files(), sessions, self._events)

    def _app_of_tasks(self) -> App:
        """The same services, for tasks: whoever asks signs with the keys of a task's role."""
        limit = self._settings.server.body_limit
        dependencies = GatewayDependencies(self._store, self._clock, self._ids, sessions_only=True, max_body=limit)
        channels = DataChannelEndpoint(self._exec_sessions, self._ids)
        gateway = ApiGateway(self._services(), self._models, dependencies)
        return App(gateway, limits=Limits(max_body=limit), channels=channels)

    def _reported(self, proxy: ProxyId) -> None:
        self._feed.reported(proxy, self._clock.now())

    async def _push(self, proxy: ProxyId, body: bytes) -> None:
        """Take a simulated proxy's report as an Envoy's."""
        await self._recorder.receive(proxy, body, self._clock)

    def _start_work(self) -> None:
        self._work = asyncio.create_task(self._everything())
        self._work.add_done_callback(self._ended)

    async def _everything(self) -> None:
        around = Surroundings(self._store, self._runtime, self._feed, self._clock, self._ids)
        self._reconciler = Reconciler(around, AppMesh(self._settings.app_mesh.passed_names))
        async with asyncio.TaskGroup() as group:
            # first: a certificate that ran out while nobody was here is renewed before proxies are sent anything
            group.create_task(make_certifier(self._settings.tls, around).run())
            group.create_task(self._reconciler.run())
            group.create_task(AlarmWatcher(self._store, self._metrics, self._clock, self._ids).run())
            group.create_task(ScalingKeeper(self._store, self._clock, self._ids).run())
            group.create_task(UsageSampler(self._store, self._runtime, self._clock, self._metric_head).run())
            group.create_task(self._metric_flusher.run())
            group.create_task(export(self._settings.metrics, self._recorder, self._clock))
            group.create_task(LogShipper(self._store, self._runtime, self._logs, self._clock).run())
            group.create_task(LogKeeper(self._store, self._logs, self._clock).run())
            group.create_task(FunctionBroadcast(self._store, HttpFunctions(), self._clock).run())
            group.create_task(self._metadata.run())
            group.create_task(self._names.run())
            group.create_task(make_checker(self._settings.cloud_map, self._store, self._clock).run())
            if self._settings.runtime is RuntimeKind.SIM:
                proxies = SimulatedProxies(self._store, self._runtime, self._feed, self._clock, self._push)
                group.create_task(proxies.run(Seconds(self._settings.proxy.stats_interval)))

    async def _stop_work(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.wait({work})
        await self._metadata.close()
        await self._names.close()

    def _ended(self, work: asyncio.Task[None]) -> None:
        """Work that ends by itself has failed: say so to whoever waits in ``failed``."""
        if work.cancelled() or self._failure.done():
            return
        error = work.exception()
        if error is not None:
            _log.error("the control plane can't go on", exc_info=error)
            self._failure.set_exception(error)


def _listening(settings: Settings) -> socket.socket:
    """The API gateway's socket, bound before anything else is touched."""
    server = settings.server
    family = socket.AF_INET6 if ":" in server.listen else socket.AF_INET
    try:
        return socket.create_server((server.listen, server.port), family=family, backlog=1024)
    except OSError as error:
        raise OSError(
            f"can't listen on {server.listen}:{server.port}: {error.strerror}; choose another --port"
        ) from error
