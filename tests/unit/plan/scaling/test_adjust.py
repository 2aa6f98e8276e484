"""The arithmetic of scaling policies; the numbers are those of AWS's guide where it has some."""

from __future__ import annotations

import pytest

from moyai.domain.autoscaling.policy import StepAdjustment, StepScaling
from moyai.plan.scaling.adjust import adjusted_capacity, aggregate, capacity_for_target, step_for

OUT = StepScaling(
    "PercentChangeInCapacity", (StepAdjustment(0, 0, 10), StepAdjustment(10, 10, 20), StepAdjustment(30, 20))
)
IN = StepScaling(
    "PercentChangeInCapacity",
    (StepAdjustment(0, -10, 0), StepAdjustment(-10, -20, -10), StepAdjustment(-30, None, -20)),
)


@pytest.mark.parametrize(
    ("policy", "breach", "adjustment"),
    [
        (OUT, 0, 0),
        (OUT, 9.9, 0),
        (OUT, 10, 10),
        (OUT, 20, 30),
        (OUT, 1000, 30),
        (OUT, -1, None),
        (IN, -10, -10),
        (IN, -9.9, 0),
        (IN, -20, -30),
        (IN, -1000, -30),
        (IN, 5, None),
    ],
)
def test_a_step_is_chosen_by_the_breach(policy, breach, adjustment):
    step = step_for(policy, breach)
    assert (None if step is None else step.scaling_adjustment) == adjustment


@pytest.mark.parametrize(
    ("kind", "capacity", "adjustment", "least", "expected"),
    [
        ("ChangeInCapacity", 3, 5, None, 8),
        ("ChangeInCapacity", 3, -5, None, 0),
        ("ExactCapacity", 3, 5, None, 5),
        ("PercentChangeInCapacity", 10, 10, None, 11),
        ("PercentChangeInCapacity", 11, 30, None, 14),
        ("PercentChangeInCapacity", 14, -10, None, 13),
        ("PercentChangeInCapacity", 13, -30, None, 10),
        ("PercentChangeInCapacity", 1, 67, None, 2),
        ("PercentChangeInCapacity", 1, -58, None, 0),
        ("PercentChangeInCapacity", 4, 25, 2, 6),
        ("PercentChangeInCapacity", 4, -25, 2, 2),
        ("PercentChangeInCapacity", 0, 50, 2, 0),
    ],
)
def test_adjustments_round_as_aws_does(kind, capacity, adjustment, least, expected):
    policy = StepScaling(kind, (), min_adjustment_magnitude=least)
    assert adjusted_capacity(policy, capacity, adjustment) == expected


@pytest.mark.parametrize(
    ("capacity", "value", "target", "expected"),
    [(2, 90, 60, 3), (2, 91, 60, 4), (4, 30, 60, 2), (4, 31, 60, 3), (3, 60, 60, 3), (3, 0, 60, 0), (10, 66, 60, 11)],
)
def test_target_tracking_rounds_up(capacity, value, target, expected):
    assert capacity_for_target(capacity, value, target) == expected


def test_datapoints_are_aggregated():
    results = [aggregate((1.0, 2.0, 6.0), how) for how in (None, "Average", "Minimum", "Maximum")]
    assert results == [3.0, 3.0, 1.0, 6.0]
