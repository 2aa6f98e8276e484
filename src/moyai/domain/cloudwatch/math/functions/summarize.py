"""Functions that make one value of many: of a series a number, of an array a series.

Promise: SUM and AVG of an array count a value that a series lacks as 0; the others look at those that are there. AVG
of a single series is the mean of the values that it has. STDDEV is that of a whole population.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Apply, Function
from moyai.domain.cloudwatch.math.line import UNTOLD, Line, Lines, Term, merged, same_grid
from moyai.kernel.clock import Instant

Of = Callable[[Sequence[float]], float]


def mean(values: Sequence[float]) -> float:
    """Their mean; NaN when there are none."""
    return sum(values) / len(values) if values else UNTOLD


def least(values: Sequence[float]) -> float:
    """The least of them; NaN when there are none."""
    return min(values, default=UNTOLD)


def greatest(values: Sequence[float]) -> float:
    """The greatest of them; NaN when there are none."""
    return max(values, default=UNTOLD)


def _deviation(values: Sequence[float]) -> float:
    middle = mean(values)
    return sqrt(mean([(value - middle) * (value - middle) for value in values])) if values else UNTOLD


def _total(values: Sequence[float]) -> float:
    return float(sum(values))


def _count(values: Sequence[float]) -> float:
    return float(len(values))


def _summarizing(of: Of) -> Apply:
    def call(arguments: Sequence[Term], around: Around) -> Term:
        [term] = arguments
        if isinstance(term, Line):
            return of(tuple(term.values.values()))
        if isinstance(term, tuple):
            return _across(term, of, around)
        raise ValidationFault("the argument must be a time series or an array of time series.")

    return call


def _across(lines: Lines, of: Of, around: Around) -> Line:
    grid = same_grid(lines) or around.grid
    return merged(grid, lines, ((at, of(values)) for at, values in _columns(lines)))


def _average(arguments: Sequence[Term], around: Around) -> Term:
    [term] = arguments
    if not isinstance(term, tuple):
        return _summarizing(mean)(arguments, around)
    return _across(term, lambda values: sum(values) / len(term), around)


def _columns(lines: Lines) -> Iterator[tuple[Instant, Sequence[float]]]:
    """The values of each period that has any."""
    columns: dict[Instant, list[float]] = {}
    for line in lines:
        for at, value in line.values.items():
            columns.setdefault(at, []).append(value)
    yield from columns.items()


SUMMARIZE: Mapping[str, Function] = MappingProxyType(
    {
        "SUM": Function(_summarizing(_total)),
        "AVG": Function(_average),
        "MIN": Function(_summarizing(least)),
        "MAX": Function(_summarizing(greatest)),
        "STDDEV": Function(_summarizing(_deviation)),
        "DATAPOINT_COUNT": Function(_summarizing(_count)),
    }
)
