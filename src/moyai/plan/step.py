"""One step of a task: what becomes of its record, and what is to be done."""

from __future__ import annotations

import msgspec

from moyai.domain.ecs.task import Task
from moyai.domain.world import Change
from moyai.kernel.clock import Instant
from moyai.plan.action import Effect


class Step(msgspec.Struct, frozen=True):
    """``task`` as it is to be recorded; ``changes`` are those to other records."""

    task: Task
    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    wake_at: Instant | None = None
