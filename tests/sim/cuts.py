"""Stories that are played on a whole control plane, which may die after its k-th action."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.sim.control import Installation

SEED = int(os.environ.get("SEED", "7"))
"""``make sim SEED=…`` plays another one."""
Story = Callable[[Installation], Awaitable[None]]
Ending = Callable[[Installation], Awaitable[dict[str, Any]]]
"""What has to be the same, however the story was cut: ``sandboxes``, ``left`` and more."""
_uncut: dict[tuple[Story, Ending], tuple[int, dict[str, Any]]] = {}


def first_cuts(stride: int) -> list[object]:
    """The first cut of each of ``stride`` tests, which together cut after every action; two of three are long."""
    return [pytest.param(cut, marks=() if cut % 3 == 1 else pytest.mark.long) for cut in range(1, stride + 1)]


async def play(story: Story, ending: Ending, cut: int | None) -> tuple[Installation, int, dict[str, Any]]:
    """The installation, how many actions the story took, and what it ended with. ``cut``: the action after which the
    control plane dies.
    """
    installation = Installation(SEED)
    installation.start()
    if cut is not None:
        installation.fuse.set(cut)
    try:
        await story(installation)
        return installation, installation.fuse.passed, await ending(installation)
    finally:
        await installation.crash()


async def play_uncut(story: Story, ending: Ending) -> tuple[int, dict[str, Any]]:
    """How many actions the story takes without a cut, and what it ends with; played once for all its cuts."""
    if (story, ending) not in _uncut:
        _, actions, ended = await play(story, ending, None)
        _uncut[story, ending] = actions, ended
    return _uncut[story, ending]


async def check_cuts(story: Story, ending: Ending, first: int, stride: int, *, effects_once: bool = False) -> None:
    """Check that the story ends in the same way after a cut behind the action ``first`` and behind each ``stride``-th
    one after it, with nothing left to do. ``effects_once``: no effect on the runtime may come twice.
    """
    actions, expected = await play_uncut(story, ending)
    assert expected["sandboxes"]
    assert expected["left"] == []
    cuts = range(first, actions + 1, stride)
    assert cuts
    for cut in cuts:
        installation, _, reached = await play(story, ending, cut)
        message = f"make sim SEED={SEED}: cut after action {cut}"
        assert installation.crashes == 1, message
        assert reached == expected, message
        if effects_once:
            twice = [effect for effect, times in Counter(installation.runtime.history).items() if times > 1]
            assert twice == [], message
            assert installation.runtime.strangers == [], message
