from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from moyai.app import clock
from moyai.app.clock import SystemClock
from moyai.kernel.clock import Instant, Seconds, later

DAYS = Seconds(5 * 86400)


class SetForward(SystemClock):
    """A clock that the test sets forward."""

    ahead = 0.0

    def now(self) -> Instant:
        return later(super().now(), self.ahead)


def test_now_is_seconds_since_the_epoch():
    # Wide bounds: they tell seconds from milliseconds and from a clock that starts at boot.
    assert 2020 < datetime.fromtimestamp(SystemClock().now(), UTC).year < 2200


@pytest.mark.parametrize("delay", [0.0, -1.0, 0.001])
async def test_a_sleep_ends(delay):
    await SystemClock().sleep(Seconds(delay))


async def test_other_tasks_run_during_a_sleep():
    sleeping = asyncio.ensure_future(SystemClock().sleep(Seconds(3600)))
    await SystemClock().sleep(Seconds(0))
    assert not sleeping.done()
    sleeping.cancel()


async def test_time_for_which_the_machine_was_suspended_counts(monkeypatch):
    monkeypatch.setattr(clock, "LONGEST_NAP", 0.01)
    sleeping = asyncio.ensure_future(SystemClock().sleep(DAYS))
    await SystemClock().sleep(Seconds(0.1))
    assert not sleeping.done()
    booted = clock.since_boot() + DAYS
    monkeypatch.setattr(clock, "since_boot", lambda: booted)
    await sleeping


async def test_a_clock_set_forward_ends_due_sleeps(monkeypatch):
    monkeypatch.setattr(clock, "LONGEST_NAP", 0.01)
    set_forward = SetForward()
    sleeping = asyncio.ensure_future(set_forward.sleep(DAYS))
    await set_forward.sleep(Seconds(0.1))
    assert not sleeping.done()
    set_forward.ahead = DAYS
    await sleeping
