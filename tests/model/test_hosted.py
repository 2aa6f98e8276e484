"""Whatever is changed in the world: the resources of the host's Envoy are those of a fresh translation."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.record import StoredRecord
from moyai.domain.world import table_name
from moyai.mesh.ir import MeshIR
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.xds.server.endpoint_history import EndpointIndex
from moyai.xds.server.feed import Feed
from moyai.xds.server.host import HostedWorkloads
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.model.derived_worlds import CONNECT, draw_change, world_of

BROKEN = (KeyError, ValueError, IndexError, StopIteration, AttributeError)
"""What computations raise in worlds that no operation makes; then the last good form stays."""


def hosted_workloads() -> HostedWorkloads:
    workloads = HostedWorkloads(EndpointIndex())
    workloads.is_complete = True
    return workloads


class HostFeed(Feed):
    """A feed whose workloads are all served by the host's Envoy."""

    def __init__(self) -> None:
        super().__init__(BootstrapSettings())
        self.host = hosted_workloads()
        self.meshes: dict[str, MeshIR] = {}

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        self.meshes[shard] = replace(mesh, hosted=frozenset(mesh.workloads))
        self.host.update(self.meshes[shard], shard)

    def check(self) -> None:
        fresh = hosted_workloads()
        for shard, mesh in self.meshes.items():
            fresh.update(mesh, shard)
        assert self.host.snapshot() == fresh.snapshot()


@pytest.mark.long
@settings(max_examples=60, phases=(Phase.reuse, Phase.generate))
@given(st.sampled_from(CONNECT), st.data())
def test_resources_of_the_hosts_envoy_equal_a_fresh_translation(connect, data):
    store, feed = world_of(connect, "nothing.in.yaml"), HostFeed()
    meshes = NamespaceMeshes(store.world, feed)
    meshes.follow([(table_name(type(record)), record.key) for record in store.world.records()])
    feed.check()
    deleted: list[StoredRecord] = []
    for _ in range(data.draw(st.integers(1, 12), "steps")):
        change = draw_change(data, store.world, deleted)
        store.apply([change])
        for key in meshes.invalidate([(table_name(change.record_type), change.key)]):
            try:
                meshes.update(key)
            except BROKEN:
                continue
        feed.check()
