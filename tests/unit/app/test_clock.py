from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from moyai.app.clock import SystemClock
from moyai.kernel.clock import Seconds


def test_tells_seconds_since_the_epoch():
    # Wide bounds: they tell seconds from milliseconds and from a clock that starts at boot.
    assert 2020 < datetime.fromtimestamp(SystemClock().now(), UTC).year < 2200


@pytest.mark.parametrize("delay", [0.0, -1.0, 0.001])
async def test_a_sleep_ends(delay):
    await SystemClock().sleep(Seconds(delay))


async def test_others_go_on_during_a_sleep():
    sleeping = asyncio.ensure_future(SystemClock().sleep(Seconds(3600)))
    await SystemClock().sleep(Seconds(0))
    assert not sleeping.done()
    sleeping.cancel()
