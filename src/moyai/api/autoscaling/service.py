"""The operations of Application Auto Scaling.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.autoscaling import activities, policies, schedules, targets
from moyai.api.operation import ApiService, operations

AUTOSCALING: Final = ApiService(
    name="application-autoscaling",
    refused=MappingProxyType(
        {
            "PutScalingPolicy.PredictiveScalingPolicyConfiguration": "there are no forecasts",
        }
    ),
    operations=operations(activities, policies, schedules, targets, *targets.TAGS.operations()),
)
