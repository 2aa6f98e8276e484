"""The loop that evaluates alarms.

Promise: a metric alarm is evaluated when it is put, and then at the end of each of its periods, at least once a minute;
a state that SetAlarmState has set lasts until then. A composite alarm is evaluated when it is put, and when an alarm in
its rule changes, but not when its own state changes. Metrics from before the loop's start may be missing, so they
change no state of that time.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from typing_extensions import override

from moyai.domain.cloudwatch.alarm import Alarm, CompositeCondition, MetricCondition
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.cloudwatch.query import MetricStat
from moyai.domain.cloudwatch.statistic import evaluate as statistic_of
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, World, table_name
from moyai.expressions.metric_data import MetricSource, QueryResults
from moyai.expressions.metric_math.series import PeriodGrid, TimeSeries, Values
from moyai.expressions.metric_search.search import MetricSchema
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.plan.alarms.composite import evaluate_composite
from moyai.plan.alarms.configuration import delete_history_before
from moyai.plan.alarms.evaluate import AlarmDatapoint, AlarmVerdict, evaluate, evaluation_range, evaluation_step
from moyai.plan.alarms.history import HISTORY_KEPT
from moyai.plan.scaling.alarm_actions import change_state, repeat_actions
from moyai.ports.metrics import MetricReader
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue

_TABLE = table_name(Alarm)
_HISTORY = ""
"""The work queue's key for the deletion of old history entries."""
_DAY = 24 * 3600


class _LastEvaluation(NamedTuple):
    """An alarm's last evaluation: the time of its configuration, and of the next evaluation."""

    configured_at: Instant
    again_at: Instant


_Inputs = tuple[object, ...]


class AlarmLoop:
    """Evaluates alarms. ``run`` it once."""

    def __init__(self, store: Store, metrics: MetricReader, clock: Clock, ids: Ids) -> None:
        self._store, self._metrics, self._clock, self._ids = store, metrics, clock, ids
        self._since = clock.now()
        self._queue = WorkQueue(clock)
        self._last_evaluations: dict[str, _LastEvaluation] = {}
        self._composite_inputs: dict[str, _Inputs] = {}
        """The inputs of each composite alarm's last evaluation."""

    async def run(self) -> None:
        """Evaluate each alarm at the end of each of its periods, until cancelled."""
        self._queue.add(_HISTORY)
        await self._queue.serve(self._store, self._concerned_alarms, self._evaluate, "the alarm")

    def _concerned_alarms(self, keys: Iterable[Key]) -> set[str]:
        alarms = [key.key for key in keys if key.table == _TABLE]
        parents = (parent.arn for key in alarms for parent in self._store.world.alarms.each("child", key))
        return {*alarms, *parents}

    async def _evaluate(self, key: str) -> Instant | None:
        """Evaluate one alarm; returns when the next evaluation is due."""
        now, world = self._clock.now(), self._store.world
        if key == _HISTORY:
            await self._apply(delete_history_before(world, later(now, -HISTORY_KEPT)))
            return later(now, _DAY)
        alarm = world.alarms.get(key)
        if alarm is None:
            self._last_evaluations.pop(key, None)
            self._composite_inputs.pop(key, None)
            return None
        if not isinstance(alarm.condition, MetricCondition):
            inputs = _inputs(world, alarm, alarm.condition)
            if self._composite_inputs.get(key) != inputs:
                await self._record(alarm, evaluate_composite(world, alarm, alarm.condition), now)
                self._composite_inputs[key] = inputs
            return None
        before = self._last_evaluations.get(key)
        if before is not None and before.configured_at == alarm.configured_at and now < before.again_at:
            return before.again_at  # only the state was set by SetAlarmState, which lasts until then
        points = self._points(alarm, alarm.condition, now)
        await self._record(alarm, evaluate(alarm.condition, alarm.state, points, now), now)
        step = evaluation_step(alarm.condition)
        again_at = Instant(now - now % step + step)
        self._last_evaluations[key] = _LastEvaluation(alarm.configured_at, again_at)
        return again_at

    async def _record(self, alarm: Alarm, verdict: AlarmVerdict | None, now: Instant) -> None:
        if verdict is not None:
            changes_of = change_state if verdict.state is not alarm.state else repeat_actions
            await self._apply(changes_of(self._store.world, alarm, verdict, now, self._ids))

    async def _apply(self, changes: list[Change]) -> None:
        """Make changes durable before the alarm counts as evaluated, because lost changes would not be made again."""
        if changes:
            self._store.apply(changes)
            await self._store.durable()

    def _points(self, alarm: Alarm, condition: MetricCondition, now: Instant) -> list[AlarmDatapoint]:
        """The datapoints of the evaluation range. A period that began before this loop may be incomplete."""
        start, end = evaluation_range(condition, now)
        since = self._since if alarm.transitioned_at <= self._since else start
        source = AlarmSource(self._metrics, scope_of(alarm.arn), (start, end))
        values = _values(condition, source)
        samples = source.samples if condition.stat is not None else {}
        starts = [Instant(start + index * condition.period) for index in range(round((end - start) / condition.period))]
        return [
            AlarmDatapoint(at, values.get(at) if is_complete else None, samples.get(at), is_complete)
            for at in starts
            for is_complete in (at >= since,)
        ]


class AlarmSource(MetricSource):
    """The metrics of one account and region over an alarm's evaluation range: a ``MetricSource`` without searches.

    ``samples``: the number of samples of each period that was read.
    """

    def __init__(self, metrics: MetricReader, scope: Scope, span: tuple[Instant, Instant]) -> None:
        self._metrics, self._scope, self._span = metrics, scope, span
        self.samples: dict[Instant, float] = {}

    @override
    def read(self, stat: MetricStat) -> TimeSeries:
        line = TimeSeries({}, self.grid(stat.period), stat=stat, read=True)
        periods = self._metrics.periods(self._scope, stat.metric.id, self._span, stat.period, stat.unit)
        self.samples.update({period.start: period.summary.count for period in periods})
        values = ((period.start, statistic_of(stat.stat, period.summary)) for period in periods)
        return replace(line, values={at: value for at, value in values if value is not None})

    @override
    def metrics(self, schema: MetricSchema | None) -> Sequence[MetricId]:
        del schema
        raise ValidationFault("an alarm can't search")

    @override
    def grid(self, period: int) -> PeriodGrid:
        return PeriodGrid(*self._span, period)


def _inputs(world: World, alarm: Alarm, condition: CompositeCondition) -> _Inputs:
    children = (world.alarms.get(arn) for arn in condition.alarms)
    states = tuple(
        None if child is None else (child.configured_at, child.transitioned_at, child.state) for child in children
    )
    return condition.rule, alarm.configured_at, states


def _values(condition: MetricCondition, source: AlarmSource) -> Values:
    if condition.stat is not None:
        return source.read(condition.stat).values
    query = next(query for query in condition.queries if query.return_data)
    try:
        result = QueryResults(condition.queries, source).of(query.id)
    except ValidationFault:  # an expression that fails on these values has no value
        return {}
    return result.values if isinstance(result, TimeSeries) else {}
