from __future__ import annotations

import asyncio

import pytest

from moyai.kernel.clock import Seconds, later
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds


async def test_time_advances_to_each_sleeper():
    clock = ManualClock()
    woken = []

    async def sleeper(delay):
        await clock.sleep(Seconds(delay))
        woken.append((delay, clock.now() - EPOCH))

    tasks = [asyncio.create_task(sleeper(d)) for d in (3, 1, 2)]
    await clock.advance(2.5)
    assert clock.now() == later(EPOCH, 2.5)
    await clock.until(lambda: all(t.done() for t in tasks))
    assert woken == [(1, 1), (2, 2), (3, 3)]


async def test_an_unmet_condition_is_an_error():
    clock = ManualClock()
    with pytest.raises(AssertionError, match="not so within"):
        await clock.until(lambda: False)


async def test_a_cancelled_sleeper_is_ignored():
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(Seconds(5)))
    await clock.settle()
    task.cancel()
    await clock.settle()
    assert clock.next_moment is None


def test_a_seed_repeats_its_ids():
    first, second = SeededIds(4), SeededIds(4)
    drawn = [(i.uuid(), i.hex(32), i.decimal(19), i.alphanumeric(16)) for i in (first, second)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != (SeededIds(5).uuid(), *drawn[0][1:])


async def test_time_stands_still_while_a_task_lets_others_run_and_goes_on():
    clock = ManualClock()
    ended = []

    async def work():
        for _ in range(1000):
            await clock.sleep(Seconds(0))
        ended.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.create_task(clock.sleep(Seconds(5)))
        await clock.advance(10)
    assert ended == [EPOCH]
