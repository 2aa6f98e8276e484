"""Carries metrics to the store, and takes from it what is too old.

Promise: every five seconds all that is new is saved, in one stroke with how far each proxy has been counted. So
a kill costs nothing that proxies which go on have counted: it comes with their next report. What else came in the
last five seconds is lost with it: values that clients put, levels, usage, and the last counts of a proxy that ended
just then. A store that refuses is tried again with each save; meanwhile half an hour is held in memory.
Once an hour, what is older than three hours is folded: slots of five seconds go, minutes become hours, one body for
each metric. What is older than fifteen days goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn, TypeVar

from moyai.domain.cloudwatch.metric import Summary
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.ports.metric_store import Fold, KeptGroup, KeptHour, KeptMinute, MetricBatch, MetricStore, MetricStoreFault
from moyai.telemetry.archive import Archive
from moyai.telemetry.blocks import WHOLE, BadBlock, pack, unpack
from moyai.telemetry.cells import COARSE
from moyai.telemetry.record import Recorder
from moyai.telemetry.series import Group, readable
from moyai.telemetry.spans import HOUR

EVERY: Final = 5.0
"""Seconds between two saves."""
FINE_KEPT: Final = 3 * HOUR
"""Seconds that slots of five seconds are kept, and up to an hour more."""
KEPT: Final = 15 * 24 * HOUR
"""Seconds that minutes are kept."""
_SILENT: Final = 24 * HOUR
"""Seconds after which a proxy's counts are forgotten, when this control plane has waited for it an hour."""
_HELD: Final = 1800
"""Seconds that are held in memory while the store refuses."""
_SLICE: Final = 100
"""Things that are put together without letting others work."""
_NAMES_EVERY: Final = 600
"""Seconds between two notes of when a metric last had a value."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


class MetricKeeper:
    """Between an archive, its recorder and a store. ``run`` it once."""

    def __init__(self, store: MetricStore, archive: Archive, recorder: Recorder, clock: Clock) -> None:
        self._store, self._archive, self._recorder, self._clock = store, archive, recorder, clock
        self._began = clock.now()
        self._saved_at = self._tidied_at = self._noted_at = self._began
        self._refused = False

    async def run(self) -> NoReturn:
        """Save until cancelled, at the end of each slot: what is complete is put together once."""
        while True:
            await self._clock.sleep(Seconds(EVERY - self._clock.now() % EVERY))
            await self.save()
            if self._clock.now() - self._tidied_at >= COARSE:
                self._tidied_at = self._clock.now()
                await self.tidy()

    async def save(self) -> None:
        """Bring what is new to the store."""
        self._saved_at = self._clock.now()
        try:
            async with self._recorder.gate:
                batch = await self._batch()
            await self._store.keep(batch)
        except MetricStoreFault as fault:
            if not self._refused:
                _log.error("metrics are held in memory: %s", fault)
            self._refused = True
            self._unsaved()
        except asyncio.CancelledError:
            self._unsaved()
            raise
        else:
            self._refused = False
            self._archive.forgotten.difference_update(batch.forgotten)
            self._recorder.totals.saved()
            self._let_go()

    async def tidy(self) -> None:
        """Fold what is over, and drop what is too old."""
        now = self._clock.now()
        try:
            for fold in await self._store.unfolded(int(now - FINE_KEPT)):
                await self._fold(fold)
                if self._clock.now() - self._saved_at >= EVERY:
                    await self.save()
            if now - self._began >= HOUR:
                await self._store.expire(int(now - KEPT), Instant(now - _SILENT))
            else:
                await self._store.expire(int(now - KEPT), Instant(0.0))
        except MetricStoreFault as fault:
            _log.warning("old metrics can't be tidied: %s", fault)
        self._drop_silent(now)
        self._recorder.let_go(Instant(now - HOUR))

    async def _batch(self) -> MetricBatch:
        """All that is new, as it is kept."""
        archive, now = self._archive, self._clock.now()
        await self._sliced(archive.settling(), every=1)
        if now - self._noted_at >= _NAMES_EVERY:
            self._noted_at = now
            archive.renamed |= {group for group, _ in archive.dirty}
        dirty, renamed, forgotten = tuple(archive.dirty), tuple(archive.renamed), tuple(archive.forgotten)
        archive.dirty.clear()
        archive.renamed.clear()
        minutes = (_minute(group, start) for group, start in dirty if start in group.minutes and group.columns)
        return MetricBatch(
            minutes=await self._sliced(minutes),
            proxies=await self._sliced(self._recorder.unsaved()),
            groups=[KeptGroup(group.number, group.body()) for group in renamed if group.columns],
            totals=await self._sliced(self._recorder.totals.unsaved()),
            forgotten=forgotten,
        )

    async def _sliced(self, items: Iterable[T], every: int = _SLICE) -> list[T]:
        """All of them, while others work in between."""
        found = []
        for number, item in enumerate(items, 1):
            found.append(item)
            if number % every == 0:
                await self._clock.sleep(Seconds(0))
        return found

    def _unsaved(self) -> None:
        """Have all of it in the next save, but what has waited too long."""
        archive, oldest = self._archive, int(self._clock.now()) - _HELD
        archive.renamed |= set(archive.groups())
        self._recorder.unsave()
        for group in archive.groups():
            for start in tuple(group.minutes):
                if start < oldest:
                    group.let_go(start)
                else:
                    archive.dirty.add((group, start))

    def _let_go(self) -> None:
        """Have out of memory what is over and saved."""
        open_from = self._clock.now() - COARSE
        for group in self._archive.groups():
            for start in [one for one in group.minutes if one <= open_from and (group, one) not in self._archive.dirty]:
                group.let_go(start)

    async def _fold(self, fold: Fold) -> None:
        """Make hours of a group's minutes. While that goes on, what comes late begins with nothing."""
        group = self._archive.numbered(fold.group)
        if group is None:
            await self._store.keep(MetricBatch(folded=(fold,)))
            return
        if any(fold.hour <= start < fold.hour + HOUR for start in group.minutes):
            return
        group.folding = fold.hour
        try:
            await self._store.keep(MetricBatch(hours=tuple(self._hours(group, fold.hour)), folded=(fold,)))
        except MetricStoreFault:
            group.add_kept(fold.hour, fold.hour + HOUR)
            raise
        finally:
            group.folding = None

    def _hours(self, group: Group, hour: int) -> Iterator[KeptHour]:
        by_column: dict[int, dict[int, Summary]] = {}
        for kept in self._store.minutes(group.number, hour, hour + HOUR):
            block = readable(kept.body)
            for column in block.columns:
                for key, of in block.of(column):
                    if key == WHOLE:
                        by_column.setdefault(column, {})[(kept.start - hour) // COARSE] = of
        for column, minutes in by_column.items():
            for before in self._store.hours(group.number, column, hour, hour + HOUR):
                _add(minutes, before.body)
            yield KeptHour(hour, group.number, column, pack([(key, minutes[key]) for key in sorted(minutes)]))

    def _drop_silent(self, now: Instant) -> None:
        silent: Iterable[Group] = tuple(self._archive.groups())
        for group in silent:
            for series in tuple(group.columns.values()):
                if series.last_at < now - KEPT and not group.minutes:
                    self._archive.drop(series)


def _minute(group: Group, start: int) -> KeptMinute:
    return KeptMinute(start, group.number, group.minutes[start].save(group.columns))


def _add(minutes: dict[int, Summary], body: bytes) -> None:
    try:
        for key, of in unpack(body):
            minutes[key] = of.plus(minutes[key]) if key in minutes else of
    except BadBlock:
        return
