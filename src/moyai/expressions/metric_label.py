"""Labels of series, with dynamic values: ``${PROP('Dim.ServiceName')} at most ${MAX}``.

Promise: AWS's names of dynamic values. Numbers have at most four decimals, times are minutes in the requested time
zone, durations are days, hours, minutes and seconds. A dynamic value of a series without values is ``--``.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import MetricStat
from moyai.expressions.metric_math.series import TimeSeries
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_DYNAMIC: Final = re.compile(r"\$\{([^}]*)\}")
_PROPERTY: Final = re.compile(r"""\s*PROP\(\s*(?:'([^']*)'|"([^"]*)")\s*\)\s*""")
_ZONE: Final = re.compile(r"([+-])(\d{2})(\d{2})")
_NO_VALUE: Final = "--"
_MAX_DYNAMIC: Final = 6
_MINUTE: Final = 60
_HOURS: Final = 24


class LabelContext(NamedTuple):
    """The context in which a label is rendered. ``zone``: the time zone's offset from UTC."""

    scope: Scope
    now: Instant
    zone: timedelta = timedelta()


def render_label(label: str, series: TimeSeries, default: str, context: LabelContext) -> str:
    """A label that ``check_label`` accepts, with its dynamic values. ``default``: the value of ``${LABEL}``."""

    def dynamic_value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "LABEL":
            return default
        prop = _PROPERTY.fullmatch(name)
        if prop is not None:
            return _property(prop.group(1) or prop.group(2) or "", series.stat, context)
        return _DYNAMIC_VALUES[name](_SeriesSummary(series, context)) if series.values else _NO_VALUE

    return _DYNAMIC.sub(dynamic_value, label)


def check_label(label: str) -> None:
    """Raise ValidationFault for a label that can't be rendered."""
    names = _DYNAMIC.findall(label)
    dynamic = [name for name in names if name != "LABEL"]
    for name in dynamic:
        if name not in _DYNAMIC_VALUES and not _PROPERTY.fullmatch(name):
            raise ValidationFault(f"The label has '${{{name[:50]}}}', which is no dynamic value.")
    if len(dynamic) > _MAX_DYNAMIC or names.count("LABEL") > 1:
        raise ValidationFault(f"A label can have {_MAX_DYNAMIC} dynamic values and ${{LABEL}} once.")


def parse_utc_offset(text: str | None) -> timedelta:
    """The offset from UTC that ``+0130`` means; 0 for None. Raises ValidationFault."""
    if text is None:
        return timedelta()
    match = _ZONE.fullmatch(text)
    if match is None or int(match.group(2)) >= _HOURS or int(match.group(3)) >= _MINUTE:
        raise ValidationFault(f"The Timezone '{text[:50]}' must be + or -, two digits of hours and two of minutes.")
    ahead = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return ahead if match.group(1) == "+" else -ahead


class _SeriesSummary(NamedTuple):
    """The dynamic values of a series that has values."""

    series: TimeSeries
    context: LabelContext

    @property
    def numbers(self) -> tuple[float, ...]:
        return tuple(self.series.values.values())

    def at(self, extreme: Callable[[tuple[float, ...]], float]) -> Instant:
        """The time of the first value that is the greatest, or the least."""
        extremum = extreme(self.numbers)
        return next(at for at, value in self.series.values.items() if value == extremum)

    @property
    def first_at(self) -> Instant:
        return min(self.series.values)

    @property
    def last_at(self) -> Instant:
        return max(self.series.values)

    def format_time(self, at: Instant) -> str:
        zone = timezone(self.context.zone) if self.context.zone else UTC
        return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M %Z")

    def format_age(self, at: Instant) -> str:
        return _duration(abs(self.context.now - at))


def _property(name: str, stat: MetricStat | None, context: LabelContext) -> str:
    scoped = {"AccountId": context.scope.account, "AccountLabel": context.scope.account, "Region": context.scope.region}
    if name in scoped:
        return scoped[name]
    if stat is None:
        return _NO_VALUE
    properties = {
        "MetricName": stat.metric.metric_name,
        "Namespace": stat.metric.namespace,
        "Period": str(stat.period),
        "Stat": stat.stat,
        **{f"Dim.{one.name}": one.value for one in stat.metric.dimensions},
    }
    return properties.get(name, _NO_VALUE)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), _MINUTE * _MINUTE)
    minutes, whole_seconds = divmod(rest, _MINUTE)
    days, hours = divmod(hours, _HOURS)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (whole_seconds, "s"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


_DYNAMIC_VALUES: Mapping[str, Callable[[_SeriesSummary], str]] = MappingProxyType(
    {
        "AVG": lambda s: _number(sum(s.numbers) / len(s.numbers)),
        "DATAPOINT_COUNT": lambda s: str(len(s.numbers)),
        "FIRST": lambda s: _number(s.series.values[s.first_at]),
        "FIRST_LAST_RANGE": lambda s: _number(s.series.values[s.last_at] - s.series.values[s.first_at]),
        "FIRST_LAST_TIME_RANGE": lambda s: _duration(s.last_at - s.first_at),
        "FIRST_TIME": lambda s: s.format_time(s.first_at),
        "FIRST_TIME_RELATIVE": lambda s: s.format_age(s.first_at),
        "LAST": lambda s: _number(s.series.values[s.last_at]),
        "LAST_TIME": lambda s: s.format_time(s.last_at),
        "LAST_TIME_RELATIVE": lambda s: s.format_age(s.last_at),
        "MAX": lambda s: _number(max(s.numbers)),
        "MAX_TIME": lambda s: s.format_time(s.at(max)),
        "MAX_TIME_RELATIVE": lambda s: s.format_age(s.at(max)),
        "MIN": lambda s: _number(min(s.numbers)),
        "MIN_TIME": lambda s: s.format_time(s.at(min)),
        "MIN_TIME_RELATIVE": lambda s: s.format_age(s.at(min)),
        "MIN_MAX_RANGE": lambda s: _number(max(s.numbers) - min(s.numbers)),
        "MIN_MAX_TIME_RANGE": lambda s: _duration(abs(s.at(max) - s.at(min))),
        "SUM": lambda s: _number(sum(s.numbers)),
    }
)
