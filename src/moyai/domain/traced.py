"""A world that remembers what was read of it.

Promise: whoever reads through it sees the world itself, and a change to the world can be held against what was read: if
nothing that was read is concerned by any change since, reading again would give the same. A look-up that found nothing
counts as well: what it asked for may be there later. It costs what is read, not what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from moyai.domain.table import Record, Table
from moyai.domain.world import World

Read = tuple[str, ...]
"""A table; a table and a record's key; or a table, an index and a value in it."""
R = TypeVar("R", bound=Record)


class TracedWorld:
    """``world`` is the same world, to be read; ``take`` tells what was."""

    def __init__(self, world: World) -> None:
        self._tables: dict[str, Table[Any]] = {}
        self._reads: set[Read] = set()
        self.world = world.shown_by(self._traced)

    def take(self) -> frozenset[Read]:
        """What was read since this was asked last."""
        reads = frozenset(self._reads)
        self._reads.clear()
        return reads

    def concerned(self, table: str, key: str) -> Iterator[Read]:
        """What is another answer, maybe, now that this record is what it is, or is gone."""
        yield (table,)
        yield table, key
        record = self._tables[table].get(key)
        if record is not None:
            yield from ((table, index, value) for index, value in self._tables[table].entries(record))

    def _traced(self, name: str, table: Table[Any]) -> Table[Any]:
        self._tables[name] = table
        return _TracedTable(name, table, self._reads.add)


class _TracedTable(Table[R]):
    """A table that says what is read of it. It is written elsewhere."""

    def __init__(self, name: str, table: Table[R], note: Callable[[Read], None]) -> None:
        super().__init__()
        self._name, self._table, self._note = name, table, note

    def get(self, key: str | None) -> R | None:
        if key is not None:
            self._note((self._name, key))
        return self._table.get(key)

    def __getitem__(self, key: str) -> R:
        self._note((self._name, key))
        return self._table[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self) -> Iterator[R]:
        self._note((self._name,))
        return iter(self._table)

    def __len__(self) -> int:
        self._note((self._name,))
        return len(self._table)

    def keys(self) -> tuple[str, ...]:
        self._note((self._name,))
        return self._table.keys()

    def by(self, index: str, value: str) -> tuple[R, ...]:
        return tuple(self.each(index, value))

    def each(self, index: str, value: str) -> Iterator[R]:
        self._note((self._name, index, value))
        return self._seen(self._table.each(index, value))

    def after(self, index: str, value: str, key: str) -> Iterator[R]:
        self._note((self._name, index, value))
        return self._seen(self._table.after(index, value, key))

    def count(self, index: str, value: str) -> int:
        return len(self.by(index, value))

    def stamp(self, index: str, value: str) -> int:
        self.by(index, value)
        return self._table.stamp(index, value)

    def _seen(self, records: Iterator[R]) -> Iterator[R]:
        for record in records:
            self._note((self._name, record.key))
            yield record
