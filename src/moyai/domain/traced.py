"""A view of the world that records what a computation reads.

Promise: a computation reads the world itself, and its recorded reads tell whether a change to the world can change its
result. A look-up without a result is recorded as well, since a record may be added later. The cost depends on what is
read, not on the size of the world.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from moyai.domain.table import Keyed, Projection, Table
from moyai.domain.world import World

Topic = tuple[str, ...]
"""A part of the world that a change to a record affects: a table; a table and a key; or a table, an index and a value
in it.
"""
Unchanged = Callable[[], bool]
"""Whether reading a topic again would give the same value."""
Reads = dict[Topic, tuple[Unchanged, ...]]
"""The recorded reads, by topic. Without a test, every change to the topic counts."""
K = TypeVar("K")
R = TypeVar("R", bound=Keyed)
V = TypeVar("V")


def has_changed(tests: tuple[Unchanged, ...]) -> bool:
    """Whether reading a changed topic again may give something else."""
    return not tests or not all(test() for test in tests)


class ReadStamps:
    """The reads of a computation: the records themselves, and the stamps of indexes and tables.

    They are compared one by one only when one of their tables has changed since they were compared last.
    """

    def __init__(self, tables: Mapping[str, Table[Any]], topics: Iterable[Topic]) -> None:
        topics = tuple(topics)
        self._read_tables = tuple({name: tables[name] for name, *_ in topics}.values())
        self._compared_at = [table.changes for table in self._read_tables]
        stamped: list[tuple[Table[Any], int]] = []
        indexed: list[tuple[Callable[[str, str], int], str, str, int]] = []
        records: list[tuple[Callable[[str], object], str, object]] = []
        for name, *place in topics:
            table = tables[name]
            match place:
                case [index, value]:
                    indexed.append((table.stamp, index, value, table.stamp(index, value)))
                case [key]:
                    records.append((table.get, key, table.get(key)))
                case _:
                    stamped.append((table, table.changes))
        self._tables, self._indexed, self._records = tuple(stamped), tuple(indexed), tuple(records)

    def are_current(self) -> bool:
        """Whether everything would be read as it was."""
        changes = [table.changes for table in self._read_tables]
        if changes == self._compared_at:
            return True
        are_current = (
            all(get(key) is record for get, key, record in self._records)
            and all(stamp(index, value) == before for stamp, index, value, before in self._indexed)
            and all(table.changes == before for table, before in self._tables)
        )
        if are_current:
            self._compared_at = changes
        return are_current


class TracedWorld:
    """Runs computations on ``world`` and records their reads."""

    def __init__(self, world: World) -> None:
        self._tables: dict[str, Table[Any]] = {}
        self._indexes: defaultdict[str, set[str]] = defaultdict(set)
        """The indexes of each table that were read at any time."""
        self._reads: Reads = {}
        self.projected_values: dict[tuple[object, ...], Any] = {}
        """Values of projected records that this computation has read, by table, key and projection."""
        self._view = world.with_tables(self._trace_table)

    def run(self, compute: Callable[[World, K], V], key: K) -> tuple[V, Reads]:
        """Compute the value of a key, and record the reads. Raises what the computation raises."""
        self._reads, self.projected_values = {}, {}
        return compute(self._view, key), self._reads

    def stamps(self, reads: Reads) -> ReadStamps:
        """The stamps of these reads, as they were just now. The world must not have changed since."""
        return ReadStamps(self._tables, reads)

    def topics(self, table: str, key: str) -> list[Topic]:
        """The topics that a change to this record affects."""
        records = self._tables[table]
        record = records.get(key)
        indexes = () if record is None else self._indexes.get(table, ())
        return [(table,), (table, key), *((table, i, value) for i in indexes for value in records.values(i, record))]

    def note(self, topic: Topic) -> None:
        """Record a read of a topic of which every change counts."""
        self._reads[topic] = ()

    def note_value(self, topic: Topic, unchanged: Unchanged) -> None:
        """Record a read of a topic of which only a change that ``unchanged`` detects counts."""
        before = self._reads.get(topic)
        if before != ():
            self._reads[topic] = (unchanged,) if before is None else (*before, unchanged)

    def note_index(self, table: str, index: str) -> None:
        """Record that an index is read, so that a record's values in it are topics from now on."""
        self._indexes[table].add(index)

    def _trace_table(self, name: str, table: Table[Any]) -> Table[Any]:
        self._tables[name] = table
        return _TracedTable(name, table, self)


