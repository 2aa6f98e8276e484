"""Members of a request that the bundled model does not have: they are ignored, as AWS ignores them, and collected.

Promise: a newer SDK's new member fails no call. EC2 alone refuses unknown parameters, as AWS does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collected: ContextVar[list[str] | None] = ContextVar("unknown_members", default=None)


def note_unknown_member(shape: str, member: str) -> None:
    """Collect a member that the shape does not have, inside of ``collect_unknown_members``."""
    members = _collected.get()
    if members is not None:
        members.append(f"{shape}.{member}")


@contextmanager
def collect_unknown_members() -> Iterator[list[str]]:
    """A list of the unknown members that are read inside the context, as ``Shape.member``."""
    members: list[str] = []
    token = _collected.set(members)
    try:
        yield members
    finally:
        _collected.reset(token)
