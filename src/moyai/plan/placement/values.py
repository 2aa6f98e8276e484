"""Values of the cluster query language that are more than text: dates, versions, numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from moyai.kernel.clock import Instant

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?)?")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
_COUNT = re.compile(r"[0-9]{1,9}")


def instant_of(text: str) -> Instant | None:
    """The instant of a date as ``2018-06-18T22:28:28+00:00``, with ``Z``, without a zone (UTC) or without its time."""
    if not _DATE.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return Instant((read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def version_of(text: str) -> tuple[int, ...] | None:
    """The numbers of a version, without the zeros at its end, so that 1.2 equals 1.2.0."""
    if not _VERSION.fullmatch(text):
        return None
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def is_count(text: str) -> bool:
    """Whether the text is a whole number, not negative."""
    return _COUNT.fullmatch(text) is not None
