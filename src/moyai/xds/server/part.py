"""A part of the mesh: its translations, and what its endpoints were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import Mesh
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.history import Endpoint, EndpointHistory, Places
from moyai.xds.server.pieces import endpoints_key, others
from moyai.xds.server.resource import Kind
from moyai.xds.server.stream import AnyStream
from moyai.xds.translate.names import endpoints


class Part:
    """What one ``publish`` after the other was given. ``led``: what each of its proxies is led as; ``places``: where
    all parts tell which endpoints they have.
    """

    def __init__(self, places: Places[Part]) -> None:
        self.cache = SnapshotCache()
        self.led: Mapping[ProxyId, WorkloadId] = {}
        self._history = EndpointHistory(places, self)

    @property
    def mesh(self) -> Mesh:
        """As it was last published."""
        return self.cache.mesh

    def update(self, mesh: Mesh) -> frozenset[WorkloadId]:
        """Translate what changed; the workloads whose snapshot is another one now."""
        before = self.mesh
        changed = self.cache.update(mesh)
        for group in others(mesh.groups, before.groups):
            found = self.cache.resource(endpoints_key(group.name))
            if found is not None:
                self._history.add(found.name, found.version, group)
        self._history.forget(endpoints(name) for name in before.groups.keys() - mesh.groups.keys())
        if mesh.proxies != before.proxies or mesh.workloads.keys() != before.workloads.keys():
            self.led = _led(mesh)
        return changed

    def users(self, name: str) -> Iterator[WorkloadId]:
        """The workloads whose newest snapshot has an endpoint resource."""
        return self.cache.users((Kind.ENDPOINT, name))

    def may_send(self, streams: Iterable[AnyStream], endpoint: Endpoint) -> bool:
        """Whether any configuration that the proxy of these streams may be using has the endpoint."""
        may_contain = self._history.may_contain
        return any(
            may_contain(name, version, endpoint) for stream in streams for name, version in stream.held(Kind.ENDPOINT)
        )


def _led(mesh: Mesh) -> Mapping[ProxyId, WorkloadId]:
    named = set(mesh.proxies.values())
    own = {ProxyId(workload): workload for workload in mesh.workloads if workload not in named}
    return {**own, **{proxy: workload for proxy, workload in mesh.proxies.items() if workload in mesh.workloads}}
