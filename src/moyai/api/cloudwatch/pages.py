"""The values of many series, a page at a time.

Promise: a page goes on behind the last value of the one before: its series, by name, and its time, so that series that
come in between repeat and skip none. A token says which request it was made for. A series without values comes in its
place, too, once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from moyai.domain.paging import BadToken, read_token, write_token
from moyai.expressions.metric_math.series import Values
from moyai.kernel.clock import Instant

_DIGEST = 16


class Named(NamedTuple):
    """A series, and what it is called among all of a request."""

    name: str
    values: Values


class Series(NamedTuple):
    """The part of a series that is on a page: its index, the times, and whether more of it follows."""

    place: int
    moments: Sequence[Instant]
    goes_on: bool


class Shown(NamedTuple):
    """A page. ``next_token``: None at the end."""

    series: Sequence[Series]
    next_token: str | None


class _Last(NamedTuple):
    """Where a page ended: the series by its place, and the time, negative where they descend."""

    place: int
    at: float


def named(series: Iterable[tuple[Hashable, Values]]) -> list[Named]:
    """The series by what tells them apart, and by their number among those of which that is the same."""
    seen: Counter[Hashable] = Counter()
    found: list[Named] = []
    for what, values in series:
        seen[what] += 1
        found.append(Named(sha256(repr((what, seen[what])).encode()).hexdigest()[:_DIGEST], values))
    return found


def paged(every: Sequence[Named], listing: object, token: str | None, size: int, *, ascending: bool) -> Shown:
    """``size`` values of the series, in their order. ``listing``: the call and all its parameters. Raises BadToken."""
    last = None if token is None else _last(read_token(token, listing), every, ascending=ascending)
    shown: list[Series] = []
    room = size
    for place, moments in _behind(every, last, ascending=ascending):
        if not room:
            break
        shown.append(Series(place, moments[:room], len(moments) > room))
        room -= len(shown[-1].moments)
        if shown[-1].goes_on:
            break
    else:
        return Shown(shown, None)
    end = next(one for one in reversed(shown) if one.moments)
    return Shown(shown, write_token(listing, f"{every[end.place].name} {end.moments[-1]}"))


def _behind(every: Sequence[Named], last: _Last | None, *, ascending: bool) -> Iterator[tuple[int, Sequence[Instant]]]:
    """Each series that isn't over, and its times."""
    for place, (_, values) in enumerate(every):
        if last is not None and place < last.place:
            continue
        moments = sorted(values, reverse=not ascending)
        if last is not None and place == last.place:
            moments = moments[bisect_right(moments, last.at, key=lambda at: at if ascending else -at) :]
            if not moments:
                continue
        yield place, moments


def _last(told: str, every: Sequence[Named], *, ascending: bool) -> _Last:
    name, _, at = told.partition(" ")
    place = next((place for place, one in enumerate(every) if one.name == name), None)
    try:
        moment = float(at)
    except ValueError as error:
        raise BadToken("The token is not valid.") from error
    if place is None:
        raise BadToken("The token follows a series that is there no more.")
    return _Last(place, moment if ascending else -moment)
