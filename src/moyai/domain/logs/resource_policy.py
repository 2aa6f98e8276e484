"""Resource policies of CloudWatch Logs.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ResourcePolicy.html
"""

from __future__ import annotations

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope


class LogsResourcePolicy(StoredRecord, frozen=True, tag="logs_resource_policy"):
    """A resource policy of an account, which nothing evaluates."""

    scope: Scope
    name: str
    document: str
    updated_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.scope.account}/{self.scope.region}/{self.name}"