class _TracedTable(Table[R]):
    """A view of a table that records reads."""

    def __init__(self, name: str, table: Table[R], trace: TracedWorld) -> None:
        super().__init__()
        self._name, self._table, self._trace = name, table, trace

    @property
    def changes(self) -> int:
        self._trace.note((self._name,))
        return self._table.changes

    def get(self, key: str | None) -> R | None:
        if key is not None:
            self._trace.note((self._name, key))
        return self._table.get(key)

    def __getitem__(self, key: str) -> R:
        self._trace.note((self._name, key))
        return self._table[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self) -> Iterator[R]:
        self._trace.note((self._name,))
        return iter(self._table)

    def __len__(self) -> int:
        self._trace.note((self._name,))
        return len(self._table)

    def keys(self) -> tuple[str, ...]:
        self._trace.note((self._name,))
        return self._table.keys()

    def by(self, index: str, value: str) -> tuple[R, ...]:
        return tuple(self.each(index, value))

    def last(self, index: str, value: str) -> R | None:
        return next(reversed(self.by(index, value)), None)

    def each(self, index: str, value: str) -> Iterator[R]:
        self._trace.note_index(self._name, index)
        self._trace.note((self._name, index, value))
        return self._record_each(self._table.each(index, value))

    def after(self, index: str, value: str, key: str) -> Iterator[R]:
        self._trace.note_index(self._name, index)
        self._trace.note((self._name, index, value))
        return self._record_each(self._table.after(index, value, key))

    def count(self, index: str, value: str) -> int:
        return len(self.by(index, value))

    def stamp(self, index: str, value: str) -> int:
        self.by(index, value)
        return self._table.stamp(index, value)

    def members_stamp(self, index: str, value: str) -> int:
        self.by(index, value)
        return self._table.members_stamp(index, value)

    def projection(self, take: Callable[[R], V]) -> Projection[R, V]:
        return _TracedProjection(self._name, self._table, take, self._trace)

    def _record_each(self, records: Iterator[R]) -> Iterator[R]:
        for record in records:
            self._trace.note((self._name, record.key))
            yield record


class _TracedProjection(Projection[R, V]):
    """A projection that records reads with their values."""

    def __init__(self, name: str, table: Table[R], take: Callable[[R], V], trace: TracedWorld) -> None:
        super().__init__(table, take)
        self._name, self._trace = name, trace

    def get(self, key: str | None) -> V | None:
        if key is None:
            return None
        projection_key = (self._name, key, self._take)
        if projection_key in self._trace.projected_values:
            return cast("V | None", self._trace.projected_values[projection_key])
        value = self._trace.projected_values[projection_key] = super().get(key)
        self._trace.note_value((self._name, key), partial(self._has_value, key, value))
        return value

    def by(self, index: str, value: str) -> tuple[V, ...]:
        stamp = self._table.members_stamp(index, value)
        same_members = partial(self._has_members, index, value, stamp)
        self._trace.note_index(self._name, index)
        self._trace.note_value((self._name, index, value), same_members)
        return tuple(self._among(self._table.after(index, value, ""), same_members))

    def _among(self, records: Iterator[R], same_members: Unchanged) -> Iterator[V]:
        for record in records:
            key = record.key
            value = self._trace.projected_values[self._name, key, self._take] = self._take(record)
            self._trace.note_value((self._name, key), partial(self._is_among, same_members, key, value))
            yield value

    def _has_value(self, key: str, value: V | None) -> bool:
        return super().get(key) == value

    def _has_members(self, index: str, value: str, stamp: int) -> bool:
        return self._table.members_stamp(index, value) == stamp

    def _is_among(self, same_members: Unchanged, key: str, value: V) -> bool:
        return same_members() and self._has_value(key, value)
