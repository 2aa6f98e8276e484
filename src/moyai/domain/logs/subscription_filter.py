"""Subscription filters of log groups: the destinations of the events that match.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_SubscriptionFilter.html
"""

from __future__ import annotations

from typing import Final

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupArn

BY_LOG_STREAM: Final = "ByLogStream"
RANDOM: Final = "Random"


class SubscriptionFilter(StoredRecord, frozen=True, tag="subscription_filter"):
    """A subscription filter of a log group. ``destination``: the ARN of a function or a stream.
    ``distribution``: whether the events of a log stream go to one shard of a Kinesis stream, or each payload to any.
    """

    group: LogGroupArn
    name: str
    pattern: str
    destination: str
    created_at: Instant
    role: str | None = None
    distribution: str = BY_LOG_STREAM

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return subscription_filter_key(self.group, self.name)


def subscription_filter_key(group: LogGroupArn, name: str) -> str:
    """The key of the group's subscription filter of this name."""
    return f"{group}:subscription-filter:{name}"
