"""Drift: how resources differ from what their stack has set.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId


class DriftStatus(StrEnum):
    """Whether a resource is as its stack has set it."""

    IN_SYNC = "IN_SYNC"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    NOT_CHECKED = "NOT_CHECKED"
    UNKNOWN = "UNKNOWN"

    @property
    def drifted(self) -> bool:
        """Whether the resource differs."""
        return self in {DriftStatus.MODIFIED, DriftStatus.DELETED}


class DriftDetection(StoredRecord, frozen=True, tag="drift_detection"):
    """A detection of drift. ``logical_ids``: of the resources to look at; all of them when it is empty.

    ``drifted``: how many differ; None while the detection runs. ``reason``: why not all of them could be compared.
    """

    stack: StackId
    id: str
    started_at: Instant
    logical_ids: tuple[str, ...] = ()
    drifted: int | None = None
    reason: str | None = None

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.stack} {self.id}"


class ResourceDrift(StoredRecord, frozen=True, tag="resource_drift"):
    """The result of the last detection for a resource. ``expected``, ``actual``: properties as JSON texts."""

    stack: StackId
    logical_id: str
    physical_id: str
    type: str
    status: DriftStatus
    at: Instant
    expected: str = "{}"
    actual: str = "{}"
    differences: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.stack} {self.logical_id}"
