"""Pushes of one proxy, read as records of fixed places.

Between two pushes of an Envoy only values change: the names, their order and every length stay, until a statistic
comes or goes. So the places are looked for once, and a push that has the same bytes around its values is read in one
stroke; any other is looked through anew. That is what makes a push cheap: see docs/decisions/metrics-on-disk.md.

Promise: ``read`` says the same whether it knew the places or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from struct import unpack
from typing import Any, Final, NamedTuple

from moyai.telemetry.wire import WIDTH, Place, places

_NUMBER: Final = "q"
_DOUBLE: Final = "d"
_SKIPPED: Final = f"{WIDTH}x"


class Found(NamedTuple):
    """Where a metric's values are among those that a ``Record`` reads: of a number its ``value``, of a histogram the
    ``counts`` and the ``sum``.
    """

    name: str
    value: int | None
    counts: slice | None
    sum: int
    bounds: tuple[float, ...]


class Record:
    """The places of one push. ``zero`` is where a value is that is always 0; ``time`` and ``start`` are the push's and
    the proxy's own. Made by ``learn``. It holds no ``Struct``: of a push of 20 KB that takes 25 KB and its format 2 KB,
    and no two Envoys put their statistics in the same order.
    """

    __slots__ = ("_fixed", "_format", "_known", "_size", "start", "time", "zero")

    def __init__(self, body: bytes, metrics: Sequence[Place], interned: dict[bytes, bytes]) -> None:
        codes, at, fixed, count = _codes(body, metrics)
        self.zero = count
        self._size, self._format = len(body), "<" + "".join(codes)
        self._fixed = bytes(fixed)
        parts = compress(unpack(self._format, body), self._fixed)
        self._known = tuple(interned.setdefault(part, part) for part in parts)
        self.time = next((at[one.time] for one in metrics if one.time in at), count)
        self.start = next((at[one.start] for one in metrics if one.start in at), count)

    def read(self, body: bytes) -> tuple[Any, ...] | None:
        """All values, and a 0; None when the push has another layout."""
        if len(body) != self._size:
            return None
        values = unpack(self._format, body)
        return (*values, 0) if tuple(compress(values, self._fixed)) == self._known else None


def learn(body: bytes, interned: dict[bytes, bytes]) -> tuple[Record, list[Found]]:
    """The places of a push, and its metrics. ``interned``: what many proxies have in common. Raises NotOtlp."""
    metrics = list(places(body))
    _, at, _, zero = _codes(body, metrics)
    return Record(body, metrics, interned), [_found(place, at, zero) for place in metrics]


def _codes(body: bytes, metrics: Sequence[Place]) -> tuple[list[str], dict[int, int], list[bool], int]:
    """The struct's codes; which of its values is at which offset; whether each is bytes around; how many there are."""
    codes: list[str] = []
    at: dict[int, int] = {}
    fixed: list[bool] = []
    end = count = 0
    for offset, code, width, read in (*sorted(_wanted(metrics)), (len(body), "", 0, 0)):
        if offset > end:
            codes.append(f"{offset - end}s")
            fixed.append(True)
            count += 1
        if read:
            at[offset] = count
        codes.append(code)
        fixed += [False] * read
        count += read
        end = offset + width
    return codes, at, fixed, count


def _wanted(metrics: Iterable[Place]) -> Iterator[tuple[int, str, int, int]]:
    """Offset, code, width and how many values, of all that changes or need not be the same."""
    timed = started = False
    for place in metrics:
        if place.time is not None:
            yield (place.time, _SKIPPED, WIDTH, 0) if timed else (place.time, _NUMBER, WIDTH, 1)
            timed = True
        if place.start is not None:
            yield (place.start, _SKIPPED, WIDTH, 0) if started else (place.start, _NUMBER, WIDTH, 1)
            started = True
        yield from ((offset, _SKIPPED, WIDTH, 0) for offset in place.others)
        if place.value is not None:
            yield place.value, _NUMBER, WIDTH, 1
        if place.counts is not None:
            buckets = len(place.bounds) + 1
            yield place.counts, f"{buckets}{_NUMBER}", buckets * WIDTH, buckets
        if place.sum is not None:
            yield place.sum, _DOUBLE, WIDTH, 1


def _found(place: Place, at: dict[int, int], zero: int) -> Found:
    value = None if place.value is None else at[place.value]
    total = zero if place.sum is None else at[place.sum]
    if place.counts is None:
        return Found(place.name, value, None, total, ())
    first = at[place.counts]
    return Found(place.name, value, slice(first, first + len(place.bounds) + 1), total, place.bounds)
