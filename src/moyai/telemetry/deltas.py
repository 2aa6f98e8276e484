"""From counts since a proxy's start to what is new in each of its reports. Pure.

Promise: over any sequence of reports of one proxy, whatever was lost or came twice, the new counts add up to the
last count that arrived; nothing is counted twice and nothing between is lost. A count that went down, that
was away for a report and came back, or whose proxy says that it began at another time, has begun again from 0 (Envoy
forgets a statistic with the last cluster or listener that has its name). A difference of two counts that alone went
down has not: its greatest stands.
A report that is older than the last is late, unless it can't be: it tells of more, or it is too old. Then the proxy's
clock was set back, and counting goes on from there.
A proxy's first report counts from 0, unless it is said to be a baseline: then what came before it is not known to
be new and counts for nothing. What is known of a proxy can be written down and read again, and counting goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from moyai.telemetry.arrays import Ints
from moyai.telemetry.envoy_stats import Endpoint, Side
from moyai.telemetry.pushes import Reading
from moyai.telemetry.shape import FIGURES, Block, Figures, Shape

_LATEST: Final = 3600 * 10**9
"""Nanoseconds. No report is on its way for longer, not even to a control plane that was stopped for a while."""
_MOST_PARTS: Final = 50
"""Shapes of one flush. An Envoy has a few."""


class _Known(NamedTuple):
    taken_at: int
    figures: Figures


_Count = Annotated[int, msgspec.Meta(le=np.iinfo(np.int64).max)]


class _Line(msgspec.Struct, array_like=True):
    """What is known of one endpoint, as it is written down. ``bounds``: their place among the page's."""

    side: Side
    name: str
    taken_at: int
    counters: list[_Count]
    counts: list[_Count]
    sum: float
    bounds: int


class _Page(msgspec.Struct, array_like=True):
    """What is known of a proxy, as it is written down."""

    began: int
    taken_at: int
    before: int
    bounds: list[tuple[float, ...]]
    lines: list[_Line]


_READER = msgspec.msgpack.Decoder(_Page)


