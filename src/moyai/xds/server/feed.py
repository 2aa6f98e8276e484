"""The feed: the newest mesh to every proxy, and what every proxy has said to it.

Promise: as in ``ports.proxies``. It does no I/O itself: a stream is a Sink to send to and a Connection
that is told what came in, so that a gRPC server and an in-process proxy are served alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Generic

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from moyai.domain.appmesh.agent import Agent
from moyai.domain.world import ProxyState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.kernel.metrics import Counter
from moyai.mesh.ir import Mesh, Service
from moyai.ports.proxies import UnknownProxy
from moyai.xds.server.doorbell import Doorbell
from moyai.xds.server.dump import config_dump
from moyai.xds.server.given import Given
from moyai.xds.server.history import Places
from moyai.xds.server.part import Part
from moyai.xds.server.pieces import is_answered
from moyai.xds.server.proxy import Proxy, Sink
from moyai.xds.server.resource import Kind
from moyai.xds.server.stream import Request, Stream
from moyai.xds.translate.agent_bootstrap import agent_bootstrap
from moyai.xds.translate.bootstrap import ProxySettings, bootstrap


class Connection(Generic[Request]):
    """One open stream; made by ``Feed.connect``."""

    def __init__(self, feed: Feed, proxy: ProxyId, sink: Sink) -> None:
        self._feed, self._proxy, self._sink = feed, proxy, sink

    def receive(self, request: Request) -> None:
        """A request came in on this stream."""
        self._feed.received(self._proxy, self._sink, request)

    def close(self) -> None:
        """The stream is gone."""
        self._feed.disconnected(self._proxy, self._sink)


class Feed:
    """See ``ports.proxies.ProxyFeed``."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._parts: dict[str, Part] = {}
        self._places = Places[Part]()
        self._part_of: dict[WorkloadId, Part] = {}
        """Of every workload that is published."""
        self._proxies: dict[ProxyId, Proxy] = {}
        self._led_as: dict[WorkloadId, set[ProxyId]] = {}
        self._given: dict[WorkloadId, Given] = {}
        """To the guests of each workload, also to those that have gone: they may come back."""
        self._unsettled: set[ProxyId] = set()
        """Those whose endpoints may be others than those of their newest snapshot."""
        self._listeners: list[Doorbell] = []
        self.figures = Counter()
        """Configurations: ``pushed`` to proxies, and ``refused`` by them."""
        self.turned_away = Counter()
        """Streams that a gate did not let in, by gRPC's code."""

    def publish(self, mesh: Mesh, part: str = "") -> None:
        """Make this the mesh of a part; push what changed. What can't be translated keeps its last good form."""
        found = self._parts.get(part) or self._parts.setdefault(part, Part(self._places))
        gone = found.mesh.workloads.keys() - mesh.workloads.keys()
        led = found.led
        changed = found.update(mesh)
        if mesh == Mesh():
            del self._parts[part]
        for workload in gone:
            del self._part_of[workload]
            self._given.pop(workload, None)
        self._part_of.update(dict.fromkeys(changed, found))
        touched = {proxy for workload in changed for proxy in self._led_as.get(workload, ())}
        if found.led is not led:
            touched |= self._assign(found.led, led)
        for proxy in sorted(touched):
            self._offer(proxy)
        self._ring(touched)

    def clear(self) -> None:
        """End every part."""
        for part in tuple(self._parts):
            self.publish(Mesh(), part)

    def bootstrap(self, proxy: ProxyId) -> bytes:
        """Envoy's bootstrap for this proxy; UnknownProxy when what it is led as hasn't been published."""
        workload = self.leads(proxy)
        part = None if workload is None else self._part_of.get(workload)
        if part is None or workload is None:
            raise UnknownProxy(proxy)
        return bootstrap(part.mesh.workloads[workload], self._settings, proxy)

    def configuration(self, workload: WorkloadId) -> Mapping[str, Any] | None:
        """What the workload's proxies are given, as Envoy's ``/config_dump`` has it, without secrets."""
        part = self._part_of.get(workload)
        snapshot = None if part is None else part.cache.snapshot(workload)
        return None if snapshot is None else config_dump(snapshot)

    def agent_bootstrap(self, agent: Agent) -> bytes:
        """Envoy's bootstrap for an App Mesh proxy."""
        return agent_bootstrap(agent, self._settings)

    def leads(self, proxy: ProxyId) -> WorkloadId | None:
        """What a proxy is led as; None when it is unknown."""
        found = self._proxies.get(proxy)
        return None if found is None else found.workload

    def reported(self, proxy: ProxyId, at: Instant) -> None:
        """The proxy's statistics came in."""
        found = self._proxies.get(proxy)
        if found is not None:
            found.reported_at = at
            self._ring({proxy})

    def state(self, proxy: ProxyId) -> ProxyState | None:
        """One proxy's state; None when it is unknown."""
        found = self._proxies.get(proxy)
        return None if found is None else self._state(found)

    def is_connected(self, proxy: ProxyId) -> bool:
        """Whether the proxy has an open stream."""
        found = self._proxies.get(proxy)
        return found is not None and found.sink is not None

    def carries(self, proxy: ProxyId, places: AbstractSet[tuple[str, int]]) -> bool:
        """Whether the proxy has acknowledged its newest configuration, which leads all these places to somebody."""
        found = self._proxies.get(proxy)
        part = None if found is None else self._part_for(found)
        if part is None or found is None or found.workload is None or not self._state(found).synced:
            return False
        calls = part.mesh.workloads[found.workload].outbound.calls
        return places <= {(call.address, call.port) for call in calls if is_answered(part.mesh, call)}

    def states(self) -> Mapping[ProxyId, ProxyState]:
        """Every proxy that is known."""
        return {proxy: self._state(found) for proxy, found in self._proxies.items()}

    def holders(self, address: str, port: int) -> frozenset[ProxyId]:
        """Proxies of any part that may still send traffic to this endpoint.

        Those that have their newest snapshot are found by what is in it; each of the others is asked.
        """
        endpoint = (address, port)
        senders = (workload for part, name in self._places.at(endpoint) for workload in part.users(name))
        proxies = self._unsettled.union(*(self._led_as.get(workload, ()) for workload in senders))
        return frozenset(proxy for proxy in proxies if self._may_send(self._proxies[proxy], endpoint))

    def service(self, name: str, part: str = "") -> Service | None:
        """A service as it was last published in a part."""
        found = self._parts.get(part)
        return None if found is None else found.mesh.services.get(name)

    async def changes(self) -> AsyncGenerator[ProxyId, None]:
        """Proxies whose state changed."""
        doorbell = Doorbell()
        self._listeners.append(doorbell)
        try:
            while True:
                for proxy in await doorbell.rung():
                    yield proxy
        finally:
            self._listeners.remove(doorbell)

    def connect(
        self, proxy: ProxyId, sink: Sink, stream: Stream[Request], guest_of: WorkloadId | None = None
    ) -> Connection[Request]:
        """A proxy has opened a stream. An older stream of the same proxy is ended. ``guest_of``: what a proxy is led as
        that is no task's.
        """
        found = self._proxies.setdefault(proxy, Proxy())
        if found.sink is not None:
            found.sink.end()
        found.before, found.stream, found.sink = found.stream or found.before, stream, sink
        if guest_of is not None:
            found.is_guest = True
            self._lead(proxy, guest_of)
            stream.recall(self._given.setdefault(guest_of, Given()))
        self._offer(proxy)
        self._ring({proxy})
        return Connection(self, proxy, sink)

    def guests(self, workload: WorkloadId) -> AbstractSet[ProxyId]:
        """The proxies with a stream that are led as this workload and are no task's."""
        return {proxy for proxy in self._led_as.get(workload, ()) if self._proxies[proxy].is_guest}

    def received(self, proxy: ProxyId, sink: Sink, request: DeltaDiscoveryRequest | DiscoveryRequest) -> None:
        """A request on a stream; ignored when the stream isn't the proxy's newest."""
        found = self._proxies.get(proxy)
        if found is None or found.sink is not sink or found.stream is None:
            return
        if request.HasField("error_detail"):
            self.figures.add("refused")
        self._pass_on(sink, found.stream.receive(request))
        if found.stream.has_asked_for(Kind.ENDPOINT):
            found.before = None
        self._note(proxy, found)
        self._ring({proxy})

    def disconnected(self, proxy: ProxyId, sink: Sink) -> None:
        """A stream has ended."""
        found = self._proxies.get(proxy)
        if found is None or found.sink is not sink:
            return
        found.sink = None
        if found.is_guest:
            self._lead(proxy, None)
        if found.workload is None:
            del self._proxies[proxy]
        self._note(proxy, found)
        self._ring({proxy})

    def _assign(self, now: Mapping[ProxyId, WorkloadId], before: Mapping[ProxyId, WorkloadId]) -> set[ProxyId]:
        """Lead these proxies, and let go of those that were led before; returns whoever it is news for."""
        gone = {proxy for proxy in before.keys() - now.keys() if self.leads(proxy) == before[proxy]}
        others = {proxy: workload for proxy, workload in now.items() if before.get(proxy) != workload}
        for proxy in gone:
            self._lead(proxy, None)
            if self._proxies[proxy].sink is None:  # one that is connected keeps what it has until it goes
                del self._proxies[proxy]
        for proxy, workload in others.items():
            self._lead(proxy, workload)
        return gone | others.keys()

    def _lead(self, proxy: ProxyId, workload: WorkloadId | None) -> None:
        found = self._proxies.setdefault(proxy, Proxy())
        if found.workload is not None:
            proxies = self._led_as[found.workload]
            proxies.discard(proxy)
            if not proxies:
                del self._led_as[found.workload]
        found.workload = workload
        if workload is not None:
            self._led_as.setdefault(workload, set()).add(proxy)
        self._note(proxy, found)

    def _offer(self, proxy: ProxyId) -> None:
        found = self._proxies.get(proxy)
        if found is None or found.sink is None or found.stream is None or found.workload is None:
            return
        part = self._part_of.get(found.workload)
        snapshot = None if part is None else part.cache.snapshot(found.workload)
        if snapshot is not None:
            self._pass_on(found.sink, found.stream.offer(snapshot))
        self._note(proxy, found)

    def _pass_on(self, sink: Sink, responses: Collection[bytes]) -> None:
        for response in responses:
            self.figures.add("pushed")
            sink.send(response)

    def _note(self, proxy: ProxyId, found: Proxy) -> None:
        if found.is_settled:
            self._unsettled.discard(proxy)
        else:
            self._unsettled.add(proxy)

    def _part_for(self, proxy: Proxy) -> Part | None:
        return None if proxy.workload is None else self._part_of.get(proxy.workload)

    def _may_send(self, proxy: Proxy, endpoint: tuple[str, int]) -> bool:
        part = self._part_for(proxy)
        return part is not None and part.may_send(proxy.streams(), endpoint)

    def _state(self, proxy: Proxy) -> ProxyState:
        connected = proxy.sink is not None
        stream, part = proxy.stream, self._part_for(proxy)
        fault = None if part is None or proxy.workload is None else part.cache.fault(proxy.workload)
        rejected = fault or (stream.rejected if stream is not None else None)
        synced = connected and stream is not None and stream.synced and rejected is None
        return ProxyState(connected, synced, rejected, proxy.reported_at)

    def _ring(self, proxies: Iterable[ProxyId]) -> None:
        for doorbell in self._listeners:
            doorbell.ring(proxies)
