"""Scaling activities: describe.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.api.autoscaling.lookup import (
    DIMENSION,
    NAMESPACE,
    ScalableTargetListRequest,
    check_kind,
    page_of,
    service_named,
)
from moyai.api.operation import Context
from moyai.domain.autoscaling.activity import ScalingActivity
from moyai.domain.keys import scope_key
from moyai.plan.scaling.activity import ACTIVITIES_KEPT
from moyai.plan.scaling.tracking import resource_id

_PAGE_SIZE: Final = 50


class DescribeScalingActivitiesRequest(ScalableTargetListRequest, frozen=True, kw_only=True):
    """Activities of one target or of all."""

    include_not_scaled_activities: bool = False


def describe_scaling_activities(ctx: Context, request: DescribeScalingActivitiesRequest) -> dict[str, object]:
    """The activities, the newest first."""
    check_kind(request.service_namespace, request.scalable_dimension)
    activities = ctx.store.world.scaling_activities.by("scope", scope_key(ctx.scope))
    service = None if request.resource_id is None else service_named(ctx, request.resource_id)
    matching = {
        f"{activity.started_at:020.6f}/{activity.id}": activity
        for activity in activities
        if service in {None, activity.arn}
        and activity.started_at >= ctx.now - ACTIVITIES_KEPT
        and (activity.not_scaled is None or request.include_not_scaled_activities)
    }
    listing = ("activities", request.resource_id, request.include_not_scaled_activities)
    page = page_of(matching, listing, request.next_token, request.max_results, _PAGE_SIZE, descending=True)
    return {"scaling_activities": [_view(matching[key]) for key in page.keys], "next_token": page.next_token}


def _view(activity: ScalingActivity) -> Mapping[str, object]:
    return {
        "activity_id": activity.id,
        "service_namespace": NAMESPACE,
        "resource_id": resource_id(activity.arn),
        "scalable_dimension": DIMENSION,
        "description": activity.description,
        "cause": activity.cause,
        "start_time": activity.started_at,
        "end_time": activity.ended_at if activity.not_scaled is None else None,
        "status_code": activity.status,
        "status_message": activity.message or None,
        "not_scaled_reasons": None if activity.not_scaled is None else [activity.not_scaled],
    }
