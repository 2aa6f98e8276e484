"""An alarm's history: an entry for each change of its configuration or state, and for each action.

Promise: the newest hundred entries of each alarm are kept for thirty days, also after the alarm is deleted.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.domain.cloudwatch.alarm import Alarm, AlarmEvent, HistoryType
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids

HISTORY_KEPT: Final = 30 * 24 * 3600
"""Seconds for which an entry is kept."""
_MAX_EVENTS: Final = 100


class HistoryEntry(msgspec.Struct, frozen=True):
    """An entry of an alarm's history; ``data`` becomes JSON."""

    type: HistoryType
    summary: str
    data: Mapping[str, object]


def append_history(
    world: World, alarm: Alarm, entries: tuple[HistoryEntry, ...], now: Instant, ids: Ids
) -> list[Change]:
    """Changes that add these entries, and delete those that are too many or too old."""
    stored = world.alarm_history.by("alarm", alarm.arn)
    newest = stored[max(0, len(stored) + len(entries) - _MAX_EVENTS) :]
    old = [event for event in stored if event not in newest or event.at < now - HISTORY_KEPT]
    changes: list[Change] = [Delete(AlarmEvent, event.key) for event in old]
    for entry in entries:
        data = msgspec.json.encode({"version": "1.0", **entry.data}).decode()
        event = AlarmEvent(alarm.arn, ids.uuid(), alarm.name, alarm.type, entry.type, now, entry.summary, data)
        changes.append(Put(event))
    return changes
