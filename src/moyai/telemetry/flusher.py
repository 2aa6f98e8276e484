"""Moves metrics from memory to the store, and removes old ones from the store.

Promise: every five seconds all new samples are saved, in one transaction with the last counts of each proxy. When the
control plane is killed, no count of a proxy that continues to run is lost: the proxy's next report contains it. Other
samples of the last five seconds are lost: values that clients put, gauges, usage, and the last counts of a proxy that
ended in that time. When a save fails, its samples are saved with the next one; until then memory holds the samples of
up to half an hour.

Once an hour, samples older than three hours are compacted: slots of five seconds are dropped, and the minutes of each
metric become one hour. Samples older than fifteen days are removed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn, TypeVar

from moyai.domain.cloudwatch.metric import Summary
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.ports.metric_store import (
    GroupHour,
    MetricBatch,
    MetricStore,
    MetricStoreFault,
    StoredGroup,
    StoredHour,
    StoredMinute,
)
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.series.encoding import InvalidBody, decode_hour, encode_hour
from moyai.telemetry.series.group import SeriesGroup, decode_or_empty
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.series.minute_bucket import HOUR, MINUTE

SAVE_INTERVAL: Final = 5.0
"""Seconds between two saves."""
SLOT_RETENTION: Final = 3 * HOUR
"""Seconds for which slots of five seconds are stored at least; they may stay up to an hour longer."""
RETENTION: Final = 15 * 24 * HOUR
"""Seconds after which samples are removed."""
_PROXY_RETENTION: Final = 24 * HOUR
"""Seconds after which a silent proxy's counts are removed, but not in the first hour after the start of moyai."""
_MAX_UNSAVED: Final = 1800
"""Seconds of samples that memory holds while saves fail."""
_SLICE: Final = 100
"""The number of items that are encoded before other tasks of the event loop may run."""
_LAST_AT_INTERVAL: Final = 600
"""Seconds between two saves of the times at which metrics last had a value."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


class MetricFlusher:
    """Saves the contents of the head and the recorder. ``run`` it once."""

    def __init__(self, store: MetricStore, head: MetricHead, recorder: Recorder, clock: Clock) -> None:
        self._store, self._head, self._recorder, self._clock = store, head, recorder, clock
        self._started_at = clock.now()
        self._saved_at = self._maintained_at = self._last_at_saved_at = self._started_at
        self._is_failing = False

    async def run(self) -> NoReturn:
        """Save at the end of each slot until cancelled, so that a complete slot is encoded once."""
        while True:
            await self._clock.sleep(Seconds(SAVE_INTERVAL - self._clock.now() % SAVE_INTERVAL))
            await self.save()
            if self._clock.now() - self._maintained_at >= MINUTE:
                self._maintained_at = self._clock.now()
                await self.maintain()

    async def save(self) -> None:
        """Save all new samples."""
        self._saved_at = self._clock.now()
        try:
            async with self._recorder.lock:
                batch = await self._batch()
            await self._store.save(batch)
        except MetricStoreFault as fault:
            if not self._is_failing:
                _log.error("metrics are held in memory: %s", fault)
            self._is_failing = True
            self._mark_unsaved()
        except asyncio.CancelledError:
            self._mark_unsaved()
            raise
        else:
            self._is_failing = False
            self._head.deleted_groups.difference_update(batch.deleted_groups)
            self._recorder.totals.confirm_saved()
            self._release_saved_minutes()

    async def maintain(self) -> None:
        """Compact old minutes into hours, and remove samples that are too old."""
        now = self._clock.now()
        try:
            for group_hour in await self._store.hours_to_compact(int(now - SLOT_RETENTION)):
                await self._compact(group_hour)
                if self._clock.now() - self._saved_at >= SAVE_INTERVAL:
                    await self.save()
            waited_for_proxies = now - self._started_at >= HOUR
            proxies_before = Instant(now - _PROXY_RETENTION) if waited_for_proxies else Instant(0.0)
            await self._store.expire(int(now - RETENTION), proxies_before)
        except MetricStoreFault as fault:
            _log.warning("old metrics can't be compacted or removed: %s", fault)
        self._drop_expired_series(now)
        self._recorder.forget_silent_proxies(Instant(now - HOUR))

    async def _batch(self) -> MetricBatch:
        """All new samples and counts. The recorder's lock is held, so all are of the same moment."""
        head, now = self._head, self._clock.now()
        await self._in_slices(self._recorder.buffer.flush_stepwise(), slice_length=1)
        if now - self._last_at_saved_at >= _LAST_AT_INTERVAL:
            self._last_at_saved_at = now
            head.renamed |= {group for group, _ in head.dirty}
        dirty, groups, deleted_groups = tuple(head.dirty), tuple(head.renamed), tuple(head.deleted_groups)
        head.dirty.clear()
        head.renamed.clear()
        minutes = (
            _stored_minute(group, minute) for group, minute in dirty if minute in group.minutes and group.columns
        )
        return MetricBatch(
            minutes=await self._in_slices(minutes),
            proxies=await self._in_slices(self._recorder.take_unsaved_proxies()),
            groups=[StoredGroup(group.number, group.encode()) for group in groups if group.columns],
            totals=await self._in_slices(self._recorder.totals.take_unsaved()),
            deleted_groups=deleted_groups,
        )

    async def _in_slices(self, items: Iterable[T], slice_length: int = _SLICE) -> list[T]:
        """All items. Other tasks of the event loop may run after each slice."""
        results = []
        for number, item in enumerate(items, 1):
            results.append(item)
            if number % slice_length == 0:
                await self._clock.sleep(Seconds(0))
        return results

    def _mark_unsaved(self) -> None:
        """Add everything in memory to the next save, and drop samples that memory has held for too long."""
        head, oldest = self._head, int(self._clock.now()) - _MAX_UNSAVED
        head.renamed |= set(head.groups())
        self._recorder.mark_unsaved()
        for group in head.groups():
            for minute in tuple(group.minutes):
                if minute < oldest:
                    group.release(minute)
                else:
                    head.dirty.add((group, minute))

    def _release_saved_minutes(self) -> None:
        """Drop the minutes that are over and saved from memory."""
        last_complete = self._clock.now() - MINUTE
        for group in self._head.groups():
            for minute in tuple(group.minutes):
                if minute <= last_complete and (group, minute) not in self._head.dirty:
                    group.release(minute)

    async def _compact(self, group_hour: GroupHour) -> None:
        """Replace the minutes of a group's hour by one hour of each metric.

        A value that arrives later begins an empty minute, because the stored minute is now a part of the hour.
        """
        group, hour = self._head.group_by_number(group_hour.group), group_hour.hour
        if group is None:
            await self._store.save(MetricBatch(compacted=(group_hour,)))
            return
        if any(hour <= minute < hour + HOUR for minute in group.minutes):
            return
        group.compacting_hour = hour
        try:
            await self._store.save(MetricBatch(hours=tuple(self._hours(group, hour)), compacted=(group_hour,)))
        except MetricStoreFault:
            group.load_stored(hour, hour + HOUR)
            raise
        finally:
            group.compacting_hour = None

    def _hours(self, group: SeriesGroup, hour: int) -> Iterator[StoredHour]:
        """The hour of each metric: the stored minutes, and an hour that was compacted earlier."""
        by_column: dict[int, dict[int, Summary]] = {}
        for minute in self._store.minutes(group.number, hour, hour + HOUR):
            body = decode_or_empty(minute.body)
            for column in body.columns:
                summary = body.whole_minute(column)
                if summary is not None:
                    by_column.setdefault(column, {})[(minute.start - hour) // MINUTE] = summary
        for column, minutes in by_column.items():
            for earlier in self._store.hours(group.number, column, hour, hour + HOUR):
                _add_hour(minutes, earlier.body)
            yield StoredHour(hour, group.number, column, encode_hour([(key, minutes[key]) for key in sorted(minutes)]))

    def _drop_expired_series(self, now: Instant) -> None:
        for group in tuple(self._head.groups()):
            for series in tuple(group.columns.values()):
                if series.last_at < now - RETENTION and not group.minutes:
                    self._head.drop(series)


def _stored_minute(group: SeriesGroup, minute: int) -> StoredMinute:
    return StoredMinute(minute, group.number, group.minutes[minute].save(group.columns))


def _add_hour(minutes: dict[int, Summary], body: bytes) -> None:
    try:
        for key, summary in decode_hour(body):
            minutes[key] = summary.plus(minutes[key]) if key in minutes else summary
    except InvalidBody:
        return
