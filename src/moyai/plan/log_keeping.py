"""Which log events are to go: those of streams that are no more, and those that their group keeps no longer.

Promise: pure, and the same however often it is asked. Nobody can read these events any more when they are deleted, so
it does not matter when that is.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from moyai.domain.logs.event import kept_since
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId


class Clearing(msgspec.Struct, frozen=True):
    """What is to be deleted. ``before``: the groups' events from before these milliseconds."""

    streams: tuple[LogStreamId, ...] = ()
    sources: tuple[str, ...] = ()
    before: tuple[tuple[LogGroupId, int], ...] = ()


def clearing(world: World, streams: Collection[LogStreamId], sources: Collection[str], now: Instant) -> Clearing:
    """What is to go of these streams and these sources' positions (``log_source``)."""
    return Clearing(
        streams=tuple(sorted(key for key in streams if not world.log_streams.by("id", key))),
        sources=tuple(sorted(key for key in sources if not world.tasks.by("id", key.partition("/")[0]))),
        before=tuple(
            (group.id, kept_since(group, now)) for group in world.log_groups if group.retention_days is not None
        ),
    )
