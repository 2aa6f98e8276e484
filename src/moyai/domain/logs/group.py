"""Log groups and log streams. Their events are in a store of their own (``ports/logs.py``), under these ids.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html, API_LogStream.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.record import ArnRecord
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupArn, LogGroupId, LogStreamArn, LogStreamId
from moyai.kernel.scope import Scope

STANDARD = "STANDARD"
ID_DIGITS = 16
"""The length of a group's and a stream's id."""


class LogGroup(ArnRecord, frozen=True, tag="log_group"):
    """A log group. ``retention_days`` None keeps its events for ever."""

    arn: LogGroupArn
    id: LogGroupId
    name: str
    created_at: Instant
    retention_days: int | None = None
    log_group_class: str = STANDARD
    deletion_protected: bool = False
    tags: Mapping[str, str] = {}
    kms_key_id: str | None = None
    """The requested KMS key, which has no effect."""


class LogStream(ArnRecord, frozen=True, tag="log_stream"):
    """A log stream of a group."""

    arn: LogStreamArn
    id: LogStreamId
    group: LogGroupArn
    name: str
    created_at: Instant


def group_arn(scope: Scope, name: str) -> LogGroupArn:
    """The ARN of the group with this name."""
    return LogGroupArn(arn("logs", scope, f"log-group:{name}"))


def group_name(arn: str) -> str:
    """The name of the log group with this ARN, which may end with ``:*``."""
    return arn.partition(":log-group:")[2].removesuffix(":*")


def stream_arn(group: LogGroupArn, name: str) -> LogStreamArn:
    """The ARN of the group's stream with this name."""
    return LogStreamArn(f"{group}:log-stream:{name}")
