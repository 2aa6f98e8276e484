"""The loop that evaluates alarms.

Promise: a metric alarm is evaluated as soon as it is put, and then at the end of each of its periods, at least once a
minute; a state that was set by hand lasts until then. A composite alarm is evaluated whenever one that its rule names
changes. What happened before this loop began is not known to it.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.cloudwatch.alarm import Alarm, MetricCondition
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.expression import Values
from moyai.domain.cloudwatch.query import Answers, Measure, MetricStat
from moyai.domain.cloudwatch.statistic import evaluate as statistic_of
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, table_name
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.plan.alarms.composite import evaluate_composite
from moyai.plan.alarms.configure import outlived
from moyai.plan.alarms.evaluate import Point, Verdict, evaluate, evaluation_range, step_of
from moyai.plan.alarms.history import KEPT
from moyai.plan.alarms.transition import moved, stayed
from moyai.ports.metrics import MetricReader
from moyai.ports.store import Key, Store
from moyai.reconcile.queue import KeyQueue

_TABLE = table_name(Alarm)
_HISTORY = ""
"""The key of the history, whose old entries go."""
_DAY = 24 * 3600


class _Evaluated(NamedTuple):
    """An alarm's last evaluation: of which configuration, and when the next is due."""

    configured_at: Instant
    again_at: Instant


class AlarmWatcher:
    """Evaluates alarms. ``run`` it once."""

    def __init__(self, store: Store, metrics: MetricReader, clock: Clock, ids: Ids) -> None:
        self._store, self._metrics, self._clock, self._ids = store, metrics, clock, ids
        self._since = clock.now()
        self._queue = KeyQueue(clock)
        self._evaluated: dict[str, _Evaluated] = {}

    async def run(self) -> None:
        """Evaluate until cancelled."""
        self._queue.add(_HISTORY)
        await self._queue.serve(self._follow(), self._bring_on, "the alarm")

    async def _follow(self) -> None:
        async for keys in self._store.watch():
            for key in self._touched(keys):
                self._queue.add(key)

    def _touched(self, keys: Iterable[Key]) -> list[str]:
        changed = [key.key for key in keys if key.table == _TABLE]
        parents = (parent.arn for key in changed for parent in self._store.world.alarms.each("child", key))
        return sorted({*changed, *parents})

    async def _bring_on(self, key: str) -> Instant | None:
        """Evaluate one alarm; when to do it again."""
        now, world = self._clock.now(), self._store.world
        if key == _HISTORY:
            self._apply(outlived(world, later(now, -KEPT)))
            return later(now, _DAY)
        alarm = world.alarms.get(key)
        if alarm is None:
            self._evaluated.pop(key, None)
            return None
        if not isinstance(alarm.condition, MetricCondition):
            self._conclude(alarm, evaluate_composite(world, alarm, alarm.condition), now)
            return None
        before = self._evaluated.get(key)
        if before is not None and before.configured_at == alarm.configured_at and now < before.again_at:
            return before.again_at  # only its state was set, which lasts until then
        points = self._points(alarm.condition, scope_of(alarm.arn), now)
        self._conclude(alarm, evaluate(alarm.condition, alarm.state, points, now), now)
        step = step_of(alarm.condition)
        again_at = Instant(now - now % step + step)
        self._evaluated[key] = _Evaluated(alarm.configured_at, again_at)
        return again_at

    def _conclude(self, alarm: Alarm, verdict: Verdict | None, now: Instant) -> None:
        if verdict is not None:
            follow = moved if verdict.state is not alarm.state else stayed
            self._apply(follow(self._store.world, alarm, verdict, now, self._ids))

    def _apply(self, changes: list[Change]) -> None:
        if changes:
            self._store.apply(changes)

    def _points(self, condition: MetricCondition, scope: Scope, now: Instant) -> list[Point]:
        """The datapoints of the evaluation range. One that began before this loop may lack what came before."""
        start, end = evaluation_range(condition, now)
        samples: dict[Instant, float] = {}

        def measure(stat: MetricStat) -> Values:
            if stat.unit not in {None, self._metrics.unit(scope, stat.metric.id)}:
                return {}
            periods = self._metrics.periods(scope, stat.metric.id, (start, end), stat.period)
            samples.update({period.start: period.summary.count for period in periods})
            values = ((period.start, statistic_of(stat.stat, period.summary)) for period in periods)
            return {at: value for at, value in values if value is not None}

        values = self._values(condition, measure)
        single = condition.stat is not None
        starts = [Instant(start + place * condition.period) for place in range(round((end - start) / condition.period))]
        return [
            Point(at, values.get(at) if known else None, samples.get(at) if single else None, known)
            for at in starts
            for known in (at >= self._since,)
        ]

    @staticmethod
    def _values(condition: MetricCondition, measure: Measure) -> Mapping[Instant, float]:
        if condition.stat is not None:
            return measure(condition.stat)
        watched = next(query for query in condition.queries if query.return_data)
        try:
            return Answers(condition.queries, measure).of(watched.id)
        except ValidationFault:  # arithmetic that fails on these values has none
            return {}
