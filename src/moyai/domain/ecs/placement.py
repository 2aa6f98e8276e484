"""Placement constraints and strategies of requests and task definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from typing import Final

import msgspec

DISTINCT_INSTANCE: Final = "distinctInstance"
MEMBER_OF: Final = "memberOf"
SPREAD, BINPACK, RANDOM = "spread", "binpack", "random"


class PlacementConstraint(msgspec.Struct, frozen=True):
    """A rule that a task's container instance has to satisfy: ``distinctInstance``, or ``memberOf`` an expression."""

    type: str = ""
    expression: str | None = None


class PlacementStrategy(msgspec.Struct, frozen=True):
    """How one of the possible instances is selected: ``spread``, ``binpack`` or ``random``."""

    type: str = ""
    field: str | None = None
