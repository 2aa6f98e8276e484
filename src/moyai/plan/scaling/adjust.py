"""The arithmetic of scaling policies.

Promise: AWS's rounding. A change of less than one task is one task, any other is rounded towards the present count;
target tracking rounds up.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from moyai.domain.autoscaling.policy import StepAdjustment, StepScaling


def aggregate(values: Sequence[float], statistic: str | None) -> float:
    """An alarm's datapoints, of which there is at least one, as one value."""
    match statistic:
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case _:
            return sum(values) / len(values)


def step_for(policy: StepScaling, breach: float) -> StepAdjustment | None:
    """The step for a metric at this distance from the threshold; None when no step covers it."""
    return next((step for step in policy.step_adjustments if _covers(step, breach)), None)


def adjusted_capacity(policy: StepScaling, capacity: int, adjustment: int) -> int:
    """The capacity after an adjustment, not below 0."""
    match policy.adjustment_type:
        case "ExactCapacity":
            return max(adjustment, 0)
        case "PercentChangeInCapacity":
            change = _round(capacity * adjustment / 100)
            least = policy.min_adjustment_magnitude or 0
            if change and abs(change) < least:
                change = int(math.copysign(least, change))
            return max(capacity + change, 0)
        case _:
            return max(capacity + adjustment, 0)


def capacity_for_target(capacity: int, value: float, target: float) -> int:
    """The capacity that brings the metric to its target, provided that each task's share stays the same."""
    return math.ceil(round(capacity * value / target, 6))


def _covers(step: StepAdjustment, breach: float) -> bool:
    lower = -math.inf if step.metric_interval_lower_bound is None else step.metric_interval_lower_bound
    upper = math.inf if step.metric_interval_upper_bound is None else step.metric_interval_upper_bound
    return lower <= breach < upper if breach >= 0 else lower < breach <= upper


def _round(change: float) -> int:
    if 0 < abs(change) < 1:
        return 1 if change > 0 else -1
    return math.trunc(change)
