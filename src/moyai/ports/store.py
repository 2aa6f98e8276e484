"""The store of the World.

Promise: ``apply`` changes the World in memory at once, all changes or none; ``durable`` returns when everything that
was applied before survives a power cut. The API gateway awaits ``durable`` before it sends a response, and the executor
before it acts, so nothing acknowledged is lost and no action precedes its durable record. Changes that can't be written
are rolled back: ``world`` returns to its last durable state, waiting callers get an error, watchers are notified of the
restored records, and no change is accepted until a write succeeds. Reading is possible meanwhile. ``watch`` yields
keys, not contents: a watcher reads ``world`` again.

Errors:

    StoreFault
    ├── StateLocked         another moyai has this state open
    ├── StateNewer          a newer moyai has written the state, and this one does not touch it
    └── StateUnwritable     the disk accepts no writes at the moment, and the changes were rolled back
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from moyai.domain.world import Change, World
from moyai.kernel.errors import MoyaiError


class StoreFault(MoyaiError):
    """The state can't be read or written."""


class StateLocked(StoreFault):
    """Another control plane has this state open; ``holder`` is its process id, if known."""

    def __init__(self, message: str, holder: int | None = None) -> None:
        super().__init__(message)
        self.holder = holder


class StateNewer(StoreFault):
    """The state was written by a newer version."""


class StateUnwritable(StoreFault):
    """The disk accepts no writes at the moment; changes that were not durable yet were rolled back."""


class Key(NamedTuple):
    """A changed record: its table's name, and its key in the table."""

    table: str
    key: str


class Store(Protocol):
    """The owner of the World. Used from one event loop only."""

    @property
    def world(self) -> World:
        """The present World. It is consistent as long as the reader does not await anything."""

    @property
    def fault(self) -> str | None:
        """Why nothing can be written at the moment, where, and what to do; None while writing succeeds."""

    @property
    def rollbacks(self) -> int:
        """The number of rollbacks so far."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes or none, and notify the watchers. Raises StateUnwritable while there is a fault."""

    async def durable(self, rollbacks: int | None = None) -> None:
        """Return when everything applied so far is on disk. Raises StateUnwritable when it can't be written.

        ``rollbacks``: the number of rollbacks when the caller began to read or to apply; StateUnwritable is also raised
        when this number has changed. Only a caller that awaits something else in between needs it.
        """

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """Yield the keys that have changed since the last item, each once. The first item has all keys."""

    async def close(self) -> None:
        """Write the remaining changes and close the file."""
