"""The control plane: the store, the API gateway, the listeners for proxies, and all background loops.

Promise: it is ready when ``open`` returns. ``close`` closes each part before those that it depends on, and leaves tasks
running.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import AsyncExitStack, suppress
from importlib.metadata import version
from typing import Self

from moyai.api.asgi import App, Limits
from moyai.api.control.handlers import ControlDependencies
from moyai.api.control.paths import control_handlers
from moyai.api.data_channel.websocket import DataChannelEndpoint
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.gateway import GatewayDependencies
from moyai.api.registry.protocol import Registry, RegistryDependencies
from moyai.api.registry.route import PREFIX as REGISTRY_PREFIX
from moyai.app.adapters.access_keys import AccessKeys
from moyai.app.adapters.console_endpoint import console_handler
from moyai.app.adapters.http_functions import HttpFunctions
from moyai.app.adapters.http_server import HttpServer, listen
from moyai.app.adapters.metadata_servers import MetadataServers
from moyai.app.adapters.name_servers import NameServers, host_resolvers
from moyai.app.adapters.otlp_collector import export
from moyai.app.adapters.prometheus_endpoint import PREFIX as METRICS_PREFIX
from moyai.app.adapters.prometheus_endpoint import MetricSources, metrics_handler
from moyai.app.adapters.proxy_listeners import ProxyListeners
from moyai.app.adapters.published_loopback import PublishedOnLoopback
from moyai.app.clock import SystemClock
from moyai.app.config import Settings
from moyai.app.ids import SystemIds
from moyai.app.machine import register_instances
from moyai.app.runtimes import make_runtime
from moyai.app.simulated_proxies import SimulatedProxies
from moyai.app.wiring import (
    Gateways,
    ServicePorts,
    changes_of_reset,
    defaults_of,
    faults,
    make_calling_loops,
    make_certificate_loop,
    make_console,
    make_delegate,
    make_front_log_collector,
    make_health_checker,
    open_logs,
    open_metrics,
    open_registry,
)
from moyai.console.app import PREFIX
from moyai.console.events import Events
from moyai.domain.sts.session import ROOT_DIGITS, SessionRoot
from moyai.domain.world import Put
from moyai.images.hosted_registry import HostedRegistry
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.kernel.secret import Secret
from moyai.mesh.app_mesh import AppMeshOptions
from moyai.ports.logs import LogStore
from moyai.ports.metric_store import MetricStore, MetricStoreFault
from moyai.reconcile.alarms import AlarmLoop
from moyai.reconcile.lifecycle_hooks import LifecycleHookLoop
from moyai.reconcile.log_shipper import LogShipper
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.retention import LogRetention, RegistryCleanup
from moyai.reconcile.scaling import ScalingLoop
from moyai.runtime.linux.system_containers.configs import limits_of_proxies
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.sqlite import SqliteStore
from moyai.telemetry.capacity_units import metric_reader
from moyai.telemetry.container_insights.sampler import UsageSampler
from moyai.telemetry.flusher import MetricFlusher
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.log_metrics import MeteredLogs
from moyai.telemetry.reporters.identify import find_task_in, identify_from
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.traces.recorder import SpanRecorder
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

_log = logging.getLogger(__name__)


class ControlPlane:
    """The control plane of one process. Made by ``open``."""

    def __init__(self, settings: Settings, store: SqliteStore, logs: LogStore, metrics: MetricStore, port: int) -> None:
        self._settings, self._store, self._metric_store = settings, store, metrics
        self._clock, self._ids = SystemClock(), SystemIds()
        self._blobs = open_registry(settings, self._clock)
        hosted = HostedRegistry(store, self._blobs, self._clock, {port, settings.server.published_port or port})
        self._runtime = make_runtime(settings, store.installation.id, self._clock, hosted)
        self._exec_sessions = ExecSessionRegistry(self._runtime, self._clock)
        self._events = Events(store, self._clock)
        interval, sampling = Seconds(settings.proxy.stats_interval), settings.metrics.trace_sampling
        self._feed = Feed(BootstrapSettings(interval, sampling, limits_of_proxies().connections))
        self._metric_head = MetricHead(history=metrics, groups=metrics.groups())
        self._logs = logs = MeteredLogs(logs, store, self._metric_head)
        identify, find_task = identify_from(lambda: store.world), find_task_in(lambda: store.world)
        totals = Totals(metrics.totals())
        self._recorder = Recorder(self._metric_head, identify, metrics.since, metrics.proxy, totals, find_task)
        self._spans = SpanRecorder(identify, settings.metrics.trace_sampling, self._clock)
        self._metric_flusher = MetricFlusher(metrics, self._metric_head, self._recorder, self._clock)
        self._metrics = metric_reader(self._metric_head, self._recorder.buffer.flush)
        self._name_servers = NameServers(store, self._runtime, settings.dns.port, host_resolvers())
        self._delegate = make_delegate(settings, store, self._clock, version("moyai"))
        ports = ServicePorts(
            self._metrics, self._metric_head, logs, self._blobs, self._exec_sessions, self._clock, self._name_servers
        )
        limit = settings.server.body_limit
        dependencies = GatewayDependencies(store, self._clock, self._ids, max_body=limit, delegate=self._delegate)
        self._gateways = Gateways(ports, settings, dependencies)
        self._metadata = MetadataServers(store, self._runtime, self._clock, self._task_app())
        self._loops: asyncio.Task[None] | None = None
        self._reconciler: Reconciler | None = None
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._exit, self._port, self.url = AsyncExitStack(), settings.server.published_port or port, ""

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Lock the state, pick up running tasks, and serve. Raises StoreFault, OSError (the port is in use)."""
        sock = listen(settings.server.listen, settings.server.port)
        try:
            store = SqliteStore.open(settings.state.database, SystemIds(), SystemClock().now())
        except BaseException:
            sock.close()
            raise
        try:
            port, metrics = sock.getsockname()[1], open_metrics(settings, SystemClock())
            plane = cls(settings, store, open_logs(settings), metrics, port)
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
        self._exit.push_async_callback(self._metric_store.close)
        self._exit.push_async_callback(self._blobs.close)
        self._exit.push_async_callback(self._delegate.close)
        self._exit.push_async_callback(self._metric_flusher.save)
        self._exit.push_async_callback(self._runtime.close)
        statistics = MetricsService(self._recorder, self._clock, self._record_report)
        directory = Directory(self._store, DEFAULT_SCOPE)
        await ProxyListeners(self._settings, self._feed, directory, statistics, self._spans.receive).open(self._exit)
        self._set_defaults()
        register_instances(self._settings.machine, self._store, self._clock, self._ids)
        await self._store.durable()
        self._start_loops()
        self._exit.push_async_callback(self._stop_loops)
        server = self._settings.server
        app = PublishedOnLoopback(self._app(), self._clock) if server.published_on_loopback else self._app()
        http = await HttpServer(app, sock).open()
        self._exit.push_async_callback(http.close)
        self._exit.callback(self._events.close)  # before the server, which would wait for these endless streams
        self.url = f"http://{server.host}:{sock.getsockname()[1]}"

    async def close(self) -> None:
        """Stop serving and release this process's resources. Tasks, proxies and public addresses keep working."""
        await self._exit.aclose()

    async def wait_for_failure(self) -> None:
        """Wait for the failure of a background loop, and raise it. Never returns."""
        await self._failure

    @property
    def tasks_left(self) -> int:
        """The number of tasks that keep running without a control plane."""
        return len(self._store.world.tasks.by("alive", "yes"))

    async def reset(self) -> None:
        """Delete all records, stop all tasks, and continue with an empty state. File systems are removed soon after.

        Raises StateUnwritable, and then nothing has changed; NotStopped if the records are deleted but a process does
        not end.
        """
        await self._stop_loops()
        try:
            self._store.apply(changes_of_reset(self._store.world, self._clock.now()))
            self._set_defaults()
            register_instances(self._settings.machine, self._store, self._clock, self._ids)
            await self._store.durable()
            self._feed.clear()
            self._recorder.reset(self._clock.now())
            self._spans.clear()
            with suppress(MetricStoreFault):  # nothing refers to these metrics any more
                await self._metric_store.clear()
            await self._blobs.clear()
            await self._delegate.reset()
            await self._runtime.destroy()
        finally:
            self._start_loops()

    def _set_defaults(self) -> None:
        """Record the settings that the planner reads, and the root of session keys."""
        defaults = defaults_of(self._settings)
        if defaults != self._store.world.defaults:
            self._store.apply([Put(defaults)])
        if self._store.world.session_root is None:
            self._store.apply([Put(SessionRoot(Secret(self._ids.hex(ROOT_DIGITS))))])

    def _app(self) -> App:
        settings = self._settings.server
        keys = AccessKeys(self._settings.state.keys) if settings.needs_keys else None
        gateway = self._gateways.make(keys)
        control = ControlDependencies(
            version=version("moyai"),
            runtime_name=self._settings.runtime,
            store=self._store,
            feed=self._feed,
            runtime=self._runtime,
            exec_sessions=self._exec_sessions,
            reset=self.reset,
            clock=self._clock,
            faults=lambda: faults(self._store, self._logs, self._metric_store),
            services=self._gateways.owners,
            ignored_members=lambda: gateway.ignored_members.reports,
            gateway_ports=lambda: {} if self._reconciler is None else self._reconciler.published_ports.gateway_ports,
            dns_port=lambda: self._name_servers.host_port,
            proxy_choice=self._settings.proxy.choice,
            spans=self._spans,
        )
        limits = Limits(max_body=settings.body_limit, any_origin=keys is not None)
        own_paths, channels = control_handlers(control, keys), DataChannelEndpoint(self._exec_sessions, self._ids)
        totals, now = self._recorder.totals, self._clock.now()
        sources = MetricSources(
            control.runtime_name, now, gateway, self._store, self._feed, totals, lambda: self._reconciler
        )
        console = console_handler(make_console(control, keys, self._events, self._ids, self._settings), gateway)
        pages = {PREFIX: console, METRICS_PREFIX: metrics_handler(sources, keys)}
        return App(gateway, own_paths, limits, channels, pages, {REGISTRY_PREFIX: self._registry(keys).answer})

    def _registry(self, keys: AccessKeys | None) -> Registry:
        create_on_push = self._settings.server.create_on_push
        return Registry(RegistryDependencies(self._store, self._blobs, self._clock, self._ids, keys, create_on_push))

    def _task_app(self) -> App:
        """The API for requests that are signed with the keys of a task's role."""
        limits, channels = Limits(self._settings.server.body_limit), DataChannelEndpoint(self._exec_sessions, self._ids)
        return App(self._gateways.make(sessions_only=True), limits=limits, channels=channels)

    def _record_report(self, proxy: ProxyId) -> None:
        self._feed.record_report(proxy, self._clock.now())

    async def _push(self, proxy: ProxyId, body: bytes) -> None:
        """Record a simulated proxy's export like that of an Envoy."""
        await self._recorder.receive(proxy, body, self._clock)

    def _start_loops(self) -> None:
        self._loops = asyncio.create_task(self._run_loops())
        self._loops.add_done_callback(self._on_loops_end)

    async def _run_loops(self) -> None:
        ports = ReconcilerPorts(self._store, self._runtime, self._feed, self._clock, self._ids, limits_of_proxies())
        self._reconciler = Reconciler(ports, AppMeshOptions(self._settings.app_mesh.passed_names))
        async with asyncio.TaskGroup() as group:
            # first: a certificate that expired while the control plane was away is renewed before proxies are updated
            group.create_task(make_certificate_loop(self._settings.tls, ports).run())
            group.create_task(self._reconciler.run())
            group.create_task(AlarmLoop(self._store, self._metrics, self._clock, self._ids).run())
            group.create_task(ScalingLoop(self._store, self._clock, self._ids).run())
            group.create_task(UsageSampler(self._store, self._runtime, self._clock, self._metric_head).run())
            group.create_task(self._metric_flusher.run())
            group.create_task(export(self._settings.metrics, self._recorder, self._spans, self._clock))
            group.create_task(LogShipper(self._store, self._runtime, self._logs, self._clock).run())
            group.create_task(make_front_log_collector(self._settings, ports).run())
            group.create_task(LogRetention(self._store, self._logs, self._clock).run())
            group.create_task(RegistryCleanup(self._store, self._blobs, self._clock).run())
            for loop in make_calling_loops(ports, self._gateways, self._port, self._metric_head, self._logs):
                group.create_task(loop.run())
            group.create_task(LifecycleHookLoop(self._store, HttpFunctions(), self._clock).run())
            group.create_task(self._metadata.run())
            group.create_task(self._name_servers.run())
            group.create_task(make_health_checker(self._settings.cloud_map, self._store, self._clock).run())
            if isinstance(self._runtime, SimRuntime):
                proxies = SimulatedProxies(self._store, self._runtime, self._feed, self._clock, self._push)
                group.create_task(proxies.run(Seconds(self._settings.proxy.stats_interval)))

    async def _stop_loops(self) -> None:
        loops, self._loops = self._loops, None
        if loops is not None:
            loops.cancel()
            await asyncio.wait({loops})
        await self._metadata.close()
        await self._name_servers.close()

    def _on_loops_end(self, loops: asyncio.Task[None]) -> None:
        """Pass an error to ``wait_for_failure``: loops that end without being cancelled have failed."""
        if loops.cancelled() or self._failure.done():
            return
        error = loops.exception()
        if error is not None:
            _log.error("a background loop has failed", exc_info=error)
            self._failure.set_exception(error)
