"""Query definitions of CloudWatch Logs Insights.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_QueryDefinition.html
"""

from __future__ import annotations

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope


class QueryDefinition(StoredRecord, frozen=True, tag="query_definition"):
    """A query of CloudWatch Logs Insights, which nothing runs."""

    scope: Scope
    id: str
    name: str
    query: str
    groups: tuple[str, ...]
    modified_at: Instant
    language: str = "CWLI"
    request: str | None = None
    """The fingerprint of the request that created it."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return self.id
