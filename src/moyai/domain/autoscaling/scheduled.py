"""Scheduled actions, which set the bounds of a target at certain times.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScheduledAction.html
"""

from __future__ import annotations

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScheduledActionArn, ServiceArn


class ScheduledAction(ArnRecord, frozen=True, tag="scheduled_action"):
    """A schedule of bounds; None keeps a bound. ``next_at``: when it is due next; None: never again."""

    arn: ScheduledActionArn
    name: str
    service: ServiceArn
    schedule: str
    created_at: Instant
    timezone: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    min_capacity: int | None = None
    max_capacity: int | None = None
    next_at: Instant | None = None
