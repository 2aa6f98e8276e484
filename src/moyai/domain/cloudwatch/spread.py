"""How the values of a histogram are spread: on a straight line through each bucket.

Promise: what is said of a part of the values is exact to the width of a bucket; count and sum of all of them are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from moyai.domain.cloudwatch.metric import Histogram, Summary


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


class Spread(NamedTuple):
    """The values of a summary."""

    pieces: tuple[Piece, ...]
    total: float

    def at(self, share: float) -> float:
        """The value below which ``share`` (0 to 1) of the values lie."""
        rank = share * self.total
        for piece in self.pieces:
            if piece.below + piece.size >= rank:
                return piece.low + (piece.high - piece.low) * max(rank - piece.below, 0.0) / piece.size
        return self.pieces[-1].high

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


def spread_of(summary: Summary) -> Spread | None:
    """How the summary's values are spread; None when that is not known (no histogram, and not all the same)."""
    if summary.histogram is not None and summary.histogram.total:
        return Spread(tuple(_pieces(summary.histogram, summary)), summary.histogram.total)
    if summary.count == 1 or summary.minimum == summary.maximum:
        return Spread((Piece(summary.maximum, summary.maximum, summary.count, 0.0),), summary.count)
    return None


def _pieces(histogram: Histogram, summary: Summary) -> Iterator[Piece]:
    below = 0.0
    for bucket, count in enumerate(histogram.counts):
        if count:
            low, high = (min(max(edge, summary.minimum), summary.maximum) for edge in histogram.edges(bucket))
            yield Piece(low, high, count, below)
        below += count


def _share(piece: Piece, value: float) -> float:
    """Which share of the piece's values is not greater."""
    if value >= piece.high:
        return 1.0
    return max(value - piece.low, 0.0) / (piece.high - piece.low) if piece.high > piece.low else 0.0
