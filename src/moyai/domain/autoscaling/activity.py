"""Scaling activities.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingActivity.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ScalingPolicyArn, ServiceArn


class ActivityStatus(StrEnum):
    """The status of an activity."""

    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    OVERRIDDEN = "Overridden"
    UNFULFILLED = "Unfulfilled"
    FAILED = "Failed"


class NotScaled(msgspec.Struct, frozen=True):
    """Why a service was not scaled."""

    code: str
    max_capacity: int | None = None
    min_capacity: int | None = None
    current_capacity: int | None = None


class ScalingActivity(IdRecord, frozen=True, tag="scaling_activity"):
    """A change of a service's desired count (``arn`` is the service's) from ``before`` to ``desired``.

    ``policy``: the policy that caused it; None for a schedule or new bounds. ``cooldown``: seconds after its end.
    ``base``: the count to which further additions are relative meanwhile.
    """

    id: str
    arn: ServiceArn
    started_at: Instant
    description: str
    cause: str
    before: int
    desired: int
    status: ActivityStatus
    message: str = ""
    ended_at: Instant | None = None
    policy: ScalingPolicyArn | None = None
    cooldown: int = 0
    base: int = 0
    not_scaled: NotScaled | None = None
