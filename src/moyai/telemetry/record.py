"""Reports in, samples into the archive.

Promise: every request that a proxy reports is counted once, for whom its reporter says. A metric has a
point in a slot only when there was something to count in it, as AWS publishes; a level has one with every report. How
far each proxy has been counted is saved together with what was counted, so that a control plane that comes back goes
on from there: what passed meanwhile counts with the first report after. Of a proxy that is older than anything saved,
the first report is a baseline: how much of it had been counted before is not known, so nothing of it counts again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import KeptProxy
from moyai.telemetry.archive import Archive
from moyai.telemetry.deltas import Counting
from moyai.telemetry.envoy_stats import NOTHING, Report
from moyai.telemetry.pushes import Pushes, Reading
from moyai.telemetry.reporters import Identify, Reporter
from moyai.telemetry.series import moment
from moyai.telemetry.tally import Own, Reported, Tally
from moyai.telemetry.totals import Totals

MAX_PROXIES: Final = 20_000
"""Proxies whose counts are remembered; beyond, the one that has been silent the longest is forgotten."""
_KEPT_AGAIN: Final = 6 * 3600
"""Seconds after which it is written that a proxy still reports, when it has counted nothing: who is silent for long is
forgotten."""
Forward = Callable[[ProxyId, Reporter, Report], None]
"""Takes every report that counts as well; at once, and without a fault."""
Remember = Callable[[ProxyId], bytes | None]
"""How far a proxy was counted when it was last saved."""
_log = logging.getLogger(__name__)


class _Proxy:
    """What is known of one proxy."""

    __slots__ = ("baseline", "counting", "kept_at", "own", "read", "reported_at", "reporter", "tally")

    def __init__(self, reporter: Reporter, counting: Counting, read: Callable[[bytes], Reading], tally: Tally) -> None:
        self.reporter, self.counting, self.read = reporter, counting, read
        self.baseline = False
        self.reported_at = self.kept_at = Instant(0)
        self.tally = tally
        """Its group's."""
        self.own: Own = {}
        """What it feeds by itself."""


class Recorder:
    """Takes reports, from one event loop only. Whoever holds the ``gate`` sees figures and counts of one moment."""

    def __init__(
        self,
        archive: Archive,
        identify: Identify,
        since: Instant,
        remember: Remember = lambda _proxy: None,
        totals: Totals | None = None,
    ) -> None:
        self.totals = totals or Totals()
        self.forward: Forward | None = None
        self.gate = asyncio.Lock()
        self._archive = archive
        self._identify = identify
        self._since = since
        self._remember = remember
        self._pushes = Pushes()
        self._proxies: OrderedDict[ProxyId, _Proxy] = OrderedDict()
        self._groups: WeakValueDictionary[Hashable, Tally] = WeakValueDictionary()

    async def receive(self, proxy: ProxyId, push: bytes, clock: Clock) -> bool:
        """``take`` it when nobody else holds the gate, at the time that it is then."""
        async with self.gate:
            return self.take(proxy, push, clock.now())

    def take(self, proxy: ProxyId, push: bytes, now: Instant) -> bool:
        """Count what is new in a push, at ``now``; False when nobody knows whose it is. Raises NotOtlp."""
        known = self._proxy(proxy)
        reading = (known.read if known is not None else self._pushes.reader(NOTHING))(push)
        if known is not None:
            self._advance(proxy, known, reading, now)
        return known is not None

    def unsaved(self) -> Iterator[KeptProxy]:
        """How far each proxy has been counted whose counts have changed since they were last asked for."""
        self._archive.settle()
        for proxy, known in self._proxies.items():
            if known.counting.changed or known.reported_at >= known.kept_at + _KEPT_AGAIN:
                known.kept_at = known.reported_at
                yield KeptProxy(proxy, known.reported_at, known.counting.written())

    def unsave(self) -> None:
        """None of it is saved."""
        self.totals.unsave()
        for known in self._proxies.values():
            known.counting.changed = True

    def let_go(self, silent_since: Instant) -> None:
        """Forget who has been silent since then, and is nobody's by now: nothing of his would be counted."""
        for proxy in [one for one, known in self._proxies.items() if known.reported_at < silent_since]:
            if self._identify(proxy) is None:
                del self._proxies[proxy]

    def forget(self, now: Instant) -> None:
        """Forget every proxy and every metric."""
        self._since = now
        self._proxies.clear()
        self._groups.clear()
        self._archive.clear()
        self.totals.clear()

    def _proxy(self, proxy: ProxyId) -> _Proxy | None:
        known = self._proxies.get(proxy)
        if known is None:
            reporter = self._identify(proxy)
            if reporter is None:
                return None
            known = self._proxies[proxy] = self._known(proxy, reporter)
            if len(self._proxies) > MAX_PROXIES:
                self._proxies.popitem(last=False)
        self._proxies.move_to_end(proxy)
        return known

    def _known(self, proxy: ProxyId, reporter: Reporter) -> _Proxy:
        body = self._remember(proxy)
        counting = _restored(body) if body is not None else None
        read = self._pushes.reader(reporter.grammar)
        made = _Proxy(reporter, counting or Counting(), read, self._tally(reporter))
        made.baseline = counting is None and (body is not None or reporter.born_at < self._since)
        return made

    def _advance(self, proxy: ProxyId, known: _Proxy, reading: Reading, now: Instant) -> None:
        counting = known.counting
        if counting.waiting:
            self._archive.settle(known.tally)
        reporter = self._renewed(known)
        before = counting.begun(reading, baseline=known.baseline)
        known.baseline, known.reported_at = False, now
        if before is not None:
            if self.forward is not None:
                self.forward(proxy, reporter, reading.report)
            known.tally.add(Reported(proxy, counting, known.own, reading, before), moment(now))

    def _renewed(self, known: _Proxy) -> Reporter:
        reporter = known.reporter.renewed()
        if reporter is not known.reporter:
            known.reporter, known.tally = reporter, self._tally(reporter)
            known.own = {}
        return reporter

    def _tally(self, reporter: Reporter) -> Tally:
        """The group's, gone with its last proxy."""
        held = self._groups.get(reporter.group)
        if held is None:
            held = self._groups[reporter.group] = Tally(self._archive, self.totals, reporter)
        return held


def _restored(body: bytes) -> Counting | None:
    try:
        return Counting.restored(body)
    except (msgspec.MsgspecError, ValueError) as error:
        _log.warning("how far a proxy was counted can't be read, so it is counted from now on: %s", error)
        return None
