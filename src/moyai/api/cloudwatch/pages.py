"""Pages of the values of many series.

Promise: a page continues after the last value of the page before, which its token names by series and time; so a series
that is new since then causes no value to be repeated or skipped. A token is valid for its own request only. A series
without values is on a page once, too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from moyai.domain.cloudwatch.errors import InvalidNextToken, InvalidParameterValue
from moyai.domain.paging import read_token, write_token
from moyai.expressions.metric_math.series import Values
from moyai.kernel.clock import Instant

_DIGEST = 16


class NamedSeries(NamedTuple):
    """A series with a name that is unique in its request."""

    name: str
    values: Values


class SeriesPart(NamedTuple):
    """The part of a series that is on a page: its index, the times, and whether more of it follows."""

    position: int
    times: Sequence[Instant]
    is_partial: bool


class SeriesPage(NamedTuple):
    """A page. ``next_token`` is None at the end."""

    series: Sequence[SeriesPart]
    next_token: str | None


class _Position(NamedTuple):
    """The end of a page: the index of the series, and the time, negated where times descend."""

    position: int
    at: float


def with_names(series: Iterable[tuple[Hashable, Values]]) -> list[NamedSeries]:
    """The series with names: hashes of their keys, and of their numbers among the series with the same key."""
    counts: Counter[Hashable] = Counter()
    result: list[NamedSeries] = []
    for key, values in series:
        counts[key] += 1
        result.append(NamedSeries(sha256(repr((key, counts[key])).encode()).hexdigest()[:_DIGEST], values))
    return result


def invalid_token(message: str) -> InvalidParameterValue:
    """The error of the operations that have no InvalidNextToken."""
    return InvalidParameterValue(f"NextToken: {message}")


def page_of(
    all_series: Sequence[NamedSeries], listing: object, token: str | None, size: int, *, ascending: bool
) -> SeriesPage:
    """The next ``size`` values of the series. ``listing``: the call and all its parameters. Raises InvalidNextToken."""
    last = None if token is None else read_token(token, listing, InvalidNextToken)
    after = None if last is None else _position(last, all_series, ascending=ascending)
    page: list[SeriesPart] = []
    remaining = size
    for index, times in _remaining(all_series, after, ascending=ascending):
        if not remaining:
            break
        page.append(SeriesPart(index, times[:remaining], len(times) > remaining))
        remaining -= len(page[-1].times)
        if page[-1].is_partial:
            break
    else:
        return SeriesPage(page, None)
    end = next(series for series in reversed(page) if series.times)
    return SeriesPage(page, write_token(listing, f"{all_series[end.position].name} {end.times[-1]}"))


def _remaining(
    all_series: Sequence[NamedSeries], after: _Position | None, *, ascending: bool
) -> Iterator[tuple[int, Sequence[Instant]]]:
    """The index of each series with values after the position, and the times of these."""
    for index, (_, values) in enumerate(all_series):
        if after is not None and index < after.position:
            continue
        times = sorted(values, reverse=not ascending)
        if after is not None and index == after.position:
            times = times[bisect_right(times, after.at, key=lambda at: at if ascending else -at) :]
            if not times:
                continue
        yield index, times


def _position(text: str, all_series: Sequence[NamedSeries], *, ascending: bool) -> _Position:
    name, _, at = text.partition(" ")
    index = next((index for index, series in enumerate(all_series) if series.name == name), None)
    try:
        time = float(at)
    except ValueError as error:
        raise InvalidNextToken("The token is not valid.") from error
    if index is None:
        raise InvalidNextToken("The series at which the token continues does not exist any more.")
    return _Position(index, time if ascending else -time)
