"""A store's meshes as they are published, and a feed that records them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moyai.domain.world import Delete, Put
from moyai.mesh.app_mesh import AppMeshOptions
from moyai.mesh.ir import MeshIR
from moyai.ports.store import Key
from moyai.reconcile.derived_values import workload_meshes
from moyai.store.memory import MemoryStore
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings


class RecordingFeed(Feed):
    """A feed that can be asked what was published, and can fail for some parts."""

    def __init__(self) -> None:
        super().__init__(BootstrapSettings())
        self.shards: dict[str, MeshIR] = {}
        self.heard: list[str] = []
        self.broken: set[str] = set()

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        """As the feed does."""
        if shard in self.broken:
            raise TypeError("whatever it is")
        super().publish(mesh, shard)
        self.shards = {**self.shards, shard: mesh}
        if mesh == MeshIR():
            del self.shards[shard]
        self.heard.append(shard.rpartition("/")[2])


class PublishedShards:
    """A store, its broadcast, and the feed."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.feed = store, RecordingFeed()
        self.broadcast = workload_meshes(store.world, self.feed, AppMeshOptions())
        self._seen: dict[Key, Any] = {}
        self.catch_up()

    def catch_up(self) -> list[str]:
        """The parts that are computed again for whatever has changed."""
        before, self._seen = self._seen, {_key(record): record for record in self.store.world.records()}
        changed = {key for key, record in self._seen.items() if before.get(key) is not record}
        return self.follow(*changed, *(before.keys() - self._seen.keys()))

    def put(self, record: Any) -> list[str]:
        """The parts that are computed again for this."""
        self.store.apply([Put(record)])
        return self.catch_up()

    def delete(self, record: Any) -> list[str]:
        """The parts that are computed again for this."""
        self.store.apply([Delete(type(record), record.key)])
        return self.catch_up()

    def follow(self, *keys: Key) -> list[str]:
        """The same, for changes under these keys."""
        stale = self.broadcast.invalidate(keys)
        for workload in stale:
            self.broadcast.update(workload)
        return sorted(workload.rpartition("/")[2] for workload in stale)


def holding(records: Iterable[Any]) -> MemoryStore:
    """A store with these."""
    store = MemoryStore()
    store.apply([Put(record) for record in records])
    return store


def _key(record: Any) -> Key:
    return Key(str(type(record).__struct_config__.tag), record.key)
