"""A table of frozen records with the indexes that its readers need.

Promise: a look-up costs the size of its result, not of the table, so the cost of one change stays flat as the world
grows. Only the store writes to a table.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from moyai.domain.record import StoredRecord


class Keyed(Protocol):
    """A value with a key, as a table needs it."""

    @property
    def key(self) -> str:
        """The key, which is unique in the table."""


R = TypeVar("R", bound=Keyed)
S = TypeVar("S", bound=StoredRecord)
V = TypeVar("V")
IndexFunction = Callable[[R], tuple[str, ...]]
"""Gives the values under which a record is found in one index."""


class _IndexEntry(dict[str, R]):
    """The records with one value in an index.

    ``stamp`` and ``members_stamp``: the table's count of changes when one of them last changed, and when one was last
    added or removed. ``sorted_keys``: their keys in order, from when that was first needed.
    """

    __slots__ = ("members_stamp", "sorted_keys", "stamp")
    stamp: int
    members_stamp: int
    sorted_keys: list[str] | None

    def __init__(self) -> None:
        super().__init__()
        self.sorted_keys = None

    def __setitem__(self, key: str, record: R) -> None:
        """Add or replace a record."""
        if self.sorted_keys is not None and key not in self:
            insort(self.sorted_keys, key)
        super().__setitem__(key, record)

    def __delitem__(self, key: str) -> None:
        """Remove the record with this key, which must be there."""
        if self.sorted_keys is not None:
            del self.sorted_keys[bisect_left(self.sorted_keys, key)]
        super().__delitem__(key)

    def after(self, key: str) -> Iterator[R]:
        """The records whose keys are greater, in the order of their keys."""
        if self.sorted_keys is None:
            self.sorted_keys = sorted(self)
        for position in range(bisect_right(self.sorted_keys, key), len(self.sorted_keys)):
            yield self[self.sorted_keys[position]]


class Table(Generic[R]):
    """Records by key, and by each index."""

    def __init__(self, indexes: Mapping[str, IndexFunction[R]] | None = None) -> None:
        self._rows: dict[str, R] = {}
        self._functions = dict(indexes or {})
        self._indexes: dict[str, dict[str, _IndexEntry[R]]] = {name: {} for name in self._functions}
        self._changes = 0

    @property
    def changes(self) -> int:
        """A number that changes with every change to the table."""
        return self._changes

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
        """The records found under ``value`` in ``index``, in the order in which they were added."""
        return tuple(self._indexes[index].get(value, {}).values())

    def last(self, index: str, value: str) -> R | None:
        """The record found under ``value`` in ``index`` that was added last, if there is one."""
        return next(reversed(self._indexes[index].get(value, {}).values()), None)

    def each(self, index: str, value: str) -> Iterator[R]:
        """Iterate over the records found under ``value`` in ``index``; the table must not change meanwhile."""
        return iter(self._indexes[index].get(value, {}).values())

    def after(self, index: str, value: str, key: str) -> Iterator[R]:
        """The records found under ``value`` in ``index`` whose keys are greater than ``key``, in the order of their
        keys.
        """
        entry = self._indexes[index].get(value)
        return iter(()) if entry is None else entry.after(key)

    def count(self, index: str, value: str) -> int:
        """How many records are found under ``value`` in ``index``."""
        return len(self._indexes[index].get(value, ()))

    def stamp(self, index: str, value: str) -> int:
        """A number that changes when one of the records found under ``value`` in ``index`` does; 0 for no records."""
        entry = self._indexes[index].get(value)
        return 0 if entry is None else entry.stamp

    def members_stamp(self, index: str, value: str) -> int:
        """A number that changes when a record is added to or removed from those found under ``value`` in ``index``; 0
        for no records.
        """
        entry = self._indexes[index].get(value)
        return 0 if entry is None else entry.members_stamp

    def projection(self, take: Callable[[R], V]) -> Projection[R, V]:
        """A view of the table that shows of each record what ``take`` returns, which is compared with ``==``."""
        return Projection(self, take)

    def keys(self) -> tuple[str, ...]:
        """All keys, oldest first."""
        return tuple(self._rows)

    def check(self, record: R) -> None:
        """Raise what ``put`` would raise for this record, without changing anything."""
        self.entries(record)

    def entries(self, record: R) -> frozenset[tuple[str, str]]:
        """The (index, value) pairs under which a record is found."""
        return frozenset((name, value) for name, values in self._functions.items() for value in values(record))

    def values(self, index: str, record: R) -> tuple[str, ...]:
        """The values under which a record is found in one index."""
        return self._functions[index](record)

    def put(self, record: R) -> None:
        """Add or replace a record. A replaced record keeps its position; one that can't be indexed changes nothing."""
        entries, key = self.entries(record), record.key
        self._changes += 1
        previous = self._rows.get(key)
        if previous is not None:
            self._unlink(key, self.entries(previous) - entries)
        self._rows[key] = record
        for name, value in entries:
            entry = self._indexes[name].setdefault(value, _IndexEntry())
            if key not in entry:
                entry.members_stamp = self._changes
            entry[key] = record
            entry.stamp = self._changes

    def delete(self, key: str) -> None:
        """Remove the record with this key, if there is one."""
        previous = self._rows.pop(key, None)
        if previous is not None:
            self._changes += 1
            self._unlink(key, self.entries(previous))

    def _unlink(self, key: str, entries: frozenset[tuple[str, str]]) -> None:
        for name, value in entries:
            entry = self._indexes[name][value]
            del entry[key]
            entry.stamp = entry.members_stamp = self._changes
            if not entry:
                del self._indexes[name][value]


class Projection(Generic[R, V]):
    """A view of a table that shows a function of each record, so that a change to a record counts only if it changes
    the function's value.
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


class TableSpec(Generic[S]):
    """The specification of one of the world's tables: its records and its indexes.

    A world class has one as an attribute for each of its tables; the same attribute of a world object is the table.
    """

    def __init__(self, record_type: type[S], **indexes: IndexFunction[S]) -> None:
        self.record_type, self._indexes = record_type, indexes
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    if TYPE_CHECKING:  # a world has the table in the place of its specification

        def __get__(self, world: object, owner: type) -> Table[S]: ...

    def create_table(self) -> Table[S]:
        """An empty table with the indexes of this specification."""
        return Table(self._indexes)
