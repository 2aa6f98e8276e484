"""What functions take, each kind told by its own error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple, TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.line import Line, Lines, Term

Apply: TypeAlias = Callable[[Sequence[Term], Around], Term]


class Function(NamedTuple):
    """A function, and how many arguments it takes at least and at most."""

    call: Apply
    least: int = 1
    most: int = 1


def number(term: Term) -> float:
    """A scalar. Raises ValidationFault."""
    if not isinstance(term, float):
        raise ValidationFault("an argument must be a number.")
    return term


def whole(term: Term) -> int:
    """A whole number that is not negative. Raises ValidationFault."""
    value = number(term)
    if not isfinite(value) or value < 0 or value != int(value):
        raise ValidationFault("an argument must be a whole number from 0 on.")
    return int(value)


def line(term: Term) -> Line:
    """A time series. Raises ValidationFault."""
    if not isinstance(term, Line):
        raise ValidationFault("an argument must be a single time series.")
    return term


def lines(term: Term) -> Lines:
    """An array of time series. Raises ValidationFault."""
    if not isinstance(term, tuple):
        raise ValidationFault("an argument must be an array of time series.")
    return term


def text(term: Term) -> str:
    """A text or a word. Raises ValidationFault."""
    if not isinstance(term, str):
        raise ValidationFault("an argument must be a text in quotes.")
    return term


def word(term: Term, words: Sequence[str]) -> str:
    """One of these words. Raises ValidationFault."""
    if not isinstance(term, str) or term not in words:
        raise ValidationFault(f"an argument must be one of {', '.join(words)}.")
    return term


def each(term: Term, change: Callable[[Line], Line]) -> Term:
    """A series or each series of an array, changed. Raises ValidationFault."""
    if isinstance(term, Line):
        return change(term)
    if isinstance(term, tuple):
        return tuple(change(one) for one in term)
    raise ValidationFault("an argument must be a time series or an array of time series.")
