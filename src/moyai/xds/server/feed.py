"""The feed: the newest mesh to every proxy, and what every proxy has said to it.

Promise: as in ``ports.proxies``. It does no I/O itself: a stream is a Sink to send to and a Connection
that is told what came in, so that a gRPC server and an in-process proxy are served alike.
"""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Protocol

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.domain.world import ProxyState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh
from moyai.ports.proxies import UnknownWorkload
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.history import EndpointHistory
from moyai.xds.server.resource import Kind
from moyai.xds.translate.bootstrap import ProxySettings, bootstrap
from moyai.xds.translate.names import egress_cluster


class Sink(Protocol):
    """One proxy's end of a stream. Neither call waits."""

    def send(self, response: bytes) -> None:
        """A DeltaDiscoveryResponse, serialised. At most one of a type is unanswered at a time."""

    def end(self) -> None:
        """Close the stream: the proxy has opened another one."""


class _Proxy:
    """What is known of one workload's proxy."""

    def __init__(self) -> None:
        self.stream: DeltaStream | None = None
        self.before: DeltaStream | None = None
        """The stream before, for as long as the new one hasn't said what the proxy kept from it."""
        self.sink: Sink | None = None
        self.reported_at: Instant | None = None

    def streams(self) -> tuple[DeltaStream, ...]:
        return tuple(stream for stream in (self.stream, self.before) if stream is not None)


class Connection:
    """One open stream; made by ``Feed.connect``."""

    def __init__(self, feed: Feed, workload: WorkloadId, sink: Sink) -> None:
        self._feed, self._workload, self._sink = feed, workload, sink

    def receive(self, request: DeltaDiscoveryRequest) -> None:
        """A request came in on this stream."""
        self._feed.received(self._workload, self._sink, request)

    def close(self) -> None:
        """The stream is gone."""
        self._feed.disconnected(self._workload, self._sink)


