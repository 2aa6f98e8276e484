"""Events of stacks.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
"""

from __future__ import annotations

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId


class StackEvent(IdRecord, frozen=True, tag="stack_event"):
    """An event of a stack, or of one of its resources. ``number`` counts a stack's events."""

    id: str
    stack: StackId
    stack_name: str
    number: int
    logical_id: str
    physical_id: str
    resource_type: str
    at: Instant
    status: str
    reason: str | None = None
    properties: str | None = None
    client_token: str | None = None
    operation_id: str = ""
