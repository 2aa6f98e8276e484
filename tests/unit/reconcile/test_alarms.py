"""The loop that evaluates alarms, on a manual clock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState, ComparisonOperator, CompositeCondition, MetricCondition, alarm_arn
from moyai.domain.cloudwatch.metric import Summary
from moyai.domain.cloudwatch.query import Metric, MetricDataQuery, MetricStat
from moyai.domain.world import Put
from moyai.plan.alarms.configuration import AlarmConfiguration, put_alarm
from moyai.reconcile.alarms import AlarmLoop
from moyai.store.memory import MemoryStore
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE

WAIT = Metric("Shop", "Wait")
SLOW = MetricCondition(10.0, ComparisonOperator.ABOVE, 2, MetricStat(WAIT, 60, "Average"), datapoints_to_alarm=2)


class Watch:
    """Alarms, the values that they watch, and the loop."""

    def __init__(self) -> None:
        self.clock, self.store, self.ids, self.metric_head = ManualClock(), MemoryStore(), SeededIds(3), MetricHead()
        self.running: asyncio.Task[Any] | None = None

    def start(self) -> None:
        watcher = AlarmLoop(self.store, SeriesReader(self.metric_head), self.clock, self.ids)
        self.running = asyncio.create_task(watcher.run())

    async def restart(self) -> None:
        """A process that knows nothing of what was measured before."""
        await self.stop()
        self.metric_head.clear()
        self.start()
        await self.clock.settle()

    async def stop(self) -> None:
        assert self.running is not None
        self.running.cancel()
        await asyncio.wait({self.running})

    def put(self, name, condition) -> None:
        alarm_configuration = AlarmConfiguration(name, condition)
        self.store.apply(put_alarm(self.store.world, SCOPE, alarm_configuration, self.clock.now(), self.ids))

    def state(self, name) -> str:
        return str(self.store.world.alarms[alarm_arn(SCOPE, name)].state)

    async def minutes(self, *values: float | None, metric: Metric = WAIT) -> None:
        """Let a minute pass for each value, which comes in its middle."""
        for value in values:
            await self.clock.advance(30)
            if value is not None:
                of = Summary(1, value, value, value)
                self.metric_head.write(SCOPE, metric.id, "None", self.clock.now(), of)
            await self.clock.advance(30)


@pytest.fixture
async def watch():
    new_watch = Watch()
    new_watch.start()
    await new_watch.clock.settle()
    yield new_watch
    await new_watch.stop()


async def test_an_alarm_follows_its_metric(watch):
    watch.put("slow", SLOW)
    await watch.minutes(20.0)
    assert watch.state("slow") == "INSUFFICIENT_DATA"
    await watch.minutes(20.0)
    assert watch.state("slow") == "ALARM"
    await watch.minutes(1.0)
    assert watch.state("slow") == "OK"
    summaries = [event.summary for event in watch.store.world.alarm_history]
    assert summaries == [
        'Alarm "slow" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
    ]


async def test_an_alarm_on_arithmetic_follows_both_metrics(watch):
    metric_stat = MetricStat(WAIT, 60, "Sum")
    queries = (
        MetricDataQuery("a", metric_stat, return_data=False),
        MetricDataQuery("b", replace(metric_stat, metric=Metric("Shop", "Calls")), return_data=False),
        MetricDataQuery("c", expression="a / b"),
    )
    watch.put("ratio", replace(SLOW, stat=None, queries=queries, evaluation_periods=1, datapoints_to_alarm=None))
    of = Summary(1, 2, 2, 2)
    watch.metric_head.write(SCOPE, Metric("Shop", "Calls").id, "None", watch.clock.now(), of)
    await watch.minutes(30.0)
    assert watch.state("ratio") == "ALARM"


async def test_an_alarm_on_functions_fills_and_chooses(watch):
    errors = MetricStat(Metric("Shop", "Errors"), 60, "Sum")
    queries = (
        MetricDataQuery("errors", errors, return_data=False),
        MetricDataQuery("filled", expression="FILL(errors, 0)", return_data=False),
        MetricDataQuery("bad", expression="IF(filled > 2 AND RATE(filled) > 0, 100, 0)"),
    )
    watch.put("rising", replace(SLOW, stat=None, queries=queries, evaluation_periods=1, datapoints_to_alarm=None))
    await watch.minutes(None, 1.0, metric=errors.metric)
    assert watch.state("rising") == AlarmState.OK
    await watch.minutes(None, 5.0, metric=errors.metric)
    assert watch.state("rising") == AlarmState.ALARM
    await watch.minutes(4.0, metric=errors.metric)
    assert watch.state("rising") == AlarmState.OK


async def test_a_restart_changes_no_state(watch):
    watch.put("slow", SLOW)
    await watch.minutes(20.0, 20.0)
    await watch.restart()
    await watch.minutes(None)
    assert watch.state("slow") == "ALARM"
    await watch.minutes(1.0, 1.0)
    assert watch.state("slow") == "OK"


async def test_an_alarm_created_in_the_first_period_sees_its_values(watch):
    await watch.stop()
    await watch.clock.advance(31)
    watch.start()
    await watch.clock.advance(1)
    watch.put("one", replace(SLOW, evaluation_periods=1, datapoints_to_alarm=1, treat_missing_data="notBreaching"))
    await watch.clock.settle()
    assert watch.state("one") == "OK"
    watch.metric_head.write(SCOPE, WAIT.id, "None", watch.clock.now(), Summary(1, 20, 20, 20))
    await watch.clock.advance(28)
    assert watch.state("one") == "ALARM"


async def test_a_metric_that_stops_leaves_too_little_data(watch):
    watch.put("slow", SLOW)
    await watch.minutes(1.0, 1.0, None, None, None)
    assert watch.state("slow") == "OK"
    await watch.minutes(None)
    assert watch.state("slow") == "INSUFFICIENT_DATA"


async def test_a_state_set_by_hand_lasts_until_the_period_ends(watch):
    watch.put("slow", SLOW)
    await watch.minutes(1.0, 1.0)
    alarm = watch.store.world.alarms[alarm_arn(SCOPE, "slow")]
    watch.store.apply([Put(replace(alarm, state=AlarmState.ALARM))])
    await watch.clock.advance(29)
    assert watch.state("slow") == "ALARM"
    await watch.clock.advance(31)
    assert watch.state("slow") == "OK"


async def test_composite_alarms_follow_at_every_level(watch):
    watch.put("slow", SLOW)
    watch.put("any", CompositeCondition("ALARM(slow)", (alarm_arn(SCOPE, "slow"),)))
    watch.put("top", CompositeCondition("NOT ALARM(any)", (alarm_arn(SCOPE, "any"),)))
    await watch.clock.settle()
    assert (watch.state("any"), watch.state("top")) == ("OK", "ALARM")
    await watch.minutes(20.0, 20.0)
    assert (watch.state("any"), watch.state("top")) == ("ALARM", "OK")
    reason = watch.store.world.alarms[alarm_arn(SCOPE, "any")].reason
    assert reason == f"{alarm_arn(SCOPE, 'slow')} transitioned to ALARM at Friday 15 January, 2027 08:02:00 UTC"


async def test_a_composite_alarms_state_set_by_hand_lasts_until_one_that_it_names_changes(watch):
    watch.put("slow", SLOW)
    watch.put("any", CompositeCondition("ALARM(slow)", (alarm_arn(SCOPE, "slow"),)))
    await watch.minutes(1.0, 1.0)
    by_hand = replace(watch.store.world.alarms[alarm_arn(SCOPE, "any")], state=AlarmState.ALARM)
    watch.store.apply([Put(by_hand)])
    await watch.minutes(1.0)
    assert watch.state("any") == "ALARM"
    watch.put("any", CompositeCondition("ALARM(slow) OR FALSE", (alarm_arn(SCOPE, "slow"),)))
    await watch.clock.settle()
    assert watch.state("any") == "OK"
    watch.store.apply([Put(by_hand)])
    await watch.minutes(20.0, 20.0, 1.0)
    assert watch.state("any") == "OK"


async def test_an_unwritable_alarm_state_is_computed_again(watch):
    watch.put("slow", SLOW)
    watch.put("top", CompositeCondition("ALARM(slow)", (alarm_arn(SCOPE, "slow"),)))
    await watch.minutes(1.0, 1.0, 1.0)
    assert (watch.state("slow"), watch.state("top")) == ("OK", "OK")
    watch.store.refuse("The disk is full.")
    await watch.minutes(20.0, 20.0, 20.0)
    assert (watch.state("slow"), watch.state("top")) == ("OK", "OK")
    watch.store.refuse(None)
    await watch.clock.advance(10)
    assert (watch.state("slow"), watch.state("top")) == ("ALARM", "ALARM")


async def test_an_unwritable_composite_alarm_state_is_computed_again(watch):
    watch.put("slow", SLOW)
    watch.put("top", CompositeCondition("ALARM(slow)", (alarm_arn(SCOPE, "slow"),)))
    await watch.minutes(1.0, 1.0, 1.0)
    slow = watch.store.world.alarms[alarm_arn(SCOPE, "slow")]
    watch.store.apply([Put(replace(slow, state=AlarmState.ALARM, transitioned_at=watch.clock.now()))])
    await watch.store.durable()
    watch.store.refuse("The disk is full.")
    await watch.clock.advance(1)
    assert (watch.state("slow"), watch.state("top")) == ("ALARM", "OK")
    watch.store.refuse(None)
    await watch.clock.advance(10)
    assert watch.state("top") == "ALARM"


async def test_circular_composite_alarms_do_not_loop(watch):
    one, other = (alarm_arn(SCOPE, name) for name in ("one", "other"))
    watch.put("other", CompositeCondition("ALARM(one)", (one,)))
    watch.put("one", CompositeCondition("NOT ALARM(other)", (other,)))
    await watch.minutes(None)
    assert (watch.state("one"), watch.state("other")) == ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA")


async def test_alarms_may_have_a_period_of_ten_seconds(watch):
    fine = replace(SLOW, stat=MetricStat(WAIT, 10, "Average"), evaluation_periods=1, datapoints_to_alarm=1)
    watch.put("fine", fine)
    await watch.clock.advance(1)
    watch.metric_head.write(SCOPE, WAIT.id, "None", watch.clock.now(), Summary(1, 20, 20, 20))
    await watch.clock.advance(10)
    assert watch.state("fine") == "ALARM"
