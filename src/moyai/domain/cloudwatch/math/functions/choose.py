"""IF: one value or another, for each period of the condition.

Promise: where the condition holds and the second argument has no value, the result is 0; where it doesn't hold and
the third has none, or isn't there, there is no result. A condition without a value gives none.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (IF expressions)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function
from moyai.domain.cloudwatch.math.line import Line, Term, merged, same_grid
from moyai.kernel.clock import Instant


def _choose(arguments: Sequence[Term], around: Around) -> Term:
    condition, *rest = (_single(one) for one in arguments)
    yes, no = rest[0], rest[1] if len(rest) > 1 else None
    if isinstance(condition, float):
        chosen = yes if condition and not isnan(condition) else no
        return Line({}, around.grid) if chosen is None else chosen
    given = tuple(one for one in (condition, yes, no) if isinstance(one, Line))
    return merged(same_grid(given) or condition.grid, given, _chosen(condition, yes, no))


def _single(term: Term) -> float | Line:
    if isinstance(term, float | Line):
        return term
    raise ValidationFault("an argument must be a single time series or a number.")


def _chosen(condition: Line, yes: float | Line, no: float | Line | None) -> Iterator[tuple[Instant, float]]:
    for at, holds in condition.values.items():
        if holds:
            yield at, yes.values.get(at, 0.0) if isinstance(yes, Line) else yes
        elif isinstance(no, float):
            yield at, no
        elif no is not None and at in no.values:
            yield at, no.values[at]


CHOOSE: Mapping[str, Function] = MappingProxyType({"IF": Function(_choose, least=2, most=3)})
