"""Rules of scaling policies.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from moyai.api.operation import Context
from moyai.domain.autoscaling.policy import (
    CustomizedMetric,
    PredefinedMetric,
    ScalingPolicy,
    StepAdjustment,
    StepScaling,
    TargetTracking,
)
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_data import check_alarm_queries
from moyai.kernel.arn import arn
from moyai.kernel.errors import InvalidInput
from moyai.plan.scaling.tracking import PREDEFINED_METRICS, REQUESTS_PER_TARGET, label_dimensions, metric_queries

STEP: Final = "StepScaling"
TRACKING: Final = "TargetTrackingScaling"
_PERCENT: Final = "PercentChangeInCapacity"
_MAX_STEPS: Final = 20
_MAX_VALUE: Final = 2.0**360


def checked_step(step: StepScaling | None, tracking: TargetTracking | None) -> StepScaling:
    """The configuration. Raises InvalidInput."""
    if step is None or tracking is not None:
        raise InvalidInput("StepScalingPolicyConfiguration, and no other, is required for the policy type StepScaling.")
    if step.adjustment_type is None or not step.step_adjustments:
        raise InvalidInput("AdjustmentType and at least one StepAdjustment are required.")
    if len(step.step_adjustments) > _MAX_STEPS:
        raise InvalidInput(f"A policy can have {_MAX_STEPS} step adjustments.")
    if step.min_adjustment_magnitude is not None and step.adjustment_type != _PERCENT:
        raise InvalidInput("MinAdjustmentMagnitude is only for the adjustment type PercentChangeInCapacity.")
    if (step.cooldown or 0) < 0 or (step.min_adjustment_magnitude or 0) < 0:
        raise InvalidInput("Cooldown and MinAdjustmentMagnitude must not be negative.")
    if step.adjustment_type == "ExactCapacity" and any(
        step_adjustment.scaling_adjustment < 0 for step_adjustment in step.step_adjustments
    ):
        raise InvalidInput("For exact capacity, ScalingAdjustment must not be negative.")
    _check_steps(step.step_adjustments)
    return step


def checked_tracking(
    ctx: Context, tracking: TargetTracking | None, step: StepScaling | None, policies: Iterable[ScalingPolicy]
) -> TargetTracking:
    """The configuration. Raises InvalidInput."""
    if tracking is None or step is not None:
        raise InvalidInput(
            "TargetTrackingScalingPolicyConfiguration, and no other, is required for the policy type "
            "TargetTrackingScaling."
        )
    predefined_metric, customized_metric = (
        tracking.predefined_metric_specification,
        tracking.customized_metric_specification,
    )
    if (predefined_metric is None) == (customized_metric is None):
        raise InvalidInput(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is required."
        )
    if predefined_metric is not None:
        _check_predefined(ctx, predefined_metric)
    if customized_metric is not None:
        _check_custom(customized_metric)
    if not 0 < tracking.target_value <= _MAX_VALUE:
        raise InvalidInput("TargetValue must be greater than 0, and not greater than 2^360.")
    if (tracking.scale_out_cooldown or 0) < 0 or (tracking.scale_in_cooldown or 0) < 0:
        raise InvalidInput("Cooldowns must not be negative.")
    if any(_has_same_metric(other.tracking, tracking) for other in policies):
        raise InvalidInput("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
    return tracking


def _check_predefined(ctx: Context, metric: PredefinedMetric) -> None:
    kind, label = metric.predefined_metric_type, metric.resource_label
    if kind not in {*PREDEFINED_METRICS, REQUESTS_PER_TARGET}:
        raise InvalidInput(
            f"PredefinedMetricType {kind} is not supported by moyai: it has {', '.join(PREDEFINED_METRICS)},"
            f" {REQUESTS_PER_TARGET}, and any metric as CustomizedMetricSpecification."
        )
    if (kind == REQUESTS_PER_TARGET) == (label is None):
        raise InvalidInput(f"ResourceLabel is required for {REQUESTS_PER_TARGET}, and for no other type of metric.")
    if label is None:
        return
    balancer, group = (dimension.value for dimension in label_dimensions(label))
    balancer_arn = arn("elasticloadbalancing", ctx.scope, f"loadbalancer/{balancer}")
    rules = ctx.store.world.rules.by("target_group", arn("elasticloadbalancing", ctx.scope, group))
    listeners = (ctx.store.world.listeners.get(rule.listener) for rule in rules)
    if not any(listener is not None and listener.load_balancer == balancer_arn for listener in listeners):
        raise InvalidInput(
            f"ResourceLabel {label} names no target group behind a load balancer. It is the end of the load balancer's"
            " ARN, from app/ on, and the end of the target group's, with a slash between them."
        )


def _has_same_metric(first: TargetTracking | None, second: TargetTracking) -> bool:
    return first is not None and (
        (first.predefined_metric_specification, first.customized_metric_specification)
        == (second.predefined_metric_specification, second.customized_metric_specification)
    )


def _check_custom(metric: CustomizedMetric) -> None:
    single = (metric.metric_name, metric.namespace, metric.statistic)
    if metric.metrics:
        if any(single) or metric.dimensions or metric.unit:
            raise InvalidInput("Metrics can't be specified together with the members for a single metric.")
        queries = metric_queries(metric)
        try:
            check_alarm_queries(queries)
        except ValidationFault as fault:
            raise InvalidInput(fault.message) from fault
    elif not all(single):
        raise InvalidInput("MetricName, Namespace and Statistic are required for a customized metric.")


def _check_steps(steps: Iterable[StepAdjustment]) -> None:
    """Check that the intervals of the steps adjoin each other. Raises InvalidInput."""
    spans = sorted(
        (
            -math.inf if step.metric_interval_lower_bound is None else step.metric_interval_lower_bound,
            math.inf if step.metric_interval_upper_bound is None else step.metric_interval_upper_bound,
        )
        for step in steps
    )
    if any(not lower < upper for lower, upper in spans) or (-math.inf, math.inf) in spans:
        raise InvalidInput("A step's upper bound must be greater than its lower one, and it must have one of them.")
    if any(lower[1] != upper[0] for lower, upper in pairwise(spans)):
        raise InvalidInput("StepAdjustment intervals can't overlap or have a gap between them.")
    if spans[0][0] < 0 and spans[0][0] != -math.inf:
        raise InvalidInput("If one step has a negative lower bound, one must have none.")
    if spans[-1][1] > 0 and spans[-1][1] != math.inf:
        raise InvalidInput("If one step has a positive upper bound, one must have none.")
