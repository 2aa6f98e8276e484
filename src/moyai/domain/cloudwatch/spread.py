"""How the values of a histogram are spread: on a straight line through each bucket.

Promise: what is said of a part of the values is exact to the width of a bucket; count and sum of all of them are exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from moyai.domain.cloudwatch.metric import Summary


class Piece(NamedTuple):
    """Values between two of them, evenly spread: from ``low`` to ``high``, ``size`` of them, ``below`` that are
    less.
    """

    low: float
    high: float
    size: float
    below: float


class Part(NamedTuple):
    """Some of the values: how many, and their sum."""

    size: float
    sum: float


class Spread:
    """The values of a summary, from ``least`` to ``most``: so many in each bucket, as in a ``Histogram``."""

    __slots__ = ("_bounds", "_counts", "_least", "_most", "_until", "total")

    def __init__(self, bounds: Sequence[float], counts: Sequence[float], least: float, most: float) -> None:
        self._bounds, self._counts, self._least, self._most = bounds, counts, least, most
        self._until = tuple(accumulate(counts))
        self.total: float = self._until[-1]

    @property
    def pieces(self) -> Iterator[Piece]:
        """All buckets that have something in them."""
        return (self._piece(bucket) for bucket, count in enumerate(self._counts) if count)

    def at(self, share: float) -> float:
        """The value below which ``share`` (0 to 1) of the values lie."""
        rank = share * self.total
        # Of buckets that come to the same sum only the first has something in it; of those that come to nothing, none.
        piece = self._piece(bisect_left(self._until, rank) if rank else bisect_right(self._until, 0))
        return piece.low + (piece.high - piece.low) * (rank - piece.below) / piece.size

    def rank(self, value: float) -> float:
        """How many of the values are not greater."""
        return sum(_share(piece, value) * piece.size for piece in self.pieces)

    def between(self, low: float, high: float) -> Part:
        """The values by their order, from the one of rank ``low`` to that of rank ``high``."""
        count = total = 0.0
        for piece in self.pieces:
            start = max(low - piece.below, 0.0) / piece.size
            end = min(high - piece.below, piece.size) / piece.size
            if end > start:
                middle = piece.low + (piece.high - piece.low) * (start + end) / 2
                count += (end - start) * piece.size
                total += (end - start) * piece.size * middle
        return Part(count, total)

    def _piece(self, bucket: int) -> Piece:
        size = self._counts[bucket]
        low = self._bounds[bucket - 1] if bucket else 0.0
        high = self._bounds[bucket] if bucket < len(self._bounds) else low
        return Piece(self._within(low), self._within(high), size, self._until[bucket] - size)

    def _within(self, edge: float) -> float:
        return min(max(edge, self._least), self._most)


def spread_of(summary: Summary) -> Spread | None:
    """How the summary's values are spread; None when that is not known (no histogram, and not all the same)."""
    if summary.histogram is not None and summary.histogram.total:
        return Spread(*summary.histogram, summary.minimum, summary.maximum)
    if summary.count == 1 or summary.minimum == summary.maximum:
        return Spread((summary.maximum,), (summary.count, 0), summary.maximum, summary.maximum)
    return None


def _share(piece: Piece, value: float) -> float:
    """Which share of the piece's values is not greater."""
    if value >= piece.high:
        return 1.0
    return max(value - piece.low, 0.0) / (piece.high - piece.low) if piece.high > piece.low else 0.0
