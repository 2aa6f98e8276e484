"""When scheduled actions are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from moyai.domain.autoscaling.target import ScheduledAction
from moyai.expressions.cron import InvalidSchedule
from moyai.expressions.schedule import next_time
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScheduledActionArn, ServiceArn


def instant(text):
    return Instant(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOW = "2027-01-15T08:00:00"  # a Friday


def action(schedule, **more):
    return ScheduledAction(ScheduledActionArn("a"), "a", ServiceArn("s"), schedule, instant(NOW), **more)


def times(schedule, count=3, after=NOW, **more):
    results = []
    at = instant(after)
    for _ in range(count):
        due = next_time(action(schedule, **more), at)
        if due is None:
            break
        at = due
        results.append(datetime.fromtimestamp(at, UTC).isoformat()[:16])
    return results


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2027-01-15T10:00", "2027-01-16T10:00", "2027-01-17T10:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["2027-01-15T18:00", "2027-01-18T18:00", "2027-01-19T18:00"]),
        ("cron(0 8 1 * ? *)", ["2027-02-01T08:00", "2027-03-01T08:00", "2027-04-01T08:00"]),
        ("cron(0/15 * * * ? *)", ["2027-01-15T08:15", "2027-01-15T08:30", "2027-01-15T08:45"]),
        ("cron(30 6 * * 2 *)", ["2027-01-18T06:30", "2027-01-25T06:30", "2027-02-01T06:30"]),
        ("cron(0 0 L * ? *)", ["2027-01-31T00:00", "2027-02-28T00:00", "2027-03-31T00:00"]),
        ("cron(0 0 15W * ? *)", ["2027-02-15T00:00", "2027-03-15T00:00", "2027-04-15T00:00"]),
        ("cron(0 0 1W * ? *)", ["2027-02-01T00:00", "2027-03-01T00:00", "2027-04-01T00:00"]),
        ("cron(0 0 31W * ? *)", ["2027-01-29T00:00", "2027-03-31T00:00", "2027-05-31T00:00"]),
        ("cron(0 0 ? * 6L *)", ["2027-01-29T00:00", "2027-02-26T00:00", "2027-03-26T00:00"]),
        ("cron(0 0 ? * 6#3 *)", ["2027-02-19T00:00", "2027-03-19T00:00", "2027-04-16T00:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        ("cron(5,10 9 ? JAN,MAR SUN 2028)", ["2028-01-02T09:05", "2028-01-02T09:10", "2028-01-09T09:05"]),
        ("cron(30 0 8 15 1 ? 2027)", ["2027-01-15T08:00"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 1 1 ? 2026)", []),
        ("rate(30 minutes)", ["2027-01-15T08:30", "2027-01-15T09:00", "2027-01-15T09:30"]),
        ("rate(1 day)", ["2027-01-16T08:00", "2027-01-17T08:00", "2027-01-18T08:00"]),
        ("at(2027-01-15T09:00:00)", ["2027-01-15T09:00"]),
        ("at(2027-01-15T07:00:00)", []),
    ],
)
def test_schedules_have_their_next_time(schedule, expected):
    assert times(schedule) == expected


@pytest.mark.parametrize("start", ["2199-12-31T23:00:00", "9999-12-31T23:59:59"])
def test_a_cron_expression_ends_with_the_year_2199(start):
    due = times("cron(0 3 * * ? *)", start_at=instant(start), timezone="Asia/Tokyo")
    assert due == [start[:16]]


def test_schedules_follow_daylight_saving_time():
    found_times = times("cron(0 9 * * ? *)", 2, "2027-03-27T12:00:00", timezone="Europe/Berlin")
    assert found_times == ["2027-03-28T07:00", "2027-03-29T07:00"]
    assert times("cron(0 9 * * ? *)", 1, timezone="Pacific/Tahiti") == ["2027-01-15T19:00"]
    assert times("at(2027-01-16T00:00:00)", 1, timezone="Asia/Tokyo") == ["2027-01-15T15:00"]


def test_start_and_end_limit_a_schedule():
    bounds = {"start_at": instant("2027-01-15T12:34:00"), "end_at": instant("2027-01-17T00:00:00")}
    assert times("cron(0 10 * * ? *)", **bounds) == ["2027-01-15T12:34", "2027-01-16T10:00"]
    assert times("rate(12 hours)", 9, **bounds) == ["2027-01-15T12:34", "2027-01-16T00:34", "2027-01-16T12:34"]


@pytest.mark.parametrize(
    "schedule",
    [
        "daily",
        "cron()",
        "cron(* * * * *)",
        "cron(* * * * * ? *)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 0 * ? *)",
        "cron(* * ? * 8 *)",
        "cron(* * ? * MO *)",
        "cron(5-1 * * * ? *)",
        "cron(*/0 * * * ? *)",
        "cron(* * ? * 6#6 *)",
        "cron(99999999999999999999 * * * ? *)",
        "cron(\u0661 * * * ? *)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "at(tomorrow)",
        "at(2027-01-15)",
    ],
)
def test_invalid_schedules_are_refused(schedule):
    with pytest.raises(InvalidSchedule):
        next_time(action(schedule), instant(NOW))


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "", "\0"])
def test_invalid_time_zones_are_refused(zone):
    with pytest.raises(InvalidSchedule):
        next_time(action("cron(0 9 * * ? *)", timezone=zone), instant(NOW))
