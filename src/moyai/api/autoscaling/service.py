"""The operations of Application Auto Scaling.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.autoscaling import activities, policies, schedules, targets
from moyai.api.autoscaling.tags import TAGS
from moyai.api.operation import ApiService, operations

_TRACKING: Final = "PutScalingPolicy.TargetTrackingScalingPolicyConfiguration"

AUTOSCALING: Final = ApiService(
    name="application-autoscaling",
    refused=MappingProxyType(
        {
            "RegisterScalableTarget.RoleARN": "services scale without a role",
            "PutScalingPolicy.PredictiveScalingPolicyConfiguration": "there are no forecasts",
            f"{_TRACKING}.PredefinedMetricSpecification.ResourceLabel": "there are no load balancers",
        }
    ),
    operations=operations(
        targets.register_scalable_target,
        targets.describe_scalable_targets,
        targets.deregister_scalable_target,
        policies.put_scaling_policy,
        policies.describe_scaling_policies,
        policies.delete_scaling_policy,
        activities.describe_scaling_activities,
        schedules.put_scheduled_action,
        schedules.describe_scheduled_actions,
        schedules.delete_scheduled_action,
        TAGS.tag_resource,
        TAGS.untag_resource,
        TAGS.list_tags_for_resource,
    ),
)
