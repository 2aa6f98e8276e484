"""When something that has a schedule is due: ``at(…)``, ``rate(…)`` and ``cron(…)``.

Promise: what has a start time is due at that time first, and never after its end time. ``at`` and ``cron`` are in its
time zone, UTC when it has none.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from moyai.expressions.cron import InvalidSchedule, parse_cron
from moyai.kernel.clock import Instant

_FORM: Final = re.compile(r"(at|rate|cron)\((.*)\)")
_RATE: Final = re.compile(r"([1-9]\d{0,5}) (minute|hour|day)s?")
_UNITS: Mapping[str, int] = MappingProxyType({"minute": 60, "hour": 3600, "day": 86400})


class Scheduled(Protocol):
    """An entity with a schedule: a scheduled action of Application Auto Scaling, or a schedule of EventBridge
    Scheduler.
    """

    @property
    def schedule(self) -> str:
        """The expression."""

    @property
    def created_at(self) -> Instant:
        """From when a rate counts where there is no start time."""

    @property
    def timezone(self) -> str | None:
        """The name of its time zone."""

    @property
    def start_at(self) -> Instant | None:
        """When it is due first."""

    @property
    def end_at(self) -> Instant | None:
        """When it is due no more."""


def next_time(scheduled: Scheduled, after: Instant) -> Instant | None:
    """The first time after ``after``; None when there is none. Raises InvalidSchedule."""
    match = _FORM.fullmatch(scheduled.schedule)
    if match is None:
        raise InvalidSchedule("A schedule is at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields).")
    form, text = match.groups()
    zone = zone_named(scheduled.timezone)
    if form == "at":
        once = _at(text, zone)
        return once if once > after else None
    start = scheduled.created_at if scheduled.start_at is None else scheduled.start_at
    due = _rate(text, start, after) if form == "rate" else _cron(text, zone, Instant(max(after, start)))
    if scheduled.start_at is not None and after < scheduled.start_at:
        due = scheduled.start_at
    return None if due is None or (scheduled.end_at is not None and due > scheduled.end_at) else due


def zone_named(name: str | None) -> tzinfo:
    """The time zone. Raises InvalidSchedule when this machine has none of that name."""
    try:
        return UTC if name is None else ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise InvalidSchedule(f"There is no time zone {str(name)[:100]}.") from error


def _at(text: str, zone: tzinfo) -> Instant:
    try:
        return Instant(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp())
    except ValueError as error:
        raise InvalidSchedule("The time in at() must be yyyy-mm-ddThh:mm:ss.") from error


def _rate(text: str, start: Instant, after: Instant) -> Instant:
    match = _RATE.fullmatch(text)
    if match is None:
        raise InvalidSchedule("A rate is a number and minute(s), hour(s) or day(s).")
    every = int(match[1]) * _UNITS[match[2]]
    return Instant(start + every * (max(after - start, 0) // every + 1))


def _cron(text: str, zone: tzinfo, after: Instant) -> Instant | None:
    moment = datetime.fromtimestamp(after, UTC)
    due = next(parse_cron(text).after(moment, zone), None)
    return None if due is None else Instant(due.timestamp())
