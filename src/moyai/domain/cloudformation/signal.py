"""Signals that resources of stacks wait for.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

from __future__ import annotations

from moyai.domain.record import StoredRecord
from moyai.kernel.ids import StackId


class StackSignal(StoredRecord, frozen=True, tag="stack_signal"):
    """A signal to a resource, or to a handle. ``token``: that of the resource; ``unique_id``: the sender's own."""

    stack: StackId
    token: str
    unique_id: str
    is_success: bool
    reason: str = ""
    data: str = ""

    @property
    def key(self) -> str:
        """The record's key in its table: a later signal with the same id replaces an earlier one."""
        return f"{self.token} {self.unique_id}"
