"""Values that are computed from the world, and computed again when a record that they depend on has changed.

Promise: the reads of a computation are recorded, so dependencies are never listed by hand. After ``invalidate``
has been passed a change, every key whose value that change can alter is stale, and stays so until ``update`` has
computed and published it without an error. A value that comes out equal is not published. Nothing is stored: after a
restart everything is computed once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar, cast

from moyai.domain.record import StoredRecord
from moyai.domain.traced import Reads, Topic, TracedWorld, has_changed
from moyai.domain.world import World, table_name

K = TypeVar("K", bound=str)
V = TypeVar("V")
Publish = Callable[[K, V, V], None]
"""Takes a key, its last published value, and its new value."""
_NO_READS: Final[Mapping[Topic, object]] = MappingProxyType({})


class Derived(Generic[K, V]):
    """The values of one pure function of the world and a key. ``absent``: the value of a key without anything to
    compute; it is published when a key disappears.

    ``kinds``: each record of these types has a value, under its own key. Other keys are added and removed by ``add``
    and ``remove``. ``publish`` is called with each value that has changed.
    """

    def __init__(
        self,
        world: World,
        compute: Callable[[World, K], V],
        absent: V,
        *kinds: type[StoredRecord],
        publish: Publish[K, V] | None = None,
    ) -> None:
        self._world, self._traced = world, TracedWorld(world)
        self._compute, self._publish, self._absent = compute, publish, absent
        self._kinds = {table_name(kind): kind for kind in kinds}
        self._values: dict[K, V] = {}
        self._reads: dict[K, Reads] = {}
        self._shared: Reads = {}
        """The last recorded reads, which thousands of keys in a row may share."""
        self._readers: defaultdict[Topic, set[K]] = defaultdict(set)
        self._tables: set[str] = set()
        """The tables that were read at any time."""
        self._stale: set[K] = set()

    @property
    def values(self) -> Mapping[K, V]:
        """The published values, without ``absent`` ones."""
        return MappingProxyType(self._values)

    def __contains__(self, key: K) -> bool:
        """Whether the key is one of ``keys``."""
        return key in self._stale or key in self._reads or key in self._values or self._has_record(key)

    def keys(self) -> tuple[K, ...]:
        """All keys in order: those that exist, and those whose value is still published."""
        record_keys = (cast("K", record.key) for kind in self._kinds.values() for record in self._world.table(kind))
        return tuple(sorted({*record_keys, *self._reads, *self._values, *self._stale}))

    def is_stale(self, key: K) -> bool:
        """Whether the key's value is to be computed again."""
        return key in self._stale

    def add(self, key: K) -> None:
        """Add a key, or compute its value again, at the next ``follow``."""
        self._stale.add(key)

    def remove(self, key: K) -> None:
        """Remove a key without publishing."""
        self._values.pop(key, None)
        self._remember(key, {})
        self._stale.discard(key)

    def invalidate(self, records: Iterable[tuple[str, str]]) -> tuple[K, ...]:
        """Mark the keys stale that depend on the changed ``(table, key)`` records. Returns all stale keys, in order."""
        for table, key in records:
            if table in self._kinds:
                self._stale.add(cast("K", key))
            if table in self._tables:
                for topic in self._traced.topics(table, key):
                    if topic in self._readers:
                        self._stale.update(self._keys_that_read(topic))
        return tuple(sorted(self._stale))

    def update(self, key: K) -> None:
        """Compute a value, and publish it if it has changed. Raises what either raises; the key stays stale then."""
        self._stale.add(key)
        value, reads = self._traced.run(self._compute, key)
        before = self._values.get(key, self._absent)
        if value != before:
            if self._publish is not None:
                self._publish(key, before, value)
            self._values[key] = value
        if value == self._absent:
            self._values.pop(key, None)
        self._remember(key, reads)
        self._stale.discard(key)
        if not self._stale:
            self._stale.clear()  # iterating over a set that was large stays slow

    def follow(self, records: Iterable[tuple[str, str]]) -> None:
        """Update all values that these changes make stale."""
        for key in self.invalidate(records):
            self.update(key)

    def _has_record(self, key: K) -> bool:
        return any(key in self._world.table(kind) for kind in self._kinds.values())

    def _keys_that_read(self, topic: Topic) -> list[K]:
        """The keys that are not stale yet and whose reads of the topic have changed."""
        fresh = (reader for reader in self._readers[topic] if reader not in self._stale)
        return [reader for reader in fresh if has_changed(self._reads[reader][topic])]

    def _remember(self, key: K, reads: Reads) -> None:
        """Store the reads of an existing key, without those of its own record, which always count."""
        for table in self._kinds:
            reads.pop((table, key), None)
        if reads and self._kinds and not self._has_record(key):
            reads.clear()
        before = self._reads.pop(key, _NO_READS)
        for topic in before.keys() - reads.keys():
            self._readers[topic].discard(key)
            if not self._readers[topic]:
                del self._readers[topic]
        for topic in reads.keys() - before.keys():
            self._readers[topic].add(key)
            self._tables.add(topic[0])
        if reads:
            self._reads[key] = self._shared = self._shared if reads == self._shared else reads
