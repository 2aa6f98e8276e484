"""The values of many series, a page at a time.

Promise: a page goes on behind the last value of the one before: its series, and its time. A token says which request
it was made for. A series without values comes in its place, too, once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moyai.domain.cloudwatch.math.line import Values
from moyai.domain.paging import BadToken, read_token, write_token
from moyai.kernel.clock import Instant


class Series(NamedTuple):
    """What a page has of one series: its place among all, the times, and whether more of it follows."""

    place: int
    moments: Sequence[Instant]
    goes_on: bool


class Shown(NamedTuple):
    """A page. ``next_token``: None at the end."""

    series: Sequence[Series]
    next_token: str | None


def paged(every: Sequence[Values], listing: object, token: str | None, size: int, *, ascending: bool) -> Shown:
    """``size`` values of the series, in their order. ``listing``: the call and all its parameters. Raises BadToken."""
    last = None if token is None else _last(read_token(token, listing), ascending=ascending)
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
    return Shown(shown, write_token(listing, f"{end.place} {end.moments[-1]}"))


def _behind(
    every: Sequence[Values], last: tuple[int, float] | None, *, ascending: bool
) -> Iterator[tuple[int, Sequence[Instant]]]:
    """Each series that isn't over, and its times."""
    for place, values in enumerate(every):
        moments = sorted(values, reverse=not ascending)
        if last is not None and place < last[0]:
            continue
        if last is not None and place == last[0]:
            moments = moments[bisect_right(moments, last[1], key=lambda at: at if ascending else -at) :]
        if moments or last is None or place > last[0]:
            yield place, moments


def _last(told: str, *, ascending: bool) -> tuple[int, float]:
    place, _, at = told.partition(" ")
    try:
        return int(place), float(at) if ascending else -float(at)
    except ValueError as error:
        raise BadToken("The token is not valid.") from error
