"""A shard of the mesh: its translated resources, and the history of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import MeshIR
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.endpoint_history import Endpoint, EndpointHistory, EndpointIndex
from moyai.xds.server.resource import ResourceType
from moyai.xds.server.resource_set import endpoints_key
from moyai.xds.server.stream import AnyStream
from moyai.xds.translate.names import endpoints
from moyai.xds.translate.placement import Placement


class Shard:
    """The newest mesh that was published under one name. ``assignments`` has the workload of each of its proxies;
    ``index`` is shared by all shards.
    """

    def __init__(self, index: EndpointIndex[Shard]) -> None:
        self.cache = SnapshotCache()
        self.assignments: Mapping[ProxyId, WorkloadId] = {}
        self._history = EndpointHistory(index, self)

    @property
    def mesh(self) -> MeshIR:
        """The mesh as it was last published."""
        return self.cache.mesh

    def update(self, mesh: MeshIR, placement: Placement | None = None) -> frozenset[WorkloadId]:
        """Translate what changed; returns the workloads whose snapshot has changed. ``placement`` as in the cache."""
        before = self.mesh
        workloads, changed_keys = self.cache.update(mesh, placement)
        for group in mesh.groups.values():
            key = endpoints_key(group.name)
            resource = self.cache.resource(key) if key in changed_keys else None
            if resource is not None:
                self._history.add(resource.name, resource.version, group)
        self._history.forget(endpoints(name) for name in before.groups.keys() - mesh.groups.keys())
        if mesh.proxies != before.proxies or mesh.workloads.keys() != before.workloads.keys():
            self.assignments = _assignments(mesh)
        return workloads

    def users(self, name: str) -> Iterator[WorkloadId]:
        """The workloads whose newest snapshot has this endpoint resource."""
        return self.cache.users((ResourceType.ENDPOINT, name))

    def may_send(self, streams: Iterable[AnyStream], endpoint: Endpoint) -> bool:
        """Whether any configuration that the proxy of these streams may be using has the endpoint."""
        versions = (version for stream in streams for version in stream.possible_versions(ResourceType.ENDPOINT))
        return any(self._history.may_contain(name, version, endpoint) for name, version in versions)


def _assignments(mesh: MeshIR) -> Mapping[ProxyId, WorkloadId]:
    """The workload of each proxy. A workload without assigned proxies has one proxy, with the same id."""
    assigned = set(mesh.proxies.values())
    own = {ProxyId(workload): workload for workload in mesh.workloads if workload not in assigned}
    return {**own, **{proxy: workload for proxy, workload in mesh.proxies.items() if workload in mesh.workloads}}
