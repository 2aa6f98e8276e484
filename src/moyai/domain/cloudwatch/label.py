"""Labels of series, with what they say of the series itself: ``${PROP('Dim.ServiceName')} at most ${MAX}``.

Promise: AWS's names. Numbers have at most four decimals, times are minutes in the time zone that is asked for, spans
of time are days, hours, minutes and seconds. What a series without values can't tell is ``--``.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.line import Line
from moyai.domain.cloudwatch.query import MetricStat
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_DYNAMIC: Final = re.compile(r"\$\{([^}]*)\}")
_PROPERTY: Final = re.compile(r"""\s*PROP\(\s*(?:'([^']*)'|"([^"]*)")\s*\)\s*""")
_ZONE: Final = re.compile(r"([+-])(\d{2})(\d{2})")
_NOTHING: Final = "--"
_MAX_DYNAMIC: Final = 6
_MINUTE: Final = 60
_HOURS: Final = 24


class Setting(NamedTuple):
    """Where and when a label is read. ``zone``: what is added to UTC."""

    scope: Scope
    now: Instant
    zone: timedelta = timedelta()


def written(label: str, line: Line, default: str, setting: Setting) -> str:
    """The label of this series. ``default``: what it is called without. Raises ValidationFault."""

    def told(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "LABEL":
            return default
        named = _PROPERTY.fullmatch(name)
        if named is not None:
            return _property(named.group(1) or named.group(2) or "", line.stat, setting)
        return _LIVE[name](_Seen(line, setting)) if line.values else _NOTHING

    return _DYNAMIC.sub(told, label)


def check_label(label: str) -> None:
    """Raise ValidationFault for a label that can't be written."""
    names = _DYNAMIC.findall(label)
    dynamic = [name for name in names if name != "LABEL"]
    for name in dynamic:
        if name not in _LIVE and not _PROPERTY.fullmatch(name):
            raise ValidationFault(f"The label has '${{{name[:50]}}}', which is no dynamic value.")
    if len(dynamic) > _MAX_DYNAMIC or names.count("LABEL") > 1:
        raise ValidationFault(f"A label can have {_MAX_DYNAMIC} dynamic values and ${{LABEL}} once.")


def zone_of(told: str | None) -> timedelta:
    """The time zone in ``+0130``. Raises ValidationFault."""
    if told is None:
        return timedelta()
    match = _ZONE.fullmatch(told)
    if match is None or int(match.group(2)) >= _HOURS or int(match.group(3)) >= _MINUTE:
        raise ValidationFault(f"The Timezone '{told[:50]}' must be + or -, two digits of hours and two of minutes.")
    ahead = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return ahead if match.group(1) == "+" else -ahead


class _Seen(NamedTuple):
    """A series with values."""

    line: Line
    setting: Setting

    @property
    def numbers(self) -> tuple[float, ...]:
        return tuple(self.line.values.values())

    def at(self, extreme: Callable[[tuple[float, ...]], float]) -> Instant:
        """When the value was the greatest, or the least: the first time."""
        wanted = extreme(self.numbers)
        return next(at for at, value in self.line.values.items() if value == wanted)

    @property
    def first_at(self) -> Instant:
        return min(self.line.values)

    @property
    def last_at(self) -> Instant:
        return max(self.line.values)

    def when(self, at: Instant) -> str:
        zone = timezone(self.setting.zone) if self.setting.zone else UTC
        return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M %Z")

    def ago(self, at: Instant) -> str:
        return _span(abs(self.setting.now - at))


def _property(name: str, stat: MetricStat | None, setting: Setting) -> str:
    places = {"AccountId": setting.scope.account, "AccountLabel": setting.scope.account, "Region": setting.scope.region}
    if name in places:
        return places[name]
    if stat is None:
        return _NOTHING
    known = {
        "MetricName": stat.metric.metric_name,
        "Namespace": stat.metric.namespace,
        "Period": str(stat.period),
        "Stat": stat.stat,
        **{f"Dim.{one.name}": one.value for one in stat.metric.dimensions},
    }
    return known.get(name, _NOTHING)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _span(seconds: float) -> str:
    hours, rest = divmod(round(seconds), _MINUTE * _MINUTE)
    minutes, left = divmod(rest, _MINUTE)
    days, hours = divmod(hours, _HOURS)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (left, "s"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


_LIVE: Mapping[str, Callable[[_Seen], str]] = MappingProxyType(
    {
        "AVG": lambda s: _number(sum(s.numbers) / len(s.numbers)),
        "DATAPOINT_COUNT": lambda s: str(len(s.numbers)),
        "FIRST": lambda s: _number(s.line.values[s.first_at]),
        "FIRST_LAST_RANGE": lambda s: _number(s.line.values[s.last_at] - s.line.values[s.first_at]),
        "FIRST_LAST_TIME_RANGE": lambda s: _span(s.last_at - s.first_at),
        "FIRST_TIME": lambda s: s.when(s.first_at),
        "FIRST_TIME_RELATIVE": lambda s: s.ago(s.first_at),
        "LAST": lambda s: _number(s.line.values[s.last_at]),
        "LAST_TIME": lambda s: s.when(s.last_at),
        "LAST_TIME_RELATIVE": lambda s: s.ago(s.last_at),
        "MAX": lambda s: _number(max(s.numbers)),
        "MAX_TIME": lambda s: s.when(s.at(max)),
        "MAX_TIME_RELATIVE": lambda s: s.ago(s.at(max)),
        "MIN": lambda s: _number(min(s.numbers)),
        "MIN_TIME": lambda s: s.when(s.at(min)),
        "MIN_TIME_RELATIVE": lambda s: s.ago(s.at(min)),
        "MIN_MAX_RANGE": lambda s: _number(max(s.numbers) - min(s.numbers)),
        "MIN_MAX_TIME_RANGE": lambda s: _span(abs(s.at(max) - s.at(min))),
        "SUM": lambda s: _number(sum(s.numbers)),
    }
)
