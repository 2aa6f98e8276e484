"""The feed: sends the newest mesh to every proxy, and keeps what each proxy has acknowledged.

Promise: as in ``ports.proxies``. The feed does no I/O itself: it sends to a Sink, and is called through a
ProxyConnection when a request comes in. So a gRPC server and an in-process proxy are served alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from typing_extensions import override

from moyai.domain.appmesh.agent_settings import Agent
from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.domain.world import ProxyState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.kernel.metrics import Counter
from moyai.mesh.ir import MeshIR, MeshService
from moyai.ports.proxies import ProxyFeed, UnknownProxy
from moyai.xds.server.config_dump import config_dump
from moyai.xds.server.endpoint_history import EndpointIndex
from moyai.xds.server.host import HostedWorkloads, without_hosted
from moyai.xds.server.proxy import Proxy, ProxyChanges, ProxyConnection, Sink
from moyai.xds.server.resource import Snapshot
from moyai.xds.server.resource_set import has_endpoints
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.shard import Shard
from moyai.xds.server.stream import AdsStream, Request
from moyai.xds.translate import agent_bootstrap, bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings


class Feed(ProxyFeed):
    """The meshes of all shards, and the streams of the proxies that are configured from them."""

    def __init__(self, settings: BootstrapSettings) -> None:
        self._settings = settings
        self._shards: dict[str, Shard] = {}
        self._endpoints = EndpointIndex[Shard]()
        self._shard_of: dict[WorkloadId, Shard] = {}
        """The shard of every published workload."""
        self._published: dict[str, MeshIR] = {}
        self._host = HostedWorkloads(self._endpoints, settings.trace_sampling)
        self._proxies: dict[ProxyId, Proxy] = {}
        self._proxies_of: dict[WorkloadId, set[ProxyId]] = {}
        self._sent_versions: dict[WorkloadId, SentVersions] = {}
        """The versions that external proxies of each workload were sent; kept for proxies that reconnect."""
        self._unsettled: set[ProxyId] = set()
        """Proxies whose endpoints may differ from those of their newest snapshot."""
        self._listeners: list[ProxyChanges] = []
        self.responses = Counter()
        """Counts responses: ``pushed`` to proxies, and ``refused`` by them."""
        self.rejected_streams = Counter()
        """Counts streams that were rejected, by gRPC's status code."""

    @override
    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        target = self._shards.get(shard) or self._shards.setdefault(shard, Shard(self._endpoints))
        self._published[shard], own_mesh = mesh, without_hosted(mesh)
        removed_workloads = target.mesh.workloads.keys() - own_mesh.workloads.keys()
        assignments_before = target.assignments
        workloads = target.update(own_mesh)
        if mesh == MeshIR():
            del self._shards[shard], self._published[shard]
        for workload in removed_workloads:
            del self._shard_of[workload]
            self._sent_versions.pop(workload, None)
        self._shard_of.update(dict.fromkeys(workloads, target))
        proxies = {proxy for workload in workloads for proxy in self._proxies_of.get(workload, ())}
        if target.assignments is not assignments_before:
            proxies |= self._assign_all(target.assignments, assignments_before)
        if self._host.update(mesh, shard):
            proxies.add(HOST_PROXY)
        for proxy in sorted(proxies):
            self._offer(proxy)
        self._notify(proxies)

    @override
    def serve_host(self) -> None:
        if not self._host.is_complete:
            self._host.is_complete = True
            self._offer(HOST_PROXY)
            self._notify({HOST_PROXY})

    @override
    def published_mesh(self, shard: str = "") -> MeshIR:
        return self._published.get(shard, MeshIR())

    @override
    def clear(self) -> None:
        for shard in tuple(self._shards):
            self.publish(MeshIR(), shard)

    @override
    def bootstrap(self, proxy: ProxyId) -> bytes:
        if proxy == HOST_PROXY:
            return bootstrap.host_bootstrap(proxy, self._settings)
        workload = self.workload_of(proxy)
        shard = None if workload is None else self._shard_of.get(workload)
        if shard is None or workload is None:
            raise UnknownProxy(proxy)
        return bootstrap.bootstrap(shard.mesh.workloads[workload], self._settings, proxy)

    @override
    def configuration(self, workload: WorkloadId) -> Mapping[str, Any] | None:
        shard = self._shard_of.get(workload) or self._host.shard_of(workload)
        snapshot = None if shard is None else shard.cache.snapshot(workload)
        return None if snapshot is None else config_dump(snapshot)

    @override
    def agent_bootstrap(self, agent: Agent) -> bytes:
        return agent_bootstrap.agent_bootstrap(agent, self._settings)

    @override
    def workload_of(self, proxy: ProxyId) -> WorkloadId | None:
        record = self._proxies.get(proxy)
        return None if record is None else record.workload

    def record_report(self, proxy: ProxyId, at: Instant) -> None:
        """Record that the proxy's statistics came in at this time."""
        record = self._proxies.get(proxy)
        if record is not None:
            record.reported_at = at
            if record.sink is not None:
                self._send(record.sink, record.resend_rejected(at))
            self._notify({proxy})

    @override
    def state(self, proxy: ProxyId) -> ProxyState | None:
        record = self._proxies.get(proxy)
        return self._host.state(WorkloadId(proxy)) if record is None else self._state(record)

    @override
    def is_connected(self, proxy: ProxyId) -> bool:
        state = self.state(proxy)
        return state is not None and state.connected

    @override
    def has_acked_routes_to(self, proxy: ProxyId, addresses: AbstractSet[tuple[str, int]]) -> bool:
        state, workload = self.state(proxy), self.workload_of(proxy) or WorkloadId(proxy)
        shard = self._shard_of.get(workload) or self._host.shard_of(workload)
        if shard is None or state is None or not state.synced:
            return False
        calls = shard.mesh.workloads[workload].outbound.calls
        return addresses <= {(call.address, call.port) for call in calls if has_endpoints(shard.mesh, call)}

    @override
    def states(self) -> Mapping[ProxyId, ProxyState]:
        own = {proxy: self._state(known) for proxy, known in self._proxies.items() if not known.serves_host}
        return own | dict(self._host.states())

    @override
    def holders(self, address: str, port: int) -> frozenset[ProxyId]:
        """Proxies that have their newest snapshot are found by its content; each of the others is
        checked.
        """
        endpoint = (address, port)
        resources = self._endpoints.resources_with(endpoint)
        senders = (w for shard, name in resources for w in shard.users(name))
        proxies = self._unsettled.union(*(self._proxies_of.get(workload, ()) for workload in senders))
        if HOST_PROXY in self._proxies and any(self._host.has_shard(shard) for shard, _ in resources):
            proxies |= {HOST_PROXY}
        return frozenset(proxy for proxy in proxies if self._may_send(self._proxies[proxy], endpoint))

    @override
    def service(self, name: str, shard: str = "") -> MeshService | None:
        return self.published_mesh(shard).services.get(name)

    @override
    async def changes(self) -> AsyncGenerator[ProxyId, None]:
        listener = ProxyChanges()
        self._listeners.append(listener)
        try:
            while True:
                for proxy in await listener.wait():
                    yield proxy
        finally:
            self._listeners.remove(listener)

    def connect(
        self, proxy: ProxyId, sink: Sink, stream: AdsStream[Request], external_workload: WorkloadId | None = None
    ) -> ProxyConnection[Request]:
        """Handle a new stream; an older stream of the same proxy is ended. ``external_workload``: the workload of an
        external proxy, to which no mesh assigns one.
        """
        record = self._proxies.setdefault(proxy, self._host.proxy if proxy == HOST_PROXY else Proxy())
        if record.sink is not None:
            record.sink.end()
        record.previous_stream = record.stream or record.previous_stream
        record.stream, record.sink = stream, sink
        if external_workload is not None:
            record.is_external = True
            self._assign(proxy, external_workload)
            stream.remember(self._sent_versions.setdefault(external_workload, SentVersions()))
        self._offer(proxy)
        self._notify({proxy})
        return ProxyConnection(self, proxy, sink)

    def external_proxies(self, workload: WorkloadId) -> AbstractSet[ProxyId]:
        """The connected external proxies of this workload."""
        return {proxy for proxy in self._proxies_of.get(workload, ()) if self._proxies[proxy].is_external}

    def receive(self, proxy: ProxyId, sink: Sink, request: DeltaDiscoveryRequest | DiscoveryRequest) -> None:
        """Handle a request; it is ignored when ``sink`` isn't that of the proxy's newest stream."""
        record = self._proxies.get(proxy)
        if record is None or record.sink is not sink or record.stream is None:
            return
        if request.HasField("error_detail"):
            self.responses.add("refused")
        self._send(sink, record.stream.receive(request))
        if record.has_reported_versions:
            record.previous_stream = None
        self._track_settled(proxy, record)
        self._notify({proxy})

    def disconnect(self, proxy: ProxyId, sink: Sink) -> None:
        """Handle the end of a stream; it is ignored when ``sink`` isn't that of the proxy's newest stream."""
        record = self._proxies.get(proxy)
        if record is None or record.sink is not sink:
            return
        record.sink = None
        if record.is_external:
            self._assign(proxy, None)
        if record.workload is None and not record.serves_host:
            del self._proxies[proxy]
        self._track_settled(proxy, record)
        self._notify({proxy})

    def _assign_all(self, now: Mapping[ProxyId, WorkloadId], before: Mapping[ProxyId, WorkloadId]) -> set[ProxyId]:
        """Assign proxies to workloads, and end the assignments of those that have none any more; returns both."""
        without_workload = {proxy for proxy in before.keys() - now.keys() if self.workload_of(proxy) == before[proxy]}
        assignments = {proxy: workload for proxy, workload in now.items() if before.get(proxy) != workload}
        for proxy in without_workload:
            self._assign(proxy, None)
            if self._proxies[proxy].sink is None:  # one that is connected keeps its configuration until it disconnects
                del self._proxies[proxy]
        for proxy, workload in assignments.items():
            self._assign(proxy, workload)
        return without_workload | assignments.keys()

    def _assign(self, proxy: ProxyId, workload: WorkloadId | None) -> None:
        record = self._proxies.setdefault(proxy, Proxy())
        if record.workload is not None:
            proxies = self._proxies_of[record.workload]
            proxies.discard(proxy)
            if not proxies:
                del self._proxies_of[record.workload]
        record.workload = workload
        if workload is not None:
            self._proxies_of.setdefault(workload, set()).add(proxy)
        self._track_settled(proxy, record)

    def _offer(self, proxy: ProxyId) -> None:
        record = self._proxies.get(proxy)
        if record is None or record.sink is None or record.stream is None:
            return
        snapshot = self._host.snapshot() if record.serves_host else self._own_snapshot(record)
        if snapshot is not None:
            self._send(record.sink, record.stream.offer(snapshot))
        self._track_settled(proxy, record)

    def _own_snapshot(self, record: Proxy) -> Snapshot | None:
        shard = self._shard_for(record)
        return None if shard is None or record.workload is None else shard.cache.snapshot(record.workload)

    def _send(self, sink: Sink, responses: Collection[bytes]) -> None:
        for response in responses:
            self.responses.add("pushed")
            sink.send(response)

    def _track_settled(self, proxy: ProxyId, record: Proxy) -> None:
        if record.is_settled:
            self._unsettled.discard(proxy)
        else:
            self._unsettled.add(proxy)

    def _shard_for(self, proxy: Proxy) -> Shard | None:
        return None if proxy.workload is None else self._shard_of.get(proxy.workload)

    def _may_send(self, proxy: Proxy, endpoint: tuple[str, int]) -> bool:
        if proxy.serves_host:
            return self._host.may_send(endpoint)
        shard = self._shard_for(proxy)
        return shard is not None and shard.may_send(proxy.streams(), endpoint)

    def _state(self, proxy: Proxy) -> ProxyState:
        is_connected = proxy.sink is not None
        stream, shard = proxy.stream, self._shard_for(proxy)
        fault = None if shard is None or proxy.workload is None else shard.cache.fault(proxy.workload)
        rejection = fault or (stream.rejection if stream is not None else None)
        is_synced = is_connected and stream is not None and stream.is_synced and rejection is None
        return ProxyState(is_connected, is_synced, rejection, proxy.reported_at)

    def _notify(self, proxies: Iterable[ProxyId]) -> None:
        for listener in self._listeners:
            listener.notify(proxies)
