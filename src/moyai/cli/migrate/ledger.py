"""What becomes of each member of a specification.

Promise: every member that is set is in the report, once. A member that nobody speaks for is lost, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How much of a member is left."""

    MAPS = "maps"
    TAG = "tag"
    """Kept by a ``moyai:…`` tag, which does nothing on AWS."""
    LOST = "lost"
    STAYS = "stays"
    """It can't be said in Service Connect, and traffic hangs on it: what it belongs to stays in App Mesh."""


class Row(NamedTuple):
    """One member: where it is, what it is, what becomes of it."""

    resource: str
    path: str
    value: object
    verdict: Verdict
    becomes: str


class Ledger:
    """The members of one resource. The first that speaks for a member decides."""

    def __init__(self, resource: str, spec: Mapping[str, object]) -> None:
        self._resource = resource
        self._members = dict(_leaves(spec, ""))
        self._rows: dict[str, Row] = {}

    def maps(self, prefix: str, becomes: str) -> None:
        """The member, with all below it, has a place in Service Connect."""
        self._mark(prefix, Verdict.MAPS, becomes)

    def tag(self, prefix: str, becomes: str) -> None:
        """It has a tag of moyai's."""
        self._mark(prefix, Verdict.TAG, becomes)

    def lost(self, prefix: str, why: str) -> None:
        """It has none."""
        self._mark(prefix, Verdict.LOST, why)

    def stays(self, prefix: str, why: str) -> None:
        """It has none, and its resource can't move without."""
        self._mark(prefix, Verdict.STAYS, why)

    def rows(self) -> Iterator[Row]:
        """All of them, in the order of the specification."""
        for path, value in self._members.items():
            unknown = Row(self._resource, path, value, Verdict.LOST, "nothing in Service Connect stands for it")
            yield self._rows.get(path, unknown)

    def _mark(self, prefix: str, verdict: Verdict, becomes: str) -> None:
        for path, value in self._members.items():
            if path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")):
                self._rows.setdefault(path, Row(self._resource, path, value, verdict, becomes))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value
