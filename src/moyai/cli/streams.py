"""Several containers' output as one: in the order of time, or as it comes.

Promise: what has been written is merged by its time while it is read, so nothing is held but a line of each container.
Followed, each container is read by a thread of its own, and those that a service gets later join in.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, NamedTuple, Protocol

from moyai.cli.remote import Unreachable

_LOOK_EVERY = 2.0
"""Seconds between two looks for containers that came later."""
_WAITING = 1000
"""Lines that are read before they are shown."""
_SHORT_ID = 8


class Source(NamedTuple):
    """A container of a task."""

    task: str
    container: str

    @property
    def label(self) -> str:
        """What its lines begin with."""
        return f"{self.task[:_SHORT_ID]}/{self.container}"


Line = Mapping[str, Any]
Told = tuple[Source, Line]


class Reads(Protocol):
    """Where output is read."""

    def logs(self, task: str, container: str, *, follow: bool) -> Iterator[Line]:
        """A container's lines."""


def merged(reads: Reads, sources: Iterable[Source]) -> Iterator[Told]:
    """What they have written, the oldest line first."""

    def lines(source: Source) -> Iterator[Told]:
        return ((source, line) for line in reads.logs(source.task, source.container, follow=False))

    return heapq.merge(*(lines(source) for source in sources), key=lambda told: float(told[1]["at"]))


def followed(reads: Reads, look: Callable[[], Iterable[Source]]) -> Iterator[Told]:
    """What they write, as it comes, until ``look`` finds none and all that was found has ended. Raises what a read
    raises.
    """
    told: queue.Queue[Told | Source | Exception] = queue.Queue(_WAITING)
    seen: set[Source] = set()
    reading: set[Source] = set()
    while True:
        found = set(look())
        for source in sorted(found - seen):
            threading.Thread(target=_read, args=(reads, source, told), daemon=True).start()
        reading |= found - seen
        seen |= found
        if not reading and not found:
            return
        yield from _heard(told, reading)


def _heard(told: queue.Queue[Told | Source | Exception], reading: set[Source]) -> Iterator[Told]:
    """Lines, until there are none for a while. Who has ended is no longer ``reading``."""
    while True:
        try:
            news = told.get(timeout=_LOOK_EVERY)
        except queue.Empty:
            return
        if isinstance(news, Exception):
            raise news
        if isinstance(news, Source):
            reading.discard(news)
            return
        yield news


def _read(reads: Reads, source: Source, told: queue.Queue[Told | Source | Exception]) -> None:
    try:
        for line in reads.logs(source.task, source.container, follow=True):
            told.put((source, line))
    except (Unreachable, OSError, ValueError, HTTPException) as error:  # raised where it is waited for
        told.put(error)
    else:
        told.put(source)