class Counting:
    """One proxy's counts, as far as they have been reported."""

    def __init__(self) -> None:
        self._began = self._taken_at = self._before = 0
        """When the proxy began, and when it made the last two reports."""
        self._known: dict[Shape, _Known] = {}
        self._restored: list[_Line] = []
        self._bounds: list[tuple[float, ...]] = []
        """Of what was restored."""
        self.waiting = False
        """Whether a report that has ``begun`` is not ``advanced`` yet: no other may begin."""
        self.changed = False
        """Whether it is further than it was when it was last written."""

    @classmethod
    def restored(cls, body: bytes) -> Counting:
        """From what ``written`` returned. Raises msgspec.MsgspecError or ValueError when this is something else."""
        page = _READER.decode(body)
        made = cls()
        made._began, made._taken_at, made._before = page.began, page.taken_at, page.before
        for line in page.lines:
            if not _fits(line, page.bounds):
                raise ValueError("counts of another version")
        made._restored, made._bounds = page.lines, page.bounds
        return made

    def written(self) -> bytes:
        """What is known, as bytes. What has been away is forgotten."""
        self._forget_absent()
        self.changed = False
        lines, bounds = self._lines()
        return msgspec.msgpack.encode(_Page(self._began, self._taken_at, self._before, list(bounds), lines))

    def begun(self, reading: Reading, *, baseline: bool = False) -> Figures | None:
        """What the report is to be compared with; None when it is late or a repetition."""
        if reading.taken_at < self._taken_at:
            if not self._is_set_back(reading):
                return None
            self._set_back(reading.taken_at)
        if reading.began and reading.began != self._began:
            if self._began:
                self._forget_all()
            self._began = reading.began
        if reading.taken_at > self._taken_at:
            self._before, self._taken_at = self._taken_at, reading.taken_at
        self.changed |= baseline
        if baseline:
            return reading.shape.figures(reading.values[np.newaxis])[0].row(0)
        known = self._known.get(reading.shape)
        if known is not None and known.taken_at == reading.taken_at:
            return None
        if known is not None and known.taken_at == self._before:
            return known.figures
        return self._aligned(reading.shape)

    def advanced(self, reading: Reading, figures: Figures, *, fresh: bool) -> None:
        """The report that had begun has been counted. ``fresh``: something in it was new."""
        self.waiting = False
        self.changed |= fresh or reading.shape not in self._known
        self._known[reading.shape] = _Known(reading.taken_at, figures)
        if len(self._known) > _MOST_PARTS:
            del self._known[next(iter(self._known))]

    def _is_set_back(self, reading: Reading) -> bool:
        """Whether it is the proxy's clock that makes a report older than the last."""
        if reading.taken_at < self._taken_at - _LATEST or reading.began > self._began > 0:
            return True
        known = self._known.get(reading.shape)
        if known is None or known.taken_at != self._taken_at or reading.began != self._began:
            return False
        more = reading.shape.figures(reading.values[np.newaxis])[0].counts[0] - known.figures.counts
        return bool(np.all(more >= 0) and np.any(more))

    def _set_back(self, taken_at: int) -> None:
        """Have the last report made just before."""
        last, self._before, self._taken_at = self._taken_at, taken_at - 1, taken_at
        self._known = {
            shape: _Known(self._before, one.figures) for shape, one in self._known.items() if one.taken_at == last
        }
        self._restored = [replace(line, taken_at=self._before) for line in self._restored if line.taken_at == last]

    def _aligned(self, shape: Shape) -> Figures:
        """What is known of a shape's endpoints, in its order, where it was known in another."""
        self._forget_absent()
        lines, bounds = self._lines()
        by_endpoint = {Endpoint(one.side, one.name): one for one in sorted(lines, key=lambda one: one.taken_at)}
        found = shape.nothing()
        counts, sums = found.counts[np.newaxis], found.sums
        for block in shape.blocks:
            counters, buckets, place = block.counters(counts)[0], block.buckets(counts)[0], bounds.get(block.bounds)
            for at, endpoint in enumerate(block.endpoints):
                line = by_endpoint.get(endpoint)
                if line is None:
                    continue
                counters[:, at] = line.counters
                if block.bounds and line.counts and line.bounds == place:
                    buckets[:, at], sums[block.sums.start + at] = line.counts, line.sum
        return found

    def _lines(self) -> tuple[list[_Line], dict[tuple[float, ...], int]]:
        """All that is known, by endpoint; and the place of each of the bounds."""
        lines, bounds = [*self._restored], {limits: place for place, limits in enumerate(self._bounds)}
        for shape, (taken_at, figures) in self._known.items():
            for block in shape.blocks:
                place = bounds.setdefault(block.bounds, len(bounds))
                lines += (
                    _Line(endpoint.side, endpoint.name, taken_at, counters, buckets, total, place)
                    for endpoint, counters, buckets, total in block.by_endpoint(figures)
                )
        return lines, bounds

    def _forget_absent(self) -> None:
        """What was not in the last report but one, nor in any since, begins again when it comes."""
        self._known = {shape: one for shape, one in self._known.items() if one.taken_at >= self._before}
        self._restored = [line for line in self._restored if line.taken_at >= self._before]
        if not self._restored:
            self._bounds = []

    def _forget_all(self) -> None:
        self._known.clear()
        self._restored.clear()


def _fits(line: _Line, bounds: Sequence[tuple[float, ...]]) -> bool:
    buckets = len(bounds[line.bounds]) + 1 if 0 <= line.bounds < len(bounds) else -1
    return len(line.counters) == FIGURES and len(line.counts) in {0, buckets}


def since(shape: Shape, now: Figures, before: Figures) -> Figures:
    """What is new of each proxy."""
    new = Figures(now.counts - before.counts, np.maximum(now.sums - before.sums, 0.0))
    if np.any(new.counts < 0):
        for block in shape.blocks:
            _begin_again(block, now, new)
    return new


def _begin_again(block: Block, now: Figures, new: Figures) -> None:
    """Have everything new of what went down: each count by itself, a histogram as a whole."""
    counters, buckets = block.counters(new.counts), block.buckets(new.counts)
    _stand(block, now, counters)
    np.copyto(counters, block.counters(now.counts), where=counters < 0)
    if block.bounds:
        anew = np.any(buckets < 0, axis=1)
        np.copyto(buckets, block.buckets(now.counts), where=np.expand_dims(anew, 1))
        np.copyto(new.sums[:, block.sums], now.sums[:, block.sums], where=anew)


def _stand(block: Block, now: Figures, counters: Ints) -> None:
    """Have differences stay as they were where nothing else of the endpoint went down."""
    if not block.form.differences:
        return
    begun = np.any(np.delete(counters, block.form.differences, axis=1) < 0, axis=1)
    for figure in block.form.differences:
        less = np.where(begun, 0, np.minimum(counters[:, figure], 0))
        block.counters(now.counts)[:, figure] -= less
        counters[:, figure] -= less
