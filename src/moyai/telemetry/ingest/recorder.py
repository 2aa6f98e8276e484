"""Records the reports of proxies: computes their deltas, and adds these to the aggregators of the proxies' groups.

Promise: every request that a proxy reports is counted once, for the workload of its reporter. As with AWS, a metric has
a point in a slot only if there was something to count; a gauge has a point with every report. The last counts of each
proxy are saved together with its metrics. So a restarted control plane continues from them, and counts the requests of
the time in between with the next report. The first report of a proxy that started before anything was saved is a
baseline: nothing in it is counted, because nobody knows how much of it was counted earlier.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import StoredProxy
from moyai.telemetry.ingest.cumulative_to_delta import DeltaState
from moyai.telemetry.ingest.group_aggregator import GroupAggregator, PendingReport, TaskMetrics
from moyai.telemetry.ingest.otlp_offsets import divide
from moyai.telemetry.ingest.push_decoder import DecodedPush, PushDecoders
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.reporters.envoy_stats import NO_STATS, ProxyReport, StatNaming
from moyai.telemetry.reporters.hosted_stats import HOSTED_STATS, task_of
from moyai.telemetry.reporters.reporter import IdentifyProxy, Reporter
from moyai.telemetry.series.group import SlotTime, slot_time
from moyai.telemetry.series.head import MetricHead

MAX_PROXIES: Final = 20_000
"""The most proxies that are remembered. When there are more, the one that has been silent the longest is forgotten."""
_RESAVE_AFTER: Final = 6 * 3600
"""Seconds after which a proxy that reports but counts nothing is saved again: the store removes silent proxies."""
ForwardReport = Callable[[ProxyId, Reporter, ProxyReport], None]
"""Called with every report that is counted. It returns at once and raises nothing."""
LoadProxyState = Callable[[ProxyId], bytes | None]
"""Returns the serialized delta state of a proxy, as last saved."""
FindTask = Callable[[str], ProxyId | None]
"""Returns the name of a task's proxy, by the task's id."""
_log = logging.getLogger(__name__)


class ReportBuffer:
    """The aggregators with pending reports, oldest first.

    They are flushed in this order because a bucket has one open slot: all samples of a slot must be in their series
    before a sample is written to a later slot.
    """

    def __init__(self) -> None:
        self._aggregators: OrderedDict[GroupAggregator, None] = OrderedDict()

    def add(self, aggregator: GroupAggregator, report: PendingReport, time: SlotTime) -> None:
        """Add a report to its group's aggregator."""
        if not aggregator.accepts(time):
            self.flush(aggregator)
        self._aggregators.setdefault(aggregator)
        if aggregator.add(report, time):
            self.flush(aggregator)

    def flush(self, last: GroupAggregator | None = None) -> None:
        """Write the pending reports of all aggregators to the series, or of the aggregators up to ``last``."""
        for aggregator in self.flush_stepwise():
            if aggregator is last:
                return

    def flush_stepwise(self) -> Iterator[GroupAggregator]:
        """Write all pending reports, and yield after each aggregator."""
        while self._aggregators:
            aggregator, _ = self._aggregators.popitem(last=False)
            aggregator.flush()
            yield aggregator

    def clear(self) -> None:
        """Drop all pending reports."""
        self._aggregators.clear()


class _Proxy:
    """The state of one proxy. ``is_baseline``: its next report is its first, and nothing in it is counted."""

    __slots__ = (
        "aggregator",
        "decode",
        "delta_state",
        "is_baseline",
        "reported_at",
        "reporter",
        "saved_at",
        "task_metrics",
    )

    def __init__(
        self,
        reporter: Reporter,
        delta_state: DeltaState,
        decode: Callable[[bytes], DecodedPush],
        aggregator: GroupAggregator,
    ) -> None:
        self.reporter, self.delta_state, self.decode, self.aggregator = reporter, delta_state, decode, aggregator
        self.is_baseline = False
        self.reported_at = self.saved_at = Instant(0)
        self.task_metrics: TaskMetrics = {}


