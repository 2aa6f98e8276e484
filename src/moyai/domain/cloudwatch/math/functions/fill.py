"""FILL: a value for the periods that have none.

Promise: REPEAT takes the last value before, LINEAR a straight line between the values at both sides; neither has
anything to say before the first value, nor LINEAR after the last. Another series fills where it has a value itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function, each
from moyai.domain.cloudwatch.math.line import Line, Term, same_grid
from moyai.kernel.clock import Instant

_REPEAT: Final = "REPEAT"
_LINEAR: Final = "LINEAR"
Filler = Callable[[Line], Callable[[Instant], float | None]]
"""Looks at a series, and gives what it has for a period without a value; None where it has nothing."""


def _fill(arguments: Sequence[Term], around: Around) -> Term:
    of, filler = arguments
    return each(of, partial(_filled, filler=_filler(filler), around=around))


def _filler(term: Term) -> Filler:
    if isinstance(term, float):
        return lambda _: lambda _: term
    if isinstance(term, Line):
        return partial(_from_another, term)
    if term == _REPEAT:
        return _repeated
    if term == _LINEAR:
        return _on_a_line
    raise ValidationFault(f"the filler must be a number, a time series, {_REPEAT} or {_LINEAR}.")


def _filled(line: Line, filler: Filler, around: Around) -> Line:
    moments = sorted({*line.grid.instants(), *line.values})  # a value may be of a time to come
    around.spend(len(moments))
    missing = filler(line)
    found = ((at, line.values[at] if at in line.values else missing(at)) for at in moments)
    return line.made((at, value) for at, value in found if value is not None)


def _from_another(other: Line, line: Line) -> Callable[[Instant], float | None]:
    same_grid((other, line))
    return other.values.get


def _repeated(line: Line) -> Callable[[Instant], float | None]:
    known = tuple(line.values.items())

    def last_before(at: Instant) -> float | None:
        place = bisect_left(known, (at,))
        return known[place - 1][1] if place else None

    return last_before


def _on_a_line(line: Line) -> Callable[[Instant], float | None]:
    known = tuple(line.values.items())

    def between(at: Instant) -> float | None:
        place = bisect_left(known, (at,))
        if not 0 < place < len(known):
            return None
        (before, low), (after, high) = known[place - 1], known[place]
        return low + (at - before) / (after - before) * (high - low)

    return between


FILL: Mapping[str, Function] = MappingProxyType({"FILL": Function(_fill, least=2, most=2)})