class Feed:
    """See ``ports.proxies.ProxyFeed``."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._cache = SnapshotCache()
        self._proxies: dict[WorkloadId, _Proxy] = {}
        self._history = EndpointHistory()
        self._listeners: list[_Doorbell] = []

    def publish(self, mesh: Mesh) -> None:
        """Make this the mesh; push what changed. Pieces that can't be translated keep their last good form."""
        gone = self._cache.mesh.workloads.keys() - mesh.workloads.keys()
        changed = self._cache.update(mesh)
        self._remember(mesh)
        for workload in gone:
            self._forget_if_idle(workload)
        for workload in sorted(changed):
            proxy = self._proxies.setdefault(workload, _Proxy())
            if proxy.sink is not None and proxy.stream is not None:
                self._offer(workload, proxy.stream, proxy.sink)
        self._ring(changed | gone)

    def bootstrap(self, workload: WorkloadId) -> bytes:
        """Envoy's bootstrap for this workload; UnknownWorkload when it hasn't been published."""
        found = self._cache.mesh.workloads.get(workload)
        if found is None:
            raise UnknownWorkload(workload)
        return bootstrap(found, self._settings)

    def reported(self, workload: WorkloadId, at: Instant) -> None:
        """The proxy's statistics came in."""
        proxy = self._proxies.get(workload)
        if proxy is not None:
            proxy.reported_at = at
            self._ring({workload})

    def state(self, workload: WorkloadId) -> ProxyState | None:
        """One proxy's state; None when it has not been published."""
        proxy = self._proxies.get(workload)
        return None if proxy is None else self._state(workload, proxy)

    def connected(self) -> frozenset[WorkloadId]:
        """Proxies with an open stream."""
        return frozenset(workload for workload, proxy in self._proxies.items() if proxy.sink is not None)

    def states(self) -> Mapping[WorkloadId, ProxyState]:
        """Every proxy that has been published and not taken back since."""
        return {workload: self._state(workload, proxy) for workload, proxy in self._proxies.items()}

    def holders(self, address: str, port: int) -> frozenset[WorkloadId]:
        """Proxies that may still send traffic to this endpoint."""
        may_contain, endpoint, published = self._history.may_contain, (address, port), self._cache.mesh.workloads
        return frozenset(
            workload
            for workload, proxy in self._proxies.items()
            if workload in published
            and any(
                may_contain(name, version, endpoint)
                for stream in proxy.streams()
                for name, version in stream.held(Kind.ENDPOINT)
            )
        )

    async def changes(self) -> AsyncGenerator[WorkloadId, None]:
        """Workloads whose state changed."""
        doorbell = _Doorbell()
        self._listeners.append(doorbell)
        try:
            while True:
                for workload in await doorbell.rung():
                    yield workload
        finally:
            self._listeners.remove(doorbell)

    def connect(self, workload: WorkloadId, sink: Sink) -> Connection:
        """A proxy has opened a stream. An older stream of the same workload is ended."""
        proxy = self._proxies.setdefault(workload, _Proxy())
        if proxy.sink is not None:
            proxy.sink.end()
        proxy.before, proxy.stream, proxy.sink = proxy.stream or proxy.before, DeltaStream(), sink
        self._offer(workload, proxy.stream, sink)
        self._ring({workload})
        return Connection(self, workload, sink)

    def received(self, workload: WorkloadId, sink: Sink, request: DeltaDiscoveryRequest) -> None:
        """A request on a stream; ignored when the stream isn't the workload's newest."""
        proxy = self._proxies.get(workload)
        if proxy is None or proxy.sink is not sink or proxy.stream is None:
            return
        _pass_on(sink, proxy.stream.receive(request))
        if proxy.stream.has_asked_for(Kind.ENDPOINT):
            proxy.before = None
        self._ring({workload})

    def disconnected(self, workload: WorkloadId, sink: Sink) -> None:
        """A stream has ended."""
        proxy = self._proxies.get(workload)
        if proxy is None or proxy.sink is not sink:
            return
        proxy.sink = None
        if workload not in self._cache.mesh.workloads:
            del self._proxies[workload]
        self._ring({workload})

    def _offer(self, workload: WorkloadId, stream: DeltaStream, sink: Sink) -> None:
        snapshot = self._cache.snapshot(workload)
        if snapshot is not None:
            _pass_on(sink, stream.offer(snapshot))

    def _state(self, workload: WorkloadId, proxy: _Proxy) -> ProxyState:
        connected = proxy.sink is not None
        stream = proxy.stream
        rejected = self._cache.fault(workload) or (stream.rejected if stream is not None else None)
        synced = connected and stream is not None and stream.synced and rejected is None
        return ProxyState(connected, synced, rejected, proxy.reported_at)

    def _remember(self, mesh: Mesh) -> None:
        for name, group in mesh.groups.items():
            found = self._cache.resource((Kind.ENDPOINT, egress_cluster(name)))
            if found is not None:
                self._history.add(found.name, found.version, group)
        self._history.keep_only({egress_cluster(name) for name in mesh.groups})

    def _forget_if_idle(self, workload: WorkloadId) -> None:
        """A workload left the mesh. A proxy that is still connected keeps what it has until it goes."""
        proxy = self._proxies.get(workload)
        if proxy is not None and proxy.sink is None:
            del self._proxies[workload]

    def _ring(self, workloads: frozenset[WorkloadId] | set[WorkloadId]) -> None:
        for doorbell in self._listeners:
            doorbell.ring(workloads)


class _Doorbell:
    """Coalesces until somebody looks."""

    def __init__(self) -> None:
        self._event = Event()
        self._who: set[WorkloadId] = set()

    def ring(self, who: frozenset[WorkloadId] | set[WorkloadId]) -> None:
        self._who |= who
        if self._who:
            self._event.set()

    async def rung(self) -> tuple[WorkloadId, ...]:
        await self._event.wait()
        self._event.clear()
        who, self._who = self._who, set()
        return tuple(sorted(who))


def _pass_on(sink: Sink, responses: Iterable[bytes]) -> None:
    for response in responses:
        sink.send(response)