class Recorder:
    """Records reports, from one event loop only. While the ``lock`` is held, metrics and proxies are of one moment.

    ``since``: nothing was saved earlier. ``forward`` is called with every report that is counted. ``buffer`` has the
    reports that are not in the series yet; it is flushed before the series are read.
    """

    def __init__(
        self,
        head: MetricHead,
        identify: IdentifyProxy,
        since: Instant,
        load_state: LoadProxyState = lambda _proxy: None,
        totals: Totals | None = None,
        find_task: FindTask = lambda _task: None,
    ) -> None:
        self.totals = totals or Totals()
        self.forward: ForwardReport | None = None
        self.lock = asyncio.Lock()
        self.buffer = ReportBuffer()
        self._head = head
        self._identify = identify
        self._find_task = find_task
        self._hosted_tasks: dict[str, ProxyId] = {}
        """The proxies of tasks that a host's Envoy serves, by task id. A push may arrive after the task's removal."""
        self._since = since
        self._load_state = load_state
        self._decoders = PushDecoders()
        self._proxies: OrderedDict[ProxyId, _Proxy] = OrderedDict()
        """All known proxies; the one that has been silent the longest is first."""
        self._aggregators: WeakValueDictionary[Hashable, GroupAggregator] = WeakValueDictionary()
        """The aggregators by the reporters' ``group_key``. An aggregator is removed together with its last proxy."""

    async def receive(self, proxy: ProxyId, push: bytes, clock: Clock) -> bool:
        """Count a push as soon as the lock is free, with the time of that moment. Returns whether a workload is known
        that it belongs to. Raises NotOtlp.

        The push of a host's Envoy is divided in a thread, and other tasks of the event loop may run between the parts.
        """
        async with self.lock:
            if proxy != HOST_PROXY:
                return self.record(proxy, push, clock.now())
            parts = await asyncio.to_thread(divide, push, task_of)
            now, is_known = clock.now(), False
            for task, part in parts.items():
                is_known |= self._record_of(task, part, now)
                await clock.sleep(Seconds(0))
            return is_known

    def record(self, proxy: ProxyId, push: bytes, now: Instant) -> bool:
        """Count what is new in the push of a workload's proxy. Returns False for an unknown one. Raises NotOtlp."""
        state = self._proxy(proxy)
        decode = state.decode if state is not None else self._decoders.decoder(NO_STATS)
        decoded = decode(push)
        if state is not None:
            self._count(proxy, state, decoded, now)
        return state is not None

    def _record_of(self, task_id: str, push: bytes, now: Instant) -> bool:
        """Count the part of a host's Envoy's push that belongs to one task. Returns whether its workload is known."""
        task = self._hosted_tasks.get(task_id) or self._find_task(task_id)
        state = None if task is None else self._proxy(task, HOSTED_STATS)
        if task is None or state is None:
            return False
        if len(self._hosted_tasks) >= MAX_PROXIES:
            self._hosted_tasks.clear()
        self._hosted_tasks[task_id] = task
        self._count(task, state, state.decode(push), now)
        return True

    def take_unsaved_proxies(self) -> Iterator[StoredProxy]:
        """The states of the proxies that have changed since they were last taken."""
        self.buffer.flush()
        for proxy, state in self._proxies.items():
            if state.delta_state.changed or state.reported_at >= state.saved_at + _RESAVE_AFTER:
                state.saved_at = state.reported_at
                yield StoredProxy(proxy, state.reported_at, state.delta_state.serialize())

    def mark_unsaved(self) -> None:
        """Mark everything for the next save, because the last one failed."""
        self.totals.mark_unsaved()
        for state in self._proxies.values():
            state.delta_state.changed = True

    def forget_silent_proxies(self, silent_since: Instant) -> None:
        """Forget proxies of removed workloads that have been silent since then."""
        for proxy in [proxy for proxy, state in self._proxies.items() if state.reported_at < silent_since]:
            if self._identify(proxy) is None:
                del self._proxies[proxy]

    def reset(self, now: Instant) -> None:
        """Forget every proxy and every metric."""
        self._since = now
        self._proxies.clear()
        self._hosted_tasks.clear()
        self._aggregators.clear()
        self.buffer.clear()
        self._head.clear()
        self.totals.clear()

    def _proxy(self, proxy: ProxyId, naming: StatNaming | None = None) -> _Proxy | None:
        state = self._proxies.get(proxy)
        if state is None:
            reporter = self._identify(proxy)
            if reporter is None:
                return None
            state = self._proxies[proxy] = self._new_proxy(proxy, reporter, naming or reporter.stat_naming)
            if len(self._proxies) > MAX_PROXIES:
                self._proxies.popitem(last=False)
        self._proxies.move_to_end(proxy)
        return state

    def _new_proxy(self, proxy: ProxyId, reporter: Reporter, naming: StatNaming) -> _Proxy:
        body = self._load_state(proxy)
        delta_state = _deserialize(body) if body is not None else None
        decode = self._decoders.decoder(naming)
        state = _Proxy(reporter, delta_state or DeltaState(), decode, self._aggregator(reporter))
        state.is_baseline = delta_state is None and (body is not None or reporter.created_at < self._since)
        return state

    def _count(self, proxy: ProxyId, state: _Proxy, push: DecodedPush, now: Instant) -> None:
        delta_state = state.delta_state
        if delta_state.is_uncommitted:
            self.buffer.flush(state.aggregator)
        reporter = self._current_reporter(state)
        previous = delta_state.previous(push, is_baseline=state.is_baseline)
        state.is_baseline, state.reported_at = False, now
        if previous is not None:
            if self.forward is not None:
                self.forward(proxy, reporter, push.report)
            report = PendingReport(proxy, delta_state, state.task_metrics, push, previous)
            self.buffer.add(state.aggregator, report, slot_time(now))

    def _current_reporter(self, state: _Proxy) -> Reporter:
        reporter = state.reporter.current()
        if reporter is not state.reporter:
            state.reporter, state.aggregator = reporter, self._aggregator(reporter)
            state.task_metrics = {}
        return reporter

    def _aggregator(self, reporter: Reporter) -> GroupAggregator:
        aggregator = self._aggregators.get(reporter.group_key)
        if aggregator is None:
            aggregator = GroupAggregator(self._head, self.totals, reporter)
            self._aggregators[reporter.group_key] = aggregator
        return aggregator


def _deserialize(body: bytes) -> DeltaState | None:
    try:
        return DeltaState.deserialize(body)
    except (msgspec.MsgspecError, ValueError) as error:
        _log.warning("a proxy's last counts can't be read, so it is counted from now on: %s", error)
        return None
