"""SignalResource: reports success or failure to a resource whose creation waits for signals.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from moyai.api.cloudformation.lookup import stack_of
from moyai.api.operation import Context
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.signal import StackSignal
from moyai.domain.cloudformation.stack import resource_key
from moyai.domain.world import Put

MAX_SIGNALS: Final = 1000
"""Number of signals that one resource may receive."""


class SignalResourceRequest(msgspec.Struct, frozen=True):
    stack_name: str
    logical_resource_id: str
    unique_id: str
    status: Literal["SUCCESS", "FAILURE"]


def signal_resource(ctx: Context, request: SignalResourceRequest) -> None:
    """Record a signal to a resource that is being changed and has a CreationPolicy."""
    world = ctx.store.world
    stack = stack_of(ctx, request.stack_name)
    resource = world.stack_resources.get(resource_key(stack.arn, request.logical_resource_id))
    if resource is None:
        raise StackFault(f"Resource {request.logical_resource_id} does not exist for stack {request.stack_name}")
    if not resource.is_changing or not resource.creation_policy:
        raise StackFault(f"Resource {resource.logical_id} is in {resource.status} state and cannot be signaled")
    if world.stack_signals.count("token", resource.token) >= MAX_SIGNALS:
        raise StackFault(f"Resource {resource.logical_id} has received {MAX_SIGNALS} signals already")
    is_success = request.status == "SUCCESS"
    ctx.store.apply([Put(StackSignal(stack.arn, resource.token, request.unique_id, is_success))])
