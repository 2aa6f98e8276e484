"""Drift detection: its beginning and its results.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html,
API_DetectStackResourceDrift.html, API_DescribeStackDriftDetectionStatus.html, API_DescribeStackResourceDrifts.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.api.cloudformation.lookup import page_of, stack_of
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudformation.drift import DriftDetection, DriftStatus, ResourceDrift
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.stack import Stack, StackStatus, resource_key
from moyai.domain.keys import scope_of
from moyai.domain.world import Delete, Put

_LONGEST: Final = 30.0
"""Seconds that DetectStackResourceDrift waits for the result."""


class DetectStackDriftRequest(msgspec.Struct, frozen=True):
    stack_name: str
    logical_resource_ids: tuple[str, ...] = ()


class DetectStackResourceDriftRequest(msgspec.Struct, frozen=True):
    stack_name: str
    logical_resource_id: str


class DescribeStackDriftDetectionStatusRequest(msgspec.Struct, frozen=True):
    stack_drift_detection_id: str


class DescribeStackResourceDriftsRequest(PageRequest, frozen=True):
    stack_name: str
    stack_resource_drift_status_filters: tuple[str, ...] = ()


def detect_stack_drift(ctx: Context, request: DetectStackDriftRequest) -> dict[str, object]:
    """Begin to compare the resources of a stack with the properties that it has set."""
    stack = stack_of(ctx, request.stack_name)
    return {"stack_drift_detection_id": _begin(ctx, stack, request.logical_resource_ids).id}


async def detect_stack_resource_drift(ctx: Context, request: DetectStackResourceDriftRequest) -> dict[str, object]:
    """Compare one resource with the properties that its stack has set, and wait for the result."""
    stack = stack_of(ctx, request.stack_name)
    detection = _begin(ctx, stack, (request.logical_resource_id,))
    current: DriftDetection | None = detection
    try:
        async with asyncio.timeout(_LONGEST):
            async for _ in ctx.store.watch():
                current = ctx.store.world.drift_detections.get(detection.key)
                if current is None or current.drifted is not None:
                    break
    except TimeoutError:
        ctx.store.apply([Delete(DriftDetection, detection.key)])
        raise StackFault(f"Drift of {request.logical_resource_id} was not detected in {_LONGEST:g} seconds.") from None
    drift = ctx.store.world.resource_drifts.get(resource_key(stack.arn, request.logical_resource_id))
    if current is None or drift is None:
        raise StackFault(f"Drift of {request.logical_resource_id} was not detected: another operation has begun.")
    return {"stack_resource_drift": _drift(drift)}


def describe_stack_drift_detection_status(
    ctx: Context, request: DescribeStackDriftDetectionStatusRequest
) -> dict[str, object]:
    """The status of a detection, and the number of resources that differ."""
    detections = ctx.store.world.drift_detections.by("id", request.stack_drift_detection_id)
    detection = next((each for each in detections if scope_of(each.stack) == ctx.scope), None)
    if detection is None:
        raise StackFault(f"Drift detection [{request.stack_drift_detection_id}] does not exist")
    status = {} if detection.drifted is None else {"stack_drift_status": _stack_status(detection.drifted)}
    return {
        "stack_id": detection.stack,
        "stack_drift_detection_id": detection.id,
        "detection_status": _detection_status(detection),
        "detection_status_reason": detection.reason,
        "drifted_stack_resource_count": detection.drifted,
        "timestamp": detection.started_at,
        **status,
    }


def describe_stack_resource_drifts(ctx: Context, request: DescribeStackResourceDriftsRequest) -> dict[str, object]:
    """The results of the last detection for the resources that were checked, in pages."""
    stack = stack_of(ctx, request.stack_name)
    states = set(request.stack_resource_drift_status_filters) or {status.value for status in DriftStatus}
    drifts = {
        drift.logical_id: drift
        for drift in ctx.store.world.resource_drifts.by("stack", stack.arn)
        if drift.status in states and drift.status is not DriftStatus.NOT_CHECKED
    }
    listing = ("DescribeStackResourceDrifts", stack.arn, sorted(states))
    on_page = page_of(drifts, listing, request.next_token, size=request.max_results or 100)
    return {"stack_resource_drifts": [_drift(drifts[key]) for key in on_page.keys], "next_token": on_page.next_token}


def stack_drift(ctx: Context, stack: Stack) -> Mapping[str, object]:
    """A stack's drift as DescribeStacks shows it: the result of the last detection for all its resources."""
    detections = ctx.store.world.drift_detections.by("stack", stack.arn)
    complete = [each for each in detections if each.drifted is not None and not each.logical_ids]
    if not complete:
        return {"stack_drift_status": "NOT_CHECKED"}
    newest = complete[-1]
    return {"stack_drift_status": _stack_status(newest.drifted or 0), "last_check_timestamp": newest.started_at}


def resource_drift(ctx: Context, stack: Stack, logical_id: str) -> Mapping[str, object]:
    """A resource's drift as DescribeStackResources shows it."""
    drift = ctx.store.world.resource_drifts.get(resource_key(stack.arn, logical_id))
    if drift is None:
        return {"stack_resource_drift_status": DriftStatus.NOT_CHECKED}
    return {"stack_resource_drift_status": drift.status, "last_check_timestamp": drift.at}


def _begin(ctx: Context, stack: Stack, logical_ids: tuple[str, ...]) -> DriftDetection:
    """Record a new detection. Raises StackFault when the stack's state does not allow one, or a resource is unknown."""
    if stack.status.in_progress or stack.status in {StackStatus.REVIEW_IN_PROGRESS, StackStatus.DELETE_COMPLETE}:
        raise StackFault(
            f"Drift detection cannot be performed on stack [{stack.arn}] while it is in {stack.status} state."
        )
    world = ctx.store.world
    missing = [each for each in logical_ids if resource_key(stack.arn, each) not in world.stack_resources]
    if missing:
        raise StackFault(f"Resource {missing[0]} does not exist for stack {stack.name}")
    if any(each.drifted is None for each in world.drift_detections.each("stack", stack.arn)):
        raise StackFault(f"Drift detection is already in progress for stack [{stack.arn}].")
    detection = DriftDetection(stack.arn, ctx.ids.uuid(), ctx.now, logical_ids)
    ctx.store.apply([Put(detection)])
    return detection


def _detection_status(detection: DriftDetection) -> str:
    if detection.drifted is None:
        return "DETECTION_IN_PROGRESS"
    return "DETECTION_COMPLETE" if detection.reason is None else "DETECTION_FAILED"


def _stack_status(drifted: int) -> str:
    return "DRIFTED" if drifted else "IN_SYNC"


def _drift(drift: ResourceDrift) -> dict[str, object]:
    return {
        "stack_id": drift.stack,
        "logical_resource_id": drift.logical_id,
        "physical_resource_id": drift.physical_id,
        "resource_type": drift.type,
        "expected_properties": drift.expected,
        "actual_properties": drift.actual if drift.status is not DriftStatus.DELETED else None,
        "property_differences": drift.differences,
        "stack_resource_drift_status": drift.status,
        "drift_status_reason": drift.reason,
        "timestamp": drift.at,
    }
