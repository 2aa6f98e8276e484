"""A story that is told over a whole control plane, which may die after its k-th action."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

from tests.sim.control import Installation

SEED = int(os.environ.get("SEED", "7"))
"""``make sim SEED=…`` plays another one."""
Story = Callable[[Installation], Awaitable[None]]
Ending = Callable[[Installation], Awaitable[dict[str, Any]]]
"""What is to be the same, however the story was cut."""


async def told_after(story: Story, ending: Ending, cut: int | None) -> tuple[Installation, int, dict[str, Any]]:
    """The installation, how many actions the story took, and what it ended with."""
    made = Installation(SEED)
    made.start()
    if cut is not None:
        made.fuse.set(cut)
    try:
        await story(made)
        return made, made.fuse.passed, await ending(made)
    finally:
        await made.crash()
