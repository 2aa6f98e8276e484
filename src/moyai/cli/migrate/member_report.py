"""A report on each member of an App Mesh specification: how it is migrated.

The report has every member that is set, once. Members that no rule mentions are reported as lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """The outcome of a member's migration."""

    MAPS = "maps"
    TAG = "tag"
    """A ``moyai:…`` tag keeps it, which has no effect on AWS."""
    LOST = "lost"
    STAYS = "stays"
    """Traffic depends on it and Service Connect cannot express it: its resource stays in App Mesh."""


class Row(NamedTuple):
    """A member of a resource, its value, and what becomes of it."""

    resource: str
    path: str
    value: object
    verdict: Verdict
    becomes: str


class MemberReport:
    """The members of one resource. The first rule for a member decides."""

    def __init__(self, resource: str, spec: Mapping[str, object]) -> None:
        self._resource = resource
        self._members = dict(_leaves(spec, ""))
        self._rows: dict[str, Row] = {}

    def mark_mapped(self, prefix: str, becomes: str) -> None:
        """Service Connect has an equivalent of this member and everything below it."""
        self._mark(prefix, Verdict.MAPS, becomes)

    def mark_tagged(self, prefix: str, becomes: str) -> None:
        """A tag of moyai keeps this member."""
        self._mark(prefix, Verdict.TAG, becomes)

    def mark_lost(self, prefix: str, why: str) -> None:
        """Service Connect has no equivalent of this member."""
        self._mark(prefix, Verdict.LOST, why)

    def mark_staying(self, prefix: str, why: str) -> None:
        """Service Connect has no equivalent, and the resource cannot be migrated without it."""
        self._mark(prefix, Verdict.STAYS, why)

    def rows(self) -> Iterator[Row]:
        """All members, in the order of the specification."""
        for path, value in self._members.items():
            unknown = Row(self._resource, path, value, Verdict.LOST, "Service Connect has no equivalent")
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
