"""The pulls of tasks: their progress is observed, and those who observe are notified rarely."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullProgress
from moyai.images.errors import Unreachable
from moyai.images.model import Image
from moyai.images.progress import Watcher, ignore_progress
from moyai.images.puller import ImagePuller, PullRequest
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.tasks.images import TaskImages

TASK = TaskId("1")
PULL = ImagePull("app", "web:1")
PROGRESS = PullProgress("registry", 2, 0, 0, 0, 100, 0.0)


class WaitingPuller(ImagePuller):
    """Its only pull ends when the test says so."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.watch: Watcher = ignore_progress
        self.end: asyncio.Future[Image] = asyncio.get_running_loop().create_future()

    async def pull(self, request: PullRequest, watcher: Watcher = ignore_progress) -> Image:
        self.watch = watcher
        self.began.set()
        return await self.end


class Pulling(NamedTuple):
    """A pull that has begun, and the tasks that were notified."""

    puller: WaitingPuller
    images: TaskImages
    notified: list[TaskId]


@pytest.fixture
async def pulling():
    puller, notified = WaitingPuller(), list[TaskId]()
    images = TaskImages(puller, notified.append)
    images.begin_pulls(TASK, [PULL])
    await puller.began.wait()
    yield Pulling(puller, images, notified)
    images.end_pulls(TASK)


async def test_the_state_of_a_pull_has_its_progress_until_it_is_released(pulling):
    assert pulling.images.pull_states(TASK)["app"].progress is None
    pulling.puller.watch(PROGRESS)
    state = pulling.images.pull_states(TASK)["app"]
    assert (state.phase, state.progress) == (PullPhase.PULLING, PROGRESS)
    last = replace(PROGRESS, received=100, pulled=2)
    pulling.puller.watch(last)
    pulling.puller.end.set_exception(Unreachable("it is down"))
    async with asyncio.timeout(60):
        while (state := pulling.images.pull_states(TASK)["app"]).phase is PullPhase.PULLING:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert (state.phase, state.progress) == (PullPhase.FAILED, last)
    pulling.images.end_pulls(TASK)
    assert pulling.images.pull_states(TASK) == {}


async def test_a_change_is_notified_later_and_many_changes_once(pulling, monkeypatch):
    delays = list[float]()

    def call_later(delay, callback):
        delays.append(delay)
        return asyncio.get_running_loop().call_soon(callback)

    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", call_later)
    for seconds in (0.1, 0.2, 60.0):
        pulling.puller.watch(replace(PROGRESS, seconds=seconds))
        pulling.puller.watch(replace(PROGRESS, seconds=seconds, received=1))
        await asyncio.sleep(0)
    assert delays == [1.0, 1.0, 6.0]
    assert pulling.notified == [TASK] * 3
