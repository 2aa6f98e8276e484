"""What an expression stands among: the other queries, the metrics there are, the time that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from moyai.domain.cloudwatch.math.line import Grid, Line, Lines, Term


class Around(Protocol):
    """What an expression can look at."""

    def answer(self, query_id: str) -> Term:
        """What the query comes to. Raises ValidationFault when there is none with this id."""

    def metrics(self) -> Sequence[tuple[str, Line]]:
        """The queries that are metrics and no expressions: id and values, in their order."""

    def search(self, criteria: str, statistic: str, period: int | None) -> Lines:
        """The metrics that fit. ``period``: seconds; None = what the query itself says. Raises ValidationFault."""

    @property
    def grid(self) -> Grid:
        """The periods of a series that no metric gives its own."""

    def spend(self, values: int) -> None:
        """Say that so many values were calculated. Raises ValidationFault when it is too much for one request."""
