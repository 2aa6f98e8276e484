"""Scheduled actions: new bounds at certain times.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScheduledAction.html
"""

from __future__ import annotations

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScheduledActionArn, ServiceArn


class ScheduledAction(ArnRecord, frozen=True, tag="scheduled_action"):
    """Bounds that a target gets by a schedule; None leaves one as it is. ``next_at``: when it is due; None: no more."""

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
