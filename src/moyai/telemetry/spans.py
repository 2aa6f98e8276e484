"""What there is of a metric in a span of time: from memory, from the minutes and from the hours that are kept.

Promise: each slot and each minute comes once, oldest first. Memory goes before what is kept of the same minute, since
it began with that. Slots of five seconds are there for three hours at least, whole minutes as long as anything is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.cloudwatch.metric import Summary
from moyai.kernel.clock import Instant
from moyai.ports.metrics import Period
from moyai.telemetry.blocks import WHOLE, BadBlock, Entries, unpack
from moyai.telemetry.cells import COARSE, FINE
from moyai.telemetry.series import Series, readable

HOUR = 3600
Span = tuple[float, float]


def slots(series: Series, span: Span) -> list[Period]:
    """The slots of five seconds that begin in the span."""
    found: dict[int, Summary] = {}
    for start, entries in _minutes(series, span):
        found |= {start + key * FINE: of for key, of in entries if key != WHOLE}
    return _within(found, span)


def minutes(series: Series, span: Span) -> list[Period]:
    """The minutes that begin in the span."""
    found: dict[int, Summary] = {}
    group = series.group
    for kept in group.history.hours(group.number, series.column, span[0] // HOUR * HOUR, span[1]):
        try:
            found |= {kept.start + key * COARSE: of for key, of in unpack(kept.body)}
        except BadBlock:
            continue
    for start, entries in _minutes(series, span):
        for key, of in entries:
            if key == WHOLE:
                before = found.get(start)  # a value that came after its hour was folded
                found[start] = of if before is None else before.plus(of)
    return _within(found, span)


def _minutes(series: Series, span: Span) -> Iterator[tuple[int, Entries]]:
    group, column, first = series.group, series.column, span[0] // COARSE * COARSE
    for kept in group.history.minutes(group.number, first, span[1]):
        if kept.start not in group.minutes:
            yield kept.start, list(readable(kept.body).of(column))
    for start, cells in group.minutes.items():
        if first <= start < span[1] and column in cells:
            yield start, cells[column].entries()


def _within(found: dict[int, Summary], span: Span) -> list[Period]:
    return [Period(Instant(start), found[start]) for start in sorted(found) if span[0] <= start < span[1]]
