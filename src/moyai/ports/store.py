"""Where the world is kept.

Promise: ``apply`` changes the world in memory at once and all together; ``durable`` returns when all
that was applied before it survives a power cut. The door awaits ``durable`` before any answer leaves
and the executor before it acts, so nothing acknowledged is ever lost and nothing unacknowledged is
acted upon. What can't be written is rolled back: ``world`` is again what was durable last, those who
wait are refused, watchers are rung for the records that are back, and nothing is taken until writing
succeeds again. Reading goes on meanwhile. ``watch`` carries keys, not payloads: whoever is rung re-reads
``world``.

Errors:

    StoreFault
    ├── StateLocked         another moyai has this state open
    ├── StateNewer          written by a newer moyai; this one refuses to touch it
    └── StateUnwritable     the disk takes nothing at the moment, and what was applied is rolled back
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from moyai.domain.world import Change, World
from moyai.kernel.errors import MoyaiError


class StoreFault(MoyaiError):
    """The state can't be read or written."""


class StateLocked(StoreFault):
    """Another control plane holds this state; ``holder`` is its process id, where it is known."""

    def __init__(self, message: str, holder: int | None = None) -> None:
        super().__init__(message)
        self.holder = holder


class StateNewer(StoreFault):
    """The state was written by a newer version."""


class StateUnwritable(StoreFault):
    """The disk takes nothing at the moment; what was applied and not yet durable was rolled back."""


class Key(NamedTuple):
    """What changed: the table's name and the record's key in it."""

    table: str
    key: str


class Store(Protocol):
    """The one owner of the world. Used from one event loop only."""

    @property
    def world(self) -> World:
        """The world as of now. Read it without awaiting in between and it is consistent."""

    @property
    def fault(self) -> str | None:
        """Why nothing can be written at the moment, where, and what to do; None while writing succeeds."""

    @property
    def rollbacks(self) -> int:
        """How often what could not be written was rolled back."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Change the world, all or nothing, and ring the watchers. Raises StateUnwritable while there is a fault."""

    async def durable(self, rollbacks: int | None = None) -> None:
        """Return when everything applied so far is on disk; raise StateUnwritable when it can't be.

        ``rollbacks``: what ``rollbacks`` was when the caller began to read or to apply; raises StateUnwritable also
        when something was rolled back since. Only who awaits something else in between needs it.
        """

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """Keys changed since the last look, coalesced. The first item is every key there is."""

    async def close(self) -> None:
        """Write what is left and let go of the file."""
