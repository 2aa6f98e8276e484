"""Scaling policies.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingPolicy.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.domain.cloudwatch.query import Dimension, Metric
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AlarmArn, ScalingPolicyArn, ServiceArn

COOLDOWN: Final = 300
"""The default cooldown in seconds."""


class StepAdjustment(msgspec.Struct, frozen=True):
    """The adjustment for an interval of the metric's distance from the alarm's threshold; None = no bound."""

    scaling_adjustment: int
    metric_interval_lower_bound: float | None = None
    metric_interval_upper_bound: float | None = None


class StepScaling(msgspec.Struct, frozen=True):
    """Scaling by the size of an alarm's breach."""

    adjustment_type: str | None = None
    step_adjustments: tuple[StepAdjustment, ...] = ()
    min_adjustment_magnitude: int | None = None
    cooldown: int | None = None
    metric_aggregation_type: str | None = None


class PredefinedMetric(msgspec.Struct, frozen=True):
    """A metric by AWS's name for it."""

    predefined_metric_type: str
    resource_label: str | None = None
    """For ALBRequestCountPerTarget: ``app/<load balancer>/<id>/targetgroup/<target group>/<id>``."""


class TrackedStat(msgspec.Struct, frozen=True):
    """One statistic of one metric, by the minute."""

    metric: Metric
    stat: str
    unit: str | None = None


class TrackedQuery(msgspec.Struct, frozen=True):
    """A metric's statistic, or an expression on others."""

    id: str
    metric_stat: TrackedStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True


class CustomizedMetric(msgspec.Struct, frozen=True):
    """A custom metric, or metric math."""

    metric_name: str | None = None
    namespace: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    statistic: str | None = None
    unit: str | None = None
    metrics: tuple[TrackedQuery, ...] = ()


class TargetTracking(msgspec.Struct, frozen=True):
    """Scaling that keeps a metric at a value."""

    target_value: float
    predefined_metric_specification: PredefinedMetric | None = None
    customized_metric_specification: CustomizedMetric | None = None
    scale_out_cooldown: int | None = None
    scale_in_cooldown: int | None = None
    disable_scale_in: bool = False


class ScalingPolicy(ArnRecord, frozen=True, tag="scaling_policy"):
    """A scaling policy of either type. ``high`` and ``low``: the alarms of target tracking."""

    arn: ScalingPolicyArn
    name: str
    service: ServiceArn
    created_at: Instant
    step: StepScaling | None = None
    tracking: TargetTracking | None = None
    high: AlarmArn | None = None
    low: AlarmArn | None = None
