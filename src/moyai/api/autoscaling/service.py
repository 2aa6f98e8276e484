"""Application Auto Scaling's operations, as the door is given them.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.autoscaling import activities, policies, schedules, tags, targets
from moyai.api.operation import Operation, Service, table
from moyai.api.tag_requests import ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest

_TRACKING: Final = "PutScalingPolicy.TargetTrackingScalingPolicyConfiguration"

AUTOSCALING: Final = Service(
    name="application-autoscaling",
    refused=MappingProxyType(
        {
            "RegisterScalableTarget.RoleARN": "services scale without a role",
            "PutScalingPolicy.PredictiveScalingPolicyConfiguration": "there are no forecasts",
            f"{_TRACKING}.PredefinedMetricSpecification.ResourceLabel": "there are no load balancers",
        }
    ),
    operations=table(
        (
            Operation(
                "RegisterScalableTarget", targets.RegisterScalableTargetRequest, targets.register_scalable_target
            ),
            Operation(
                "DescribeScalableTargets", targets.DescribeScalableTargetsRequest, targets.describe_scalable_targets
            ),
            Operation(
                "DeregisterScalableTarget", targets.DeregisterScalableTargetRequest, targets.deregister_scalable_target
            ),
            Operation("PutScalingPolicy", policies.PutScalingPolicyRequest, policies.put_scaling_policy),
            Operation(
                "DescribeScalingPolicies", policies.DescribeScalingPoliciesRequest, policies.describe_scaling_policies
            ),
            Operation("DeleteScalingPolicy", policies.DeleteScalingPolicyRequest, policies.delete_scaling_policy),
            Operation(
                "DescribeScalingActivities",
                activities.DescribeScalingActivitiesRequest,
                activities.describe_scaling_activities,
            ),
            Operation("PutScheduledAction", schedules.PutScheduledActionRequest, schedules.put_scheduled_action),
            Operation(
                "DescribeScheduledActions",
                schedules.DescribeScheduledActionsRequest,
                schedules.describe_scheduled_actions,
            ),
            Operation(
                "DeleteScheduledAction", schedules.DeleteScheduledActionRequest, schedules.delete_scheduled_action
            ),
            Operation("TagResource", TagResourceRequest, tags.tag_resource),
            Operation("UntagResource", UntagResourceRequest, tags.untag_resource),
            Operation("ListTagsForResource", ListTagsForResourceRequest, tags.list_tags_for_resource),
        )
    ),
)
