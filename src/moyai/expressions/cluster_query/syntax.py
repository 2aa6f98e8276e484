"""The tree of a cluster query, and the values in it that are more than text: dates, versions and numbers.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from moyai.kernel.clock import Instant


class Operator(StrEnum):
    """The operators, each under the shorter of its two names."""

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
"""The prefix of a subject that is an attribute; the attribute's name follows."""
SUBJECTS: Final = frozenset(
    {"agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount", "task:group"}
)
"""All other subjects."""
ORDERED: Final = frozenset({"agentVersion", "registeredAt", "runningTasksCount"})
"""Subjects that have an order, for greater and less."""
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
_COUNT: Final = re.compile(r"[0-9]{1,9}")


class SubjectComparison(msgspec.Struct, frozen=True):
    """``subject operator values``; one value but for EXISTS (none) and IN (any number from one)."""

    subject: str
    operator: Operator
    values: tuple[str, ...] = ()


class Negation(msgspec.Struct, frozen=True):
    """``not inner``: matches what ``inner`` does not."""

    inner: ClusterQuery


class Conjunction(msgspec.Struct, frozen=True):
    """All of two or more."""

    parts: tuple[ClusterQuery, ...]


class Alternative(msgspec.Struct, frozen=True):
    """Any of two or more."""

    parts: tuple[ClusterQuery, ...]


ClusterQuery = SubjectComparison | Negation | Conjunction | Alternative


def instant_of(text: str) -> Instant | None:
    """The instant of a date such as ``2018-06-18T22:28:28+00:00``; zone (UTC) and time may be missing, or ``Z``."""
    if not _DATE.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return Instant((read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def version_of(text: str) -> tuple[int, ...] | None:
    """The numbers of a version without trailing zeros, so that 1.2 equals 1.2.0."""
    if not _VERSION.fullmatch(text):
        return None
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def is_count(text: str) -> bool:
    """Whether the text is a whole number, not negative."""
    return _COUNT.fullmatch(text) is not None
