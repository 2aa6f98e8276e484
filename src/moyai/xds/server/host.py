"""The workloads of all shards that the host's Envoy serves, and what it has acknowledged of each workload.

The Envoy has one stream, with the resources of all its workloads. A workload is synced when the Envoy has acknowledged
each of that workload's resources; a rejected resource affects only the workloads that have it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from moyai.domain.sandbox.host_proxy import namespace_path
from moyai.domain.world import ProxyState
from moyai.kernel.ids import ProxyId, TaskId, WorkloadId
from moyai.mesh.ir import MeshIR, Workload
from moyai.xds.server.called_groups import CalledGroups
from moyai.xds.server.endpoint_history import Endpoint, EndpointIndex
from moyai.xds.server.proxy import Proxy
from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot
from moyai.xds.server.shard import Shard
from moyai.xds.translate import access_log
from moyai.xds.translate.placement import Placement, WorkloadPlace

_EMPTY = MeshIR()


class HostedWorkloads:
    """The workloads of the host's Envoy, which is ``proxy``. ``index`` is shared by all shards. ``sampling``: percent
    of requests, where they are traced.
    """

    def __init__(self, index: EndpointIndex[Shard], sampling: float = 0) -> None:
        self.proxy = Proxy(serves_host=True)
        self.is_complete = False
        """Whether every shard has been published once. Until then the Envoy's resources are not known, and the Envoy
        keeps those that it has.
        """
        self._index = index
        self._sampling = sampling
        self._shards: dict[str, Shard] = {}
        self._called_groups: dict[str, CalledGroups] = {}
        self._shard_of: dict[WorkloadId, Shard] = {}

    def update(self, mesh: MeshIR, name: str) -> bool:
        """Translate what changed in a shard of the mesh; returns whether the Envoy's snapshot may have changed."""
        shard = self._shards.get(name)
        if shard is None and not mesh.hosted:
            return False
        shard = shard or self._shards.setdefault(name, Shard(self._index))
        before = shard.mesh.hosted
        groups = self._called_groups.setdefault(name, CalledGroups())
        hosted_mesh = groups.add_to(mesh) if mesh.hosted else _EMPTY
        changed = shard.update(hosted_mesh, self._placement(mesh, shard))
        for workload in before - mesh.hosted:
            if self._shard_of.get(workload) is shard:  # not another one's by now
                del self._shard_of[workload]
        self._shard_of.update(dict.fromkeys(mesh.hosted, shard))
        if not mesh.hosted:
            del self._shards[name], self._called_groups[name]
        return bool(changed) or before != mesh.hosted

    def snapshot(self) -> Snapshot | None:
        """All resources that the Envoy should have; None while they are not known."""
        if not self.is_complete:
            return None
        resources: dict[ResourceType, dict[str, EncodedResource]] = {type_: {} for type_ in ResourceType}
        for workload in self._shard_of:
            for type_, own in (self._snapshot_of(workload) or {}).items():
                resources[type_].update(own)
        return resources

    def shard_of(self, workload: WorkloadId) -> Shard | None:
        """The shard of a hosted workload; None for any other."""
        return self._shard_of.get(workload)

    def has_shard(self, shard: Shard) -> bool:
        """Whether this is a shard of hosted workloads."""
        return shard in self._shards.values()

    def may_send(self, endpoint: Endpoint) -> bool:
        """Whether any configuration that the Envoy may be using has the endpoint."""
        return any(shard.may_send(self.proxy.streams(), endpoint) for shard in self._shards.values())

    def states(self) -> Iterator[tuple[ProxyId, ProxyState]]:
        """The state of each workload, under the id that a proxy of its own would have."""
        for workload in self._shard_of:
            state = self.state(workload)
            if state is not None:
                yield ProxyId(workload), state

    def state(self, workload: WorkloadId) -> ProxyState | None:
        """The state of the Envoy as the proxy of this workload; None when it neither has nor should have any of the
        workload's resources. An Envoy without a stream may have ended, so nothing waits until it drops them.
        """
        stream, is_connected = self.proxy.stream, self.proxy.sink is not None
        snapshot, shard = self._snapshot_of(workload), self._shard_of.get(workload)
        if snapshot is None or shard is None:
            is_left = is_connected and any(known.may_have_of(workload) for known in self.proxy.streams())
            return ProxyState(is_connected, reported_at=self.proxy.reported_at) if is_left else None
        rejection = shard.cache.fault(workload) or (None if stream is None else stream.rejection_in(snapshot))
        is_synced = is_connected and stream is not None and rejection is None and stream.has(snapshot)
        lacks_listener = stream is not None and stream.lacks_listener_of(snapshot)
        return ProxyState(is_connected, is_synced, rejection, self.proxy.reported_at, lacks_listener)

    def _placement(self, mesh: MeshIR, shard: Shard) -> Placement:
        """The places of the workloads; the shard's present ones while the workloads are the same objects."""
        before = shard.cache.placement
        if before is not None and mesh.workloads is shard.mesh.workloads and mesh.hosted == shard.mesh.hosted:
            return before
        return {workload: _place(workload, mesh.workloads.get(workload), self._sampling) for workload in mesh.hosted}

    def _snapshot_of(self, workload: WorkloadId) -> Snapshot | None:
        shard = self._shard_of.get(workload)
        return None if shard is None else shard.cache.snapshot(workload)


def without_hosted(mesh: MeshIR) -> MeshIR:
    """The mesh without the workloads that the host's Envoy serves; empty when there are no others."""
    if not mesh.hosted:
        return mesh
    workloads = {key: workload for key, workload in mesh.workloads.items() if key not in mesh.hosted}
    return replace(mesh, workloads=workloads, hosted=frozenset()) if workloads else _EMPTY


def _place(identity: WorkloadId, workload: Workload | None, sampling: float) -> WorkloadPlace:
    task = TaskId(identity.rpartition("/")[2])
    log = access_log.log_kind(None if workload is None else workload.access_log)
    return WorkloadPlace(identity, namespace_path(task), task, log, sampling)
