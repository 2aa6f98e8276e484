"""The state of a service that moves a task from its fullest to its emptiest zone.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from moyai.kernel.clock import Instant

ENABLED: Final = "ENABLED"
DISABLED: Final = "DISABLED"


class RebalancingStage(StrEnum):
    """A task is started before another one is stopped; WAITING follows when no task could be placed."""

    STARTING = "STARTING"
    STOPPING = "STOPPING"
    WAITING = "WAITING"


class Rebalancing(msgspec.Struct, frozen=True):
    """One move. ``had``: the number of tasks in ``zone`` before it; ``until``: the end of WAITING."""

    stage: RebalancingStage
    zone: str
    had: int = 0
    until: Instant = Instant(0)
