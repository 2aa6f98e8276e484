"""An alarm's history: one entry a change of its configuration or state, or an action.

Promise: the newest hundred entries of each alarm, for thirty days, also after the alarm is gone.
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

KEPT: Final = 30 * 24 * 3600
"""Seconds."""
_MOST: Final = 100


class Entry(msgspec.Struct, frozen=True):
    """What is to be told; ``data`` becomes JSON."""

    type: HistoryType
    summary: str
    data: Mapping[str, object]


def told(world: World, alarm: Alarm, entries: tuple[Entry, ...], now: Instant, ids: Ids) -> list[Change]:
    """The changes that add these entries, and drop what is too much or too old."""
    had = world.alarm_history.by("alarm", alarm.arn)
    kept = had[max(0, len(had) + len(entries) - _MOST) :]
    dropped = [one for one in had if one not in kept or one.at < now - KEPT]
    changes: list[Change] = [Delete(AlarmEvent, one.key) for one in dropped]
    for entry in entries:
        data = msgspec.json.encode({"version": "1.0", **entry.data}).decode()
        event = AlarmEvent(alarm.arn, ids.uuid(), alarm.name, alarm.type, entry.type, now, entry.summary, data)
        changes.append(Put(event))
    return changes
