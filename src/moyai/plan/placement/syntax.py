"""The cluster query language as a tree, and the tree as text.

Promise: ``text_of`` writes what ``parse`` reads back as the same tree.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Operator(StrEnum):
    """How a subject is compared, under the shorter of its two names."""

    EQUALS = "=="
    NOT_EQUALS = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EXISTS = "exists"
    NOT_EXISTS = "!exists"
    IN = "in"
    NOT_IN = "!in"
    MATCHES = "=~"
    NOT_MATCHES = "!~"


ORDERING: Final = frozenset({Operator.GREATER, Operator.GREATER_EQUAL, Operator.LESS, Operator.LESS_EQUAL})
WITHOUT_VALUE: Final = frozenset({Operator.EXISTS, Operator.NOT_EXISTS})
WITH_LIST: Final = frozenset({Operator.IN, Operator.NOT_IN})
WITH_PATTERN: Final = frozenset({Operator.MATCHES, Operator.NOT_MATCHES})

ATTRIBUTE: Final = "attribute:"
"""What the subject of an attribute begins with; its name follows."""
SUBJECTS: Final = frozenset(
    {"agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount", "task:group"}
)
"""All other subjects."""
ORDERED: Final = frozenset({"agentVersion", "registeredAt", "runningTasksCount"})
"""Subjects that can be greater or less than something."""


class Comparison(msgspec.Struct, frozen=True, tag=True):
    """``subject operator values``; one value but for EXISTS (none) and IN (any number from one)."""

    subject: str
    operator: Operator
    values: tuple[str, ...] = ()


class Negation(msgspec.Struct, frozen=True, tag=True):
    """``not inner``."""

    inner: Expression


class Conjunction(msgspec.Struct, frozen=True, tag=True):
    """All of two or more."""

    parts: tuple[Expression, ...]


class Alternative(msgspec.Struct, frozen=True, tag=True):
    """Any of two or more."""

    parts: tuple[Expression, ...]


Expression = Comparison | Negation | Conjunction | Alternative


def text_of(expression: Expression) -> str:
    """The expression in its shorter notation; every inner one that is more than a comparison in parentheses."""
    match expression:
        case Comparison(subject, operator, values):
            return " ".join((subject, operator, *_values(operator, values)))
        case Negation(inner):
            return f"!({text_of(inner)})"
        case Conjunction(parts):
            return " && ".join(_part(part) for part in parts)
        case Alternative(parts):
            return " || ".join(_part(part) for part in parts)


def _part(expression: Expression) -> str:
    text = text_of(expression)
    return text if isinstance(expression, Comparison) else f"({text})"


def _values(operator: Operator, values: tuple[str, ...]) -> tuple[str, ...]:
    quoted = tuple(_quoted(value) for value in values)
    return (f"[{', '.join(quoted)}]",) if operator in WITH_LIST else quoted


def _quoted(value: str) -> str:
    mark = "'" if "'" not in value else '"'
    return f"{mark}{value}{mark}"
