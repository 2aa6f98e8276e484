"""A table of frozen records with the indexes that its readers need.

Promise: a look-up costs the size of its answer, not of the table, so the cost of one change stays
flat as the world grows. Written by the store alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar


class Record(Protocol):
    """Anything kept in a table knows its own key."""

    @property
    def key(self) -> str:
        """Unique in the record's table."""


R = TypeVar("R", bound=Record)
V = TypeVar("V")
IndexOf = Callable[[R], tuple[str, ...]]
"""The values under which a record is found in one index."""


class _Found(dict[str, R]):
    """The records of one value of an index, the table's count of changes when they last changed and when one last came
    or went, and, from when it is first asked for, their keys in order.
    """

    __slots__ = ("members_stamp", "ordered", "stamp")
    stamp: int
    members_stamp: int
    ordered: list[str] | None

    def __init__(self) -> None:
        super().__init__()
        self.ordered = None

    def __setitem__(self, key: str, record: R) -> None:
        """Add or replace."""
        if self.ordered is not None and key not in self:
            insort(self.ordered, key)
        super().__setitem__(key, record)

    def __delitem__(self, key: str) -> None:
        """Remove."""
        if self.ordered is not None:
            del self.ordered[bisect_left(self.ordered, key)]
        super().__delitem__(key)

    def after(self, key: str) -> Iterator[R]:
        """The records whose keys are greater, in the order of their keys."""
        if self.ordered is None:
            self.ordered = sorted(self)
        for place in range(bisect_right(self.ordered, key), len(self.ordered)):
            yield self[self.ordered[place]]


class Table(Generic[R]):
    """Records by key, and by each index."""

    def __init__(self, indexes: Mapping[str, IndexOf[R]] | None = None) -> None:
        self._rows: dict[str, R] = {}
        self._index_of = dict(indexes or {})
        self._found: dict[str, dict[str, _Found[R]]] = {name: {} for name in self._index_of}
        self._changes = 0

    def get(self, key: str | None) -> R | None:
        """The record, or None."""
        return None if key is None else self._rows.get(key)

    def __getitem__(self, key: str) -> R:
        """The record; KeyError when there is none."""
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        """Whether there is a record under this key."""
        return key in self._rows

    def __iter__(self) -> Iterator[R]:
        """All records, oldest first."""
        return iter(self._rows.values())

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._rows)

    def by(self, index: str, value: str) -> tuple[R, ...]:
        """The records found under ``value`` in ``index``, in the order in which they came there."""
        return tuple(self._found[index].get(value, {}).values())

    def each(self, index: str, value: str) -> Iterator[R]:
        """The same, one after the other; the table must not change in between."""
        return iter(self._found[index].get(value, {}).values())

    def after(self, index: str, value: str, key: str) -> Iterator[R]:
        """The same from behind ``key``, in the order of the keys, whether there is such a record or not; "" = all."""
        found = self._found[index].get(value)
        return iter(()) if found is None else found.after(key)

    def count(self, index: str, value: str) -> int:
        """How many records are found under ``value`` in ``index``."""
        return len(self._found[index].get(value, ()))

    def stamp(self, index: str, value: str) -> int:
        """As long as this is the same, so are the records found under ``value`` in ``index``; 0 when there are none."""
        found = self._found[index].get(value)
        return 0 if found is None else found.stamp

    def members_stamp(self, index: str, value: str) -> int:
        """As long as this is the same, the same keys are found under ``value`` in ``index``, whatever their records
        say; 0 when there are none.
        """
        found = self._found[index].get(value)
        return 0 if found is None else found.members_stamp

    def projected(self, take: Callable[[R], V]) -> Projection[R, V]:
        """The table, of whose records only what ``take`` gives is seen: it takes every record, and what it gives is
        compared with ``==``.
        """
        return Projection(self, take)

    def keys(self) -> tuple[str, ...]:
        """All keys, oldest first."""
        return tuple(self._rows)

    def check(self, record: R) -> None:
        """Raise what ``put`` would raise for this record, and change nothing."""
        self.entries(record)

    def entries(self, record: R) -> frozenset[tuple[str, str]]:
        """The indexes, each with a value, under which a record is found as long as it is there."""
        return frozenset((name, value) for name, values in self._index_of.items() for value in values(record))

    def values(self, index: str, record: R) -> tuple[str, ...]:
        """The values under which a record is found in one index as long as it is there."""
        return self._index_of[index](record)

    def put(self, record: R) -> None:
        """Add or replace a record. One that is replaced keeps its place; one that can't be indexed changes nothing."""
        entries, key = self.entries(record), record.key
        self._changes += 1
        previous = self._rows.get(key)
        if previous is not None:
            self._unlink(key, self.entries(previous) - entries)
        self._rows[key] = record
        for name, value in entries:
            found = self._found[name].setdefault(value, _Found())
            if key not in found:
                found.members_stamp = self._changes
            found[key] = record
            found.stamp = self._changes

    def delete(self, key: str) -> None:
        """Remove a record; nothing happens when there is none."""
        previous = self._rows.pop(key, None)
        if previous is not None:
            self._changes += 1
            self._unlink(key, self.entries(previous))

    def _unlink(self, key: str, entries: frozenset[tuple[str, str]]) -> None:
        for name, value in entries:
            found = self._found[name][value]
            del found[key]
            found.stamp = found.members_stamp = self._changes
            if not found:
                del self._found[name][value]


class Projection(Generic[R, V]):
    """A table, seen through a function of its records. Whoever traces reads can tell by the values whether a change
    to a record matters.
    """

    def __init__(self, table: Table[R], take: Callable[[R], V]) -> None:
        self._table, self._take = table, take

    def get(self, key: str | None) -> V | None:
        """The value of a record, or None."""
        record = self._table.get(key)
        return None if record is None else self._take(record)

    def by(self, index: str, value: str) -> tuple[V, ...]:
        """The values of the records found under ``value`` in ``index``, in the order of their keys."""
        return tuple(map(self._take, self._table.after(index, value, "")))
