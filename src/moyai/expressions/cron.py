"""AWS's cron expressions: ``0 10 ? * MON-FRI *``.

Promise: six fields (minutes, hours, day of month, month, day of week with 1 for Sunday, year), or seven with seconds
first. ``*``, ``?``, lists, ranges, steps and names; ``L`` and ``15W`` for days of a month, ``6L`` and ``6#3`` for days
of a week. A day has to match both fields. No library parses this dialect: cron's own has five fields and numbers days
of the week differently.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import product
from types import MappingProxyType
from typing import Final, NamedTuple

_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = tuple(name.upper() for name in calendar.month_abbr[1:])
_NAMES: Mapping[str, int] = MappingProxyType(
    {name: number for names in (_DAYS, _MONTHS) for number, name in enumerate(names, 1)}
)
_STEP: Final = re.compile(r"(?P<range>\*|\w+(?:-\w+)?)(?:/(?P<step>\d+))?")
_FIELDS: Final = 6
_WEEK: Final = 7
_FRIDAY: Final = 5
_LAST_YEAR: Final = 2199
_LAST_DAY: Final = date(_LAST_YEAR, 12, 31)
_SEARCHED_DAYS: Final = 29 * 366
"""How far ahead a day is searched: by then the 29th of February has been on every day of the week."""


class InvalidSchedule(ValueError):
    """The text is not a schedule; the message says why."""


DayPredicate = Callable[[date], bool]


class CronExpression(NamedTuple):
    """A parsed expression: times of a day, and the predicates that a day has to satisfy."""

    times: Sequence[time]
    days: Sequence[DayPredicate]

    def after(self, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The times after ``moment``, in their order, as far as the last year of expressions."""
        if moment.year > _LAST_YEAR:
            return
        first = moment.astimezone(zone).date() - timedelta(days=1)
        for ahead in range(min(_SEARCHED_DAYS, (_LAST_DAY - first).days + 1)):
            day = first + timedelta(days=ahead)
            if all(matches(day) for matches in self.days):
                yield from (at for one in self.times if (at := datetime.combine(day, one, zone)) > moment)


def parse_cron(text: str) -> CronExpression:
    """Parse an expression. Raises InvalidSchedule."""
    fields = text.upper().split()
    if len(fields) == _FIELDS:
        fields = ["0", *fields]
    if len(fields) != _FIELDS + 1:
        raise InvalidSchedule(f"A cron expression has {_FIELDS} fields, not {len(fields)}.")
    seconds, minutes, hours = (_numbers(fields[index], 0, most) for index, most in ((0, 59), (1, 59), (2, 23)))
    if len(seconds) > 1:
        raise InvalidSchedule("A schedule can be due once a minute: its seconds are one number.")
    months, years = _numbers(fields[4], 1, 12), _numbers(fields[6], 1970, _LAST_YEAR)
    return CronExpression(
        tuple(time(hour, minute, second) for hour, minute, second in product(hours, minutes, seconds)),
        (
            lambda day: day.month in months and day.year in years,
            _any_of(fields[3], _day_of_month),
            _any_of(fields[5], _day_of_week),
        ),
    )


def _any_of(field: str, read: Callable[[str], DayPredicate]) -> DayPredicate:
    rules = [read(part) for part in field.split(",")]
    return lambda day: any(rule(day) for rule in rules)


def _day_of_month(part: str) -> DayPredicate:
    if part == "L":
        return lambda day: day.day == _days_in(day)
    if match := re.fullmatch(r"(\d{1,2})W", part):
        (target,) = _numbers(match[1], 1, 31)
        return lambda day: target <= _days_in(day) and day == _nearest_weekday(day.replace(day=target))
    days = _numbers(part, 1, 31)
    return lambda day: day.day in days


def _day_of_week(part: str) -> DayPredicate:
    if match := re.fullmatch(r"(\w+)L", part):
        (last,) = _numbers(match[1], 1, _WEEK)
        return lambda day: _weekday(day) == last and day.day + _WEEK > _days_in(day)
    if match := re.fullmatch(r"(\w+)#([1-5])", part):
        (weekday,), occurrence = _numbers(match[1], 1, _WEEK), int(match[2])
        return lambda day: _weekday(day) == weekday and (day.day - 1) // _WEEK + 1 == occurrence
    days = _numbers("7" if part == "L" else part, 1, _WEEK)
    return lambda day: _weekday(day) in days


def _numbers(field: str, least: int, most: int) -> Sequence[int]:
    """The numbers of a field, in their order. Raises InvalidSchedule."""
    if field == "?":
        return range(least, most + 1)
    numbers: set[int] = set()
    for part in field.split(","):
        match = _STEP.fullmatch(part)
        if match is None:
            raise InvalidSchedule(f"'{part[:50]}' in a cron expression is not understood.")
        first, dash, last = match["range"].partition("-")
        begin = least if first == "*" else _number(first)
        end = _number(last) if dash else most if first == "*" or match["step"] else begin
        step = int(match["step"] or 1)
        if not least <= begin <= end <= most or not step:
            raise InvalidSchedule(f"'{part[:50]}' in a cron expression is not within {least} to {most}.")
        numbers |= set(range(begin, end + 1, step))
    return sorted(numbers)


def _number(word: str) -> int:
    if word in _NAMES:
        return _NAMES[word]
    if not (word.isascii() and word.isdecimal() and len(word) <= 4):  # noqa: PLR2004 (a year's digits)
        raise InvalidSchedule(f"'{word[:50]}' in a cron expression is not a number.")
    return int(word)


def _weekday(day: date) -> int:
    return day.isoweekday() % _WEEK + 1


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date) -> date:
    """The nearest day from Monday to Friday in the same month."""
    over = day.isoweekday() - _FRIDAY
    if over <= 0:
        return day
    move = -1 if over == 1 else 1
    near = day + timedelta(days=move)
    return near if near.month == day.month else day + timedelta(days=-2 if move == 1 else 2)
