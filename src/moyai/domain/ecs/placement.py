"""What a request or a task definition says of the container instances that its tasks may be placed on.

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
    """Which of the instances that would do is taken: ``spread``, ``binpack`` or ``random``."""

    type: str = ""
    field: str | None = None
