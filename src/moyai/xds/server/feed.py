"""The feed: the newest mesh to every proxy, and what every proxy has said to it.

Promise: as in ``ports.proxies``. It does no I/O itself: a stream is a Sink to send to and a Connection
that is told what came in, so that a gRPC server and an in-process proxy are served alike.
"""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncGenerator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.domain.world import ProxyState
from moyai.kernel.clock import Instant
from moyai.kernel.figures import Count
from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh, Service, Workload
from moyai.ports.proxies import UnknownWorkload
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.history import Endpoint, EndpointHistory
from moyai.xds.server.pieces import is_answered
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


class _Part:
    """A part of the mesh: its translations, and what its endpoints were."""

    def __init__(self) -> None:
        self.cache = SnapshotCache()
        self._history = EndpointHistory()

    @property
    def workloads(self) -> Mapping[WorkloadId, Workload]:
        """Those that are published."""
        return self.cache.mesh.workloads

    def update(self, mesh: Mesh) -> frozenset[WorkloadId]:
        """Translate what changed; the workloads whose snapshot is another one now."""
        changed = self.cache.update(mesh)
        for name, group in mesh.groups.items():
            found = self.cache.resource((Kind.ENDPOINT, egress_cluster(name)))
            if found is not None:
                self._history.add(found.name, found.version, group)
        self._history.keep_only({egress_cluster(name) for name in mesh.groups})
        return changed

    def may_send(self, proxy: _Proxy, endpoint: Endpoint) -> bool:
        """Whether any configuration that the proxy may be using has the endpoint."""
        may_contain = self._history.may_contain
        return any(
            may_contain(name, version, endpoint)
            for stream in proxy.streams()
            for name, version in stream.held(Kind.ENDPOINT)
        )


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
        self._parts: dict[str, _Part] = {}
        self._part_of: dict[WorkloadId, _Part] = {}
        """Of every workload that is published."""
        self._proxies: dict[WorkloadId, _Proxy] = {}
        self._listeners: list[_Doorbell] = []
        self.figures = Count()
        """Configurations: ``pushed`` to proxies, and ``refused`` by them."""

    def publish(self, mesh: Mesh, part: str = "") -> None:
        """Make this the mesh of a part; push what changed. What can't be translated keeps its last good form."""
        found = self._parts.setdefault(part, _Part())
        gone = found.workloads.keys() - mesh.workloads.keys()
        changed = found.update(mesh)
        if mesh == Mesh():
            del self._parts[part]
        for workload in gone:
            del self._part_of[workload]
            self._forget_if_idle(workload)
        for workload in sorted(changed):
            self._part_of[workload] = found
            proxy = self._proxies.setdefault(workload, _Proxy())
            if proxy.sink is not None and proxy.stream is not None:
                self._offer(workload, proxy.stream, proxy.sink)
        self._ring(changed | gone)

    def clear(self) -> None:
        """End every part."""
        for part in tuple(self._parts):
            self.publish(Mesh(), part)

    def bootstrap(self, workload: WorkloadId) -> bytes:
        """Envoy's bootstrap for this workload; UnknownWorkload when it hasn't been published."""
        part = self._part_of.get(workload)
        if part is None:
            raise UnknownWorkload(workload)
        return bootstrap(part.workloads[workload], self._settings)

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

    def is_connected(self, workload: WorkloadId) -> bool:
        """Whether the proxy has an open stream."""
        proxy = self._proxies.get(workload)
        return proxy is not None and proxy.sink is not None

    def carries(self, workload: WorkloadId, places: AbstractSet[tuple[str, int]]) -> bool:
        """Whether the proxy has acknowledged its newest configuration, which leads all these places to somebody."""
        part, proxy = self._part_of.get(workload), self._proxies.get(workload)
        if part is None or proxy is None or not self._state(workload, proxy).synced:
            return False
        mesh = part.cache.mesh
        calls = mesh.workloads[workload].outbound.calls
        return places <= {(call.address, call.port) for call in calls if is_answered(mesh, call)}

    def states(self) -> Mapping[WorkloadId, ProxyState]:
        """Every proxy that has been published and not taken back since."""
        return {workload: self._state(workload, proxy) for workload, proxy in self._proxies.items()}

    def holders(self, address: str, port: int, part: str = "") -> frozenset[WorkloadId]:
        """Proxies of a part that may still send traffic to this endpoint."""
        found = self._parts.get(part)
        if found is None:
            return frozenset()
        return frozenset(w for w in found.workloads if found.may_send(self._proxies[w], (address, port)))

    def service(self, name: str, part: str = "") -> Service | None:
        """A service as it was last published in a part."""
        found = self._parts.get(part)
        return None if found is None else found.cache.mesh.services.get(name)

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
        if request.HasField("error_detail"):
            self.figures.add("refused")
        self._pass_on(sink, proxy.stream.receive(request))
        if proxy.stream.has_asked_for(Kind.ENDPOINT):
            proxy.before = None
        self._ring({workload})

    def disconnected(self, workload: WorkloadId, sink: Sink) -> None:
        """A stream has ended."""
        proxy = self._proxies.get(workload)
        if proxy is None or proxy.sink is not sink:
            return
        proxy.sink = None
        if workload not in self._part_of:
            del self._proxies[workload]
        self._ring({workload})

    def _offer(self, workload: WorkloadId, stream: DeltaStream, sink: Sink) -> None:
        part = self._part_of.get(workload)
        snapshot = None if part is None else part.cache.snapshot(workload)
        if snapshot is not None:
            self._pass_on(sink, stream.offer(snapshot))

    def _pass_on(self, sink: Sink, responses: Iterable[bytes]) -> None:
        for response in responses:
            self.figures.add("pushed")
            sink.send(response)

    def _state(self, workload: WorkloadId, proxy: _Proxy) -> ProxyState:
        connected = proxy.sink is not None
        stream = proxy.stream
        part = self._part_of.get(workload)
        fault = None if part is None else part.cache.fault(workload)
        rejected = fault or (stream.rejected if stream is not None else None)
        synced = connected and stream is not None and stream.synced and rejected is None
        return ProxyState(connected, synced, rejected, proxy.reported_at)

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
