"""The output of several containers as one stream: merged by time, or as it arrives.

Merging holds one line of each container in memory. Following reads each container in a thread of its own and also
starts reading containers that appear later.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, NamedTuple, Protocol

from moyai.cli.errors import Unreachable

_RESCAN_SECONDS = 2.0
_QUEUED_LINES = 1000
_SHORT_ID = 8


class LogSource(NamedTuple):
    """A container of a task."""

    task: str
    container: str

    @property
    def label(self) -> str:
        """The prefix of its lines."""
        return f"{self.task[:_SHORT_ID]}/{self.container}"


Line = Mapping[str, Any]
SourcedLine = tuple[LogSource, Line]


class LogReader(Protocol):
    """Reads the output of one container."""

    def logs(self, task: str, container: str, *, follow: bool) -> Iterator[Line]:
        """The container's lines; with ``follow``, until it ends."""


def merge_logs(reader: LogReader, sources: Iterable[LogSource]) -> Iterator[SourcedLine]:
    """The existing lines of all sources, oldest first."""

    def lines(source: LogSource) -> Iterator[SourcedLine]:
        return ((source, line) for line in reader.logs(source.task, source.container, follow=False))

    return heapq.merge(*(lines(source) for source in sources), key=lambda sourced: float(sourced[1]["at"]))


def follow_logs(reader: LogReader, list_sources: Callable[[], Iterable[LogSource]]) -> Iterator[SourcedLine]:
    """The lines of all sources as they arrive, until ``list_sources`` is empty and every known source has ended.

    Raises what the reader raises.
    """
    events: queue.Queue[SourcedLine | LogSource | Exception] = queue.Queue(_QUEUED_LINES)
    known_sources: set[LogSource] = set()
    open_sources: set[LogSource] = set()
    while True:
        current = set(list_sources())
        for source in sorted(current - known_sources):
            threading.Thread(target=_read, args=(reader, source, events), daemon=True).start()
        open_sources |= current - known_sources
        known_sources |= current
        if not open_sources and not current:
            return
        yield from _next_lines(events, open_sources)


def _next_lines(
    events: queue.Queue[SourcedLine | LogSource | Exception], open_sources: set[LogSource]
) -> Iterator[SourcedLine]:
    """Lines until it is time to list the sources again. A source that has ended is removed from ``open_sources``."""
    while True:
        try:
            event = events.get(timeout=_RESCAN_SECONDS)
        except queue.Empty:
            return
        if isinstance(event, Exception):
            raise event
        if isinstance(event, LogSource):
            open_sources.discard(event)
            return
        yield event


def _read(reader: LogReader, source: LogSource, events: queue.Queue[SourcedLine | LogSource | Exception]) -> None:
    try:
        for line in reader.logs(source.task, source.container, follow=True):
            events.put((source, line))
    except (Unreachable, OSError, ValueError, HTTPException) as error:  # raised by the consumer of the queue
        events.put(error)
    else:
        events.put(source)
