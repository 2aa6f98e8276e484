"""Where a service's tasks run: placement constraints and strategies, and the rebalancing of zones, which moves a task
from the fullest to the emptiest one.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from moyai.kernel.clock import Instant

DISTINCT_INSTANCE: Final = "distinctInstance"
MEMBER_OF: Final = "memberOf"
SPREAD, BINPACK, RANDOM = "spread", "binpack", "random"
ENABLED: Final = "ENABLED"
DISABLED: Final = "DISABLED"
"""The values of ``availabilityZoneRebalancing``."""


class PlacementConstraint(msgspec.Struct, frozen=True):
    """A rule that a task's container instance has to satisfy: ``distinctInstance``, or ``memberOf`` an expression."""

    type: str = ""
    expression: str | None = None


class PlacementStrategy(msgspec.Struct, frozen=True):
    """How one of the possible instances is selected: ``spread``, ``binpack`` or ``random``."""

    type: str = ""
    field: str | None = None


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
