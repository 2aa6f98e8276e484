"""A story that is told over a whole control plane, which may die after its k-th action."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.sim.control import Installation

SEED = int(os.environ.get("SEED", "7"))
"""``make sim SEED=…`` plays another one."""
Story = Callable[[Installation], Awaitable[None]]
Ending = Callable[[Installation], Awaitable[dict[str, Any]]]
"""What is to be the same, however the story was cut."""
_uncut: dict[tuple[Story, Ending], tuple[int, dict[str, Any]]] = {}


def first_cuts(stride: int) -> list[object]:
    """The first cut of each of ``stride`` tests, which together cut after every action; two of three are long."""
    return [pytest.param(cut, marks=() if cut % 3 == 1 else pytest.mark.long) for cut in range(1, stride + 1)]


async def told_after(story: Story, ending: Ending, cut: int | None) -> tuple[Installation, int, dict[str, Any]]:
    """The installation, how many actions the story took, and what it ended with."""
    installation = Installation(SEED)
    installation.start()
    if cut is not None:
        installation.fuse.set(cut)
    try:
        await story(installation)
        return installation, installation.fuse.passed, await ending(installation)
    finally:
        await installation.crash()


async def told_whole(story: Story, ending: Ending) -> tuple[int, dict[str, Any]]:
    """How many actions the story takes without a cut, and what it ends with; told once for all its cuts."""
    if (story, ending) not in _uncut:
        _, actions, ended = await told_after(story, ending, None)
        _uncut[story, ending] = actions, ended
    return _uncut[story, ending]
