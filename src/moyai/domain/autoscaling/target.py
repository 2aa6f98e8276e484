"""Scalable targets: services with the bounds of their desired count, and the schedules that set these bounds.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTarget.html,
API_ScheduledAction.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScalableTargetArn, ScheduledActionArn, ServiceArn


class SuspendedState(msgspec.Struct, frozen=True):
    """The types of scaling that are suspended."""

    dynamic_scaling_in_suspended: bool = False
    dynamic_scaling_out_suspended: bool = False
    scheduled_scaling_suspended: bool = False


class ScalableTarget(StoredRecord, frozen=True, tag="scalable_target"):
    """A service whose desired count is scaled."""

    arn: ScalableTargetArn
    service: ServiceArn
    min_capacity: int
    max_capacity: int
    created_at: Instant
    suspended: SuspendedState = SuspendedState()
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> ServiceArn:
        """The record's key in its table: a service has one scalable dimension."""
        return self.service


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
