"""The loop for stacks begins with the first one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moyai.app.stack_loop import DeferredStackLoop
from moyai.domain.cloudformation.stack import Stack, StackStatus
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.reconcile import stacks
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds

STACK = Stack(
    StackId("arn:aws:cloudformation:us-east-1:000000000000:stack/shop/1"),
    "shop",
    StackStatus.CREATE_IN_PROGRESS,
    None,
    Instant(0.0),
)


class CountingLoop:
    """Counts how often it is run."""

    runs = 0

    def __init__(self, *_):
        pass

    async def run(self):
        CountingLoop.runs += 1


@pytest.fixture(autouse=True)
def count_loops(monkeypatch):
    monkeypatch.setattr(stacks, "StackLoop", CountingLoop)
    monkeypatch.setattr(CountingLoop, "runs", 0)


def start(store):
    caller: Any = None  # nothing is called
    return asyncio.create_task(DeferredStackLoop(store, caller, ManualClock(), SeededIds(1)).run())


async def test_the_loop_of_stacks_waits_for_the_first_stack():
    store = MemoryStore()
    running = start(store)
    for _ in range(20):
        await asyncio.sleep(0)
    assert CountingLoop.runs == 0
    store.apply([Put(STACK)])
    async with asyncio.timeout(30):
        await running
    assert CountingLoop.runs == 1


async def test_the_loop_of_stacks_begins_at_once_where_there_is_a_stack():
    async with asyncio.timeout(30):
        await start(MemoryStore([STACK]))
    assert CountingLoop.runs == 1
