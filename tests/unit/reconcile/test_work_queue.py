from __future__ import annotations

import asyncio

import pytest

from moyai.kernel.clock import later
from moyai.ports.store import StateUnwritable
from moyai.reconcile.work_queue import LONGEST_BACKOFF, UNWRITABLE_BACKOFF, WorkQueue
from moyai.testing.clock import ManualClock


@pytest.fixture
async def clock():
    return ManualClock()


@pytest.fixture
async def queue(clock):
    work_queue = WorkQueue(clock)
    timers = asyncio.create_task(work_queue.run_timers())
    await clock.settle()
    yield work_queue
    timers.cancel()


async def take_all(queue, clock):
    """Take all keys that can be taken now, and finish each at once."""
    keys = []
    while not queue.idle:
        keys.append(await queue.take())
        queue.mark_done(keys[-1])
        await clock.settle()
    return keys


async def test_a_waiting_key_is_one_item(queue, clock):
    for key in ("a", "b", "a"):
        queue.add(key)
    assert await take_all(queue, clock) == ["a", "b"]


async def test_a_key_changed_during_its_work_is_queued_again(queue, clock):
    queue.add("a")
    assert await queue.take() == "a"
    queue.add("a")
    queue.add("a")
    second = asyncio.create_task(queue.take())
    await clock.settle()
    assert not second.done()
    queue.mark_done("a")
    assert await second == "a"
    queue.mark_done("a")
    assert queue.idle


async def test_the_newest_timer_of_a_key_replaces_older_ones(queue, clock):
    for delay in (5, 50, 10):
        queue.add("a")
        queue.mark_done(await queue.take(), later(clock.now(), delay))
    await clock.advance(9)
    assert queue.idle
    await clock.advance(1)
    assert await take_all(queue, clock) == ["a"]
    await clock.advance(100)
    assert queue.idle


async def test_an_earlier_timer_is_not_delayed_by_a_later_one(queue, clock):
    for key, delay in (("late", 100), ("soon", 1)):
        queue.add(key)
        queue.mark_done(await queue.take(), later(clock.now(), delay))
        await clock.settle()
    await clock.advance(1)
    assert await take_all(queue, clock) == ["soon"]


async def test_failures_are_retried_with_increasing_delays(queue, clock):
    waits = []
    queue.add("a")
    for _ in range(10):
        queue.mark_failed(await queue.take())
        began = clock.now()
        await clock.until(lambda: not queue.idle)
        waits.append(clock.now() - began)
    assert waits[:4] == [0.5, 1, 2, 4]
    assert waits[-1] == LONGEST_BACKOFF


async def test_writes_to_a_full_disk_are_retried_soon_without_a_traceback(queue, clock, caplog):
    tried = []

    async def bring_on(_key):
        tried.append(clock.now())
        raise StateUnwritable("The disk is full.")

    worker = asyncio.create_task(queue.run_worker(bring_on, "the state of"))
    queue.add("a")
    for _ in range(60):
        await clock.advance(1)
    assert tried[-1] - tried[-2] == UNWRITABLE_BACKOFF
    assert "the state of a: will be tried again: The disk is full." in caplog.text
    assert "Traceback" not in caplog.text
    worker.cancel()


async def test_a_failing_key_does_not_delay_others(queue, clock, caplog):
    brought_on = []

    async def bring_on(key):
        brought_on.append(key)
        if key == "bad" and brought_on.count("bad") == 1:
            raise ValueError("no")

    worker = asyncio.create_task(queue.run_worker(bring_on, "the state of"))
    for key in ("bad", "good"):
        queue.add(key)
    await clock.settle()
    assert brought_on == ["bad", "good"]
    assert "the state of bad: will be tried again" in caplog.text
    await clock.advance(0.5)
    assert brought_on == ["bad", "good", "bad"]
    worker.cancel()
