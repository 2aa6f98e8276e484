"""The pulls of tasks' images: each is an asyncio task of its own, so none delays another task or the control loop.

Promise: a repeated call continues a pull, and another image for the same container replaces it. A pull that has ended
is remembered until its task is released, a failed one too. Nothing here outlives the process: the planner asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullState
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotPull

Pull = Callable[[ImagePull], Awaitable[str | None]]
"""Pulls an image and gives its digest. Raises CannotPull."""

_PULLING = PullState(PullPhase.PULLING)


class TaskPulls:
    """The pulls of all tasks of a runtime."""

    def __init__(self, pull: Pull, notify: Callable[[TaskId], None]) -> None:
        """``notify`` is called with a task when one of its pulls has ended."""
        self._pull = pull
        self._notify = notify
        self._pulls: dict[TaskId, dict[ImagePull, asyncio.Task[PullState]]] = {}

    def begin(self, task: TaskId, images: Iterable[ImagePull]) -> None:
        """Begin the pulls that the task does not have yet, and end those that it no longer needs."""
        before = self._pulls.get(task, {})
        pulls = {image: before.get(image) or self._begin(task, image) for image in images}
        self._pulls[task] = pulls
        for image, pull in before.items():
            if image not in pulls:
                pull.cancel()

    def states(self, task: TaskId) -> Mapping[str, PullState]:
        """The state of each pull of the task, by the name of its container."""
        pulls = self._pulls.get(task, {})
        return {image.container: _PULLING if not pull.done() else pull.result() for image, pull in pulls.items()}

    def end(self, task: TaskId) -> None:
        """End the pulls of the task and forget them."""
        for pull in self._pulls.pop(task, {}).values():
            pull.cancel()

    async def close(self) -> None:
        """End all pulls, and wait until they have ended."""
        pulls = [pull for pulls in self._pulls.values() for pull in pulls.values()]
        self._pulls.clear()
        for pull in pulls:
            pull.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)

    def _begin(self, task: TaskId, image: ImagePull) -> asyncio.Task[PullState]:
        pull = asyncio.create_task(self._run(image), name=f"pull {image.image}")
        pull.add_done_callback(lambda _: self._notify(task))
        return pull

    async def _run(self, image: ImagePull) -> PullState:
        try:
            return PullState(PullPhase.PULLED, await self._pull(image))
        except CannotPull as fault:
            return PullState(PullPhase.FAILED, reason=fault.reason)
