"""Values that are computed from the world, each again when something that it was computed from has changed.

Promise: what a computation read of the world is recorded, so nobody lists what a value depends on. After ``invalidate``
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
"""Takes a key, its value as it was published last, and its value now."""
_NO_READS: Final[Mapping[Topic, object]] = MappingProxyType({})


class Derived(Generic[K, V]):
    """The values of one function of the world and a key, which reads nothing but them. ``absent`` is the value of a key
    that there is nothing to compute for; it is published when a key goes.

    ``kinds``: each record of these has a value, under the record's own key. Other keys come and go by ``add`` and
    ``remove``. ``publish`` is called with each value that is another than before.
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
        """What was remembered last: thousands of keys in a row may have read the same, and share it then."""
        self._readers: defaultdict[Topic, set[K]] = defaultdict(set)
        self._tables: set[str] = set()
        """Those of which anything was ever read."""
        self._stale: set[K] = set()

    @property
    def values(self) -> Mapping[K, V]:
        """What is published, without what is ``absent``."""
        return MappingProxyType(self._values)

    def __contains__(self, key: K) -> bool:
        """Whether the key is one of ``keys``."""
        return key in self._stale or key in self._reads or key in self._values or self._has_record(key)

    def keys(self) -> tuple[K, ...]:
        """All keys in order: those that there are, and those of which something is still published."""
        own = (cast("K", record.key) for kind in self._kinds.values() for record in self._world.table(kind))
        return tuple(sorted({*own, *self._reads, *self._values, *self._stale}))

    def add(self, key: K) -> None:
        """Have a value for this key from the next ``follow`` on; one that has is computed again."""
        self._stale.add(key)

    def remove(self, key: K) -> None:
        """Forget a key. Nothing is published."""
        self._values.pop(key, None)
        self._remember(key, {})
        self._stale.discard(key)

    def invalidate(self, changed: Iterable[tuple[str, str]]) -> tuple[K, ...]:
        """All keys that are stale, in order, now that the records with these ``(table, key)`` have changed."""
        for table, key in changed:
            if table in self._kinds:
                self._stale.add(cast("K", key))
            if table in self._tables:
                for topic in self._traced.topics(table, key):
                    if topic in self._readers:
                        self._stale.update(self._concerned(topic))
        return tuple(sorted(self._stale))

    def update(self, key: K) -> None:
        """Compute a value, and publish it when it is another. Raises what either raises; the key is stale then."""
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
            self._stale.clear()  # a set that was large takes as long to look through as it did then

    def follow(self, changed: Iterable[tuple[str, str]]) -> None:
        """Update whatever these changes make stale."""
        for key in self.invalidate(changed):
            self.update(key)

    def _has_record(self, key: K) -> bool:
        return any(key in self._world.table(kind) for kind in self._kinds.values())

    def _concerned(self, topic: Topic) -> list[K]:
        """Those that are not stale yet and read of the topic what is something else now."""
        fresh = (reader for reader in self._readers[topic] if reader not in self._stale)
        return [reader for reader in fresh if has_changed(self._reads[reader][topic])]

    def _remember(self, key: K, reads: Reads) -> None:
        """Keep what was read, of a key that there is; that the key's own record concerns it is known anyway."""
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
