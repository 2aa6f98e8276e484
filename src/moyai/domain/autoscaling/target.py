"""Scalable targets: services with the bounds of their desired count.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScalableTargetArn, ServiceArn


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
