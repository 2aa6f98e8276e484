"""Members of a request that the bundled model does not have: they are ignored, as AWS ignores them, and reported.

Promise: no call fails because a newer SDK sends a new member; EC2 alone refuses it, as AWS does. Each member of an
operation is logged once, named in a response header, and kept for ``moyai doctor``. What clients send is bounded: at
most MOST_REPORTED different members are remembered, and names are cut and written in printable ASCII.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from moyai.api.wire.http import HttpResponse

HEADER = "x-moyai-ignored-members"
"""The response header that lists members of the request that moyai's AWS model does not have."""
MOST_REPORTED = 200
_MOST_IN_HEADER = 10
_LONGEST_NAME = 100
_log = logging.getLogger(__name__)
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


class IgnoredMembers:
    """The members that clients have sent since the start and that no model has, by service and operation."""

    def __init__(self) -> None:
        self._reported: dict[tuple[str, str], None] = {}

    @property
    def reports(self) -> Sequence[tuple[str, str]]:
        """Pairs of an operation (``ecs CreateService``) and an ignored member (``CreateServiceRequest.name``)."""
        return tuple(self._reported)

    def report(self, operation: str, members: Sequence[str]) -> None:
        """Remember and log the ignored members of a request that were not reported before."""
        for member in map(_printable, members):
            if (operation, member) not in self._reported and len(self._reported) < MOST_REPORTED:
                self._reported[operation, member] = None
                _log.warning("%s: the member %s is not in moyai's AWS model and was ignored", operation, member)


def with_ignored_members(response: HttpResponse, members: Sequence[str]) -> HttpResponse:
    """The response with a header that names the ignored members of its request; unchanged if there are none."""
    if not members:
        return response
    names = ", ".join(map(_printable, members[:_MOST_IN_HEADER]))
    return HttpResponse(response.status, {**response.headers, HEADER: names}, response.body)


def _printable(member: str) -> str:
    return "".join(c if "!" <= c <= "~" else "?" for c in member[:_LONGEST_NAME])
