"""Figures that a room keeps of its own work: how often, how long.

Promise: they only grow. They are for whoever watches this process; nothing decides by them. One thread adds to each;
any may read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds for times."""


class Count:
    """How often, by what it is called."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, ...], int] = {}

    def add(self, *name: str) -> None:
        """Once more."""
        self._counted[name] = self._counted.get(name, 0) + 1

    def items(self) -> Sequence[tuple[tuple[str, ...], int]]:
        """Each name and its count, in the order of the names."""
        return sorted(self._counted.items())


class Distribution(NamedTuple):
    """Values by bucket: ``counts[i]`` up to ``bounds[i]`` and above the bound before; the last without a bound."""

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float


class Times:
    """How long it took, in seconds."""

    def __init__(self) -> None:
        self._counts = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    @property
    def distribution(self) -> Distribution:
        """All of them."""
        return Distribution(SECONDS, tuple(self._counts), self._sum)
