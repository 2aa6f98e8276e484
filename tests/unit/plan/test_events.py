from __future__ import annotations

import pytest

from moyai.kernel.clock import later
from moyai.plan.events import INCONSISTENT, STEADY, announce, should_report, task_unplaced
from moyai.testing.world import Builder


def service_with_events(*texts):
    build = Builder()
    service = build.service("s", build.definition("s"))
    for text in texts:
        build.book.apply(announce(build.world, service, [text], build.clock.now(), build.ids))
    return build, service


def test_no_messages_make_no_change():
    build, service = service_with_events()
    assert announce(build.world, service, [], build.clock.now(), build.ids) == ()


def test_the_newest_hundred_events_are_stored():
    build, service = service_with_events(*(f"number {n}" for n in range(103)))
    events = build.world.service_logs[service].events
    assert [events[0].message, events[-1].message] == ["(service s) number 102", "(service s) number 3"]
    assert len(events) == 100


@pytest.mark.parametrize(
    ("before", "hours", "again"),
    [
        ([], 0, True),
        ([INCONSISTENT], 0, False),
        ([INCONSISTENT, "has started"], 5, False),
        ([INCONSISTENT], 6, True),
        ([INCONSISTENT, STEADY], 0, True),
    ],
)
def test_a_problem_is_reported_again_after_six_hours(before, hours, again):
    build, service = service_with_events(*before)
    assert should_report(build.world, service, INCONSISTENT, later(build.clock.now(), hours * 3600 + 0.01)) is again


def test_a_reason_ends_with_one_period():
    assert task_unplaced("No.") == task_unplaced("No") == "was unable to place a task. Reason: No."
