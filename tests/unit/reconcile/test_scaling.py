"""Services that scale: load comes and goes on a manual clock, and the desired count follows."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest
from msgspec.structs import replace

from moyai.api.autoscaling import policies, schedules, targets
from moyai.api.operation import Context
from moyai.domain.autoscaling.policy import PredefinedMetric, StepAdjustment, StepScaling, TargetTracking
from moyai.domain.cloudwatch.alarm import AlarmActions, ComparisonOperator, MetricCondition
from moyai.domain.cloudwatch.metric import Summary, metric_id
from moyai.domain.cloudwatch.query import Metric, MetricStat
from moyai.domain.ecs.service import RolloutState
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Put
from moyai.plan.alarms.configuration import AlarmConfiguration, put_alarm
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.reconcile.alarms import AlarmLoop
from moyai.reconcile.scaling import ScalingLoop
from moyai.store.memory import MemoryStore
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE, Builder

RESOURCE = "service/default/web"
KIND: dict[str, Any] = {
    "service_namespace": "ecs",
    "resource_id": RESOURCE,
    "scalable_dimension": "ecs:service:DesiredCount",
}
CPU = metric_id("AWS/ECS", "CPUUtilization", [("ClusterName", "default"), ("ServiceName", "web")])
MEMORY = CPU._replace(name="MemoryUtilization")


class ScaledService:
    """A service, its load, and the loops that scale it. A task can do 100 of load at 100 %."""

    def __init__(self, desired: int = 2) -> None:
        self.clock, self.store, self.ids, self.metric_head = ManualClock(), MemoryStore(), SeededIds(3), MetricHead()
        self.builder = Builder(self.store, self.clock, self.ids)
        self.definition = self.builder.definition("web")
        self.arn = self.builder.service("web", self.definition, desired_count=desired)
        self.rollout(RolloutState.COMPLETED)
        self.running: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        self.running = asyncio.create_task(self._everything())
        await self.clock.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.running is not None
        self.running.cancel()
        await asyncio.wait({self.running})

    async def _everything(self) -> None:
        async with asyncio.TaskGroup() as group:
            reader = SeriesReader(self.metric_head)
            group.create_task(AlarmLoop(self.store, reader, self.clock, self.ids).run())
            group.create_task(ScalingLoop(self.store, self.clock, self.ids).run())

    def rollout(self, state: RolloutState) -> None:
        service = self.store.world.services[self.arn]
        primary = replace(service.primary, rollout_state=state)
        self.store.apply([Put(replace(service, deployments=(primary, *service.deployments[1:])))])

    @property
    def context(self) -> Context:
        return Context(SCOPE, self.clock.now(), self.ids, self.store, "arn:aws:iam::123456789012:root", "", "r")

    def register(self, least: int, most: int, **suspended: bool) -> None:
        suspension = targets.Suspension(**suspended)
        request = targets.RegisterScalableTargetRequest(
            **KIND, min_capacity=least, max_capacity=most, suspended_state=suspension
        )
        targets.register_scalable_target(self.context, request)

    def track(self, name: str, metric: str = "ECSServiceAverageCPUUtilization", **more: Any) -> None:
        tracking = TargetTracking(50.0, PredefinedMetric(metric), **more)
        request = policies.PutScalingPolicyRequest(
            policy_name=name,
            **KIND,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=tracking,
        )
        policies.put_scaling_policy(self.context, request)

    def schedule(self, name: str, schedule: str, least: int | None, most: int | None) -> None:
        request = schedules.PutScheduledActionRequest(
            scheduled_action_name=name,
            **KIND,
            schedule=schedule,
            scalable_target_action=schedules.TargetAction(least, most),
        )
        schedules.put_scheduled_action(self.context, request)

    def step(self, name: str, *steps: StepAdjustment, kind: str = "ChangeInCapacity", cooldown: int = 300) -> str:
        request = policies.PutScalingPolicyRequest(
            policy_name=name, **KIND, step_scaling_policy_configuration=StepScaling(kind, steps, cooldown=cooldown)
        )
        return str(policies.put_scaling_policy(self.context, request)["policy_arn"])

    def alarm(self, name: str, comparison: ComparisonOperator, threshold: float, *actions: str) -> None:
        stat = MetricStat(Metric("AWS/ECS", "CPUUtilization", ()), 60, "Average")
        own = replace(stat, metric=Metric("Shop", "Load"))
        wanted = AlarmConfiguration(name, MetricCondition(threshold, comparison, 1, own), AlarmActions(alarm=actions))
        self.store.apply(put_alarm(self.store.world, SCOPE, wanted, self.clock.now(), self.ids))

    async def minutes(self, load: float, minutes: int = 1, memory: float | None = None) -> None:
        """So many minutes of this load, spread over the tasks there are meant to be; all of them run at once."""
        for _ in range(minutes):
            await self.clock.advance(30)
            self._run_all()
            each = load / max(self.count, 1)
            self._write(CPU, each)
            self._write(metric_id("Shop", "Load", []), load)
            if memory is not None:
                self._write(MEMORY, memory)
            await self.clock.advance(30)

    def _write(self, metric: Any, value: float) -> None:
        self.metric_head.write(SCOPE, metric, "Percent", self.clock.now(), Summary(1, value, value, value))

    def _run_all(self) -> None:
        tasks = self.store.world.tasks.by("service", self.arn)
        for task in tasks[self.count :]:
            self.store.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
        running = [task for task in tasks if task.last_status is TaskStatus.RUNNING]
        for _ in range(self.count - len(running)):
            request = LaunchRequest(self.builder.cluster(), self.definition, "service:web")
            made = launch(self.store.world, request, self.clock.now(), self.ids)
            self.store.apply([Put(replace(made, service=self.arn, last_status=TaskStatus.RUNNING))])

    @property
    def count(self) -> int:
        return self.store.world.services[self.arn].desired_count

    @property
    def activities(self) -> list[tuple[int, int, str]]:
        scaled = (one for one in self.store.world.scaling_activities if one.not_scaled is None)
        return [(one.before, one.desired, str(one.status)) for one in scaled]


async def test_the_count_follows_the_load_up_and_down():
    async with ScaledService() as town:
        town.register(1, 10)
        town.track("cpu", scale_in_cooldown=60)
        await town.minutes(100, 3)
        assert town.count == 2
        await town.minutes(300, 3)
        assert town.count == 6
        await town.minutes(300, 5)
        assert town.count == 6
        await town.minutes(60, 14)
        assert town.count == 6
        await town.minutes(60, 1)
        assert town.count == 2
        await town.minutes(60, 1)
        assert town.activities == [(2, 6, "Successful"), (6, 2, "Successful")]


async def test_activities_describe_cause_and_change():
    async with ScaledService() as town:
        town.register(1, 10)
        town.track("cpu")
        await town.minutes(300, 4)
        (activity,) = town.store.world.scaling_activities
        high = next(alarm.name for alarm in town.store.world.alarms if "AlarmHigh" in alarm.name)
        assert high.startswith("TargetTracking-service/default/web-AlarmHigh-")
        assert activity.cause == f"monitor alarm {high} in state ALARM triggered policy cpu"
        assert activity.description == "Setting desired count to 6."
        assert activity.message == "Successfully set desired count to 6. Change successfully fulfilled by ecs."
        assert town.builder.messages(town.arn)[0] == (
            "(service web) Message: Successfully set desired count to 6. Waiting for change to be fulfilled by ecs. "
            f"Cause: {activity.cause}"
        )


async def test_scaling_stays_within_bounds_and_reports_it_once():
    async with ScaledService() as town:
        town.register(1, 3)
        town.track("cpu")
        await town.minutes(400, 12)
        assert town.count == 3
        told = [one.not_scaled for one in town.store.world.scaling_activities if one.not_scaled is not None]
        assert [(one.code, one.max_capacity) for one in told] == [("AlreadyAtMaxCapacity", 3)]


async def test_scale_out_uses_the_largest_and_scale_in_needs_all_policies():
    async with ScaledService(4) as town:
        town.register(1, 20)
        town.track("cpu", scale_in_cooldown=0)
        town.track("memory", "ECSServiceAverageMemoryUtilization", scale_in_cooldown=0)
        await town.minutes(100, 20, memory=50)
        assert town.count == 4, "memory is at its target"
        await town.minutes(100, 15, memory=30)
        assert town.count == 3, "memory's 4 * 30 / 50 is more than the processor's 4 * 25 / 50"


async def test_scale_in_can_be_disabled():
    async with ScaledService(4) as town:
        town.register(1, 20)
        town.track("cpu", disable_scale_in=True)
        await town.minutes(10, 20)
        assert town.count == 4
        assert ["AlarmHigh" in alarm.name for alarm in town.store.world.alarms] == [True]


async def test_a_deployment_prevents_scale_in():
    async with ScaledService(4) as town:
        town.register(1, 20)
        town.track("cpu")
        town.rollout(RolloutState.IN_PROGRESS)
        await town.minutes(10, 18)
        assert town.count == 4
        await town.minutes(800, 3)
        assert town.count == 16, "but added to"
        codes = [one.not_scaled.code for one in town.store.world.scaling_activities if one.not_scaled is not None]
        assert codes == ["TargetServicePutResourceAsUnscalable"]


async def test_suspended_scaling_does_nothing():
    async with ScaledService(4) as town:
        town.register(1, 20, dynamic_scaling_out_suspended=True)
        town.track("cpu")
        await town.minutes(800, 5)
        assert (town.count, town.activities) == (4, [])
        town.register(1, 20, dynamic_scaling_out_suspended=False)
        await town.minutes(800, 1)
        assert town.count == 16


async def test_steps_by_the_size_of_the_breach_and_the_cooldown_between():
    async with ScaledService(2) as town:
        town.register(0, 20)
        policy = town.step("out", StepAdjustment(2, 0, 100), StepAdjustment(3, 100))
        town.alarm("busy", ComparisonOperator.ABOVE, 100, policy)
        await town.minutes(150)
        assert town.count == 4
        await town.minutes(150, 3)
        assert town.count == 4, "the cooldown"
        await town.minutes(250)
        assert town.count == 5, "a greater breach: three more than before, of which two are there"
        await town.minutes(250, 6)
        assert town.count == 8, "and again when the cooldown is over"


async def test_policies_of_one_alarm_do_not_add_up():
    async with ScaledService(2) as town:
        town.register(0, 20)
        arns = [town.step(name, StepAdjustment(by, 0)) for name, by in (("few", 1), ("many", 4), ("some", 2))]
        town.alarm("busy", ComparisonOperator.ABOVE, 100, *arns)
        await town.minutes(150)
        assert town.count == 6
        assert len(town.activities) == 1


async def test_a_step_in_waits_for_its_cooldown():
    async with ScaledService(9) as town:
        town.register(1, 20)
        policy = town.step("in", StepAdjustment(-2, None, 0), cooldown=120)
        town.alarm("idle", ComparisonOperator.BELOW, 100, policy)
        await town.minutes(10, 2)
        assert town.count == 7
        await town.minutes(10, 3)
        assert town.count == 5


async def test_new_bounds_apply_at_once():
    async with ScaledService(2) as town:
        town.register(4, 8)
        assert town.count == 4
        await town.minutes(1)
        assert town.activities == [(2, 4, "Successful")]
        assert next(iter(town.store.world.scaling_activities)).cause == (
            "minimum capacity was set to 4 and maximum capacity was set to 8"
        )


async def test_a_newer_change_overrides_a_pending_one():
    async with ScaledService(2) as town:
        town.register(4, 8)
        town.register(6, 8)
        assert [status for *_, status in town.activities] == ["Overridden", "InProgress"]
        await town.clock.advance(1801)
        assert [status for *_, status in town.activities] == ["Overridden", "Unfulfilled"]


async def test_scheduled_actions_change_the_bounds_when_they_are_due():
    async with ScaledService(2) as town:
        town.register(1, 8)
        town.schedule("morning", "cron(30 8 * * ? *)", 4, 8)
        town.schedule("evening", "at(2027-01-15T18:00:00)", None, 1)
        await town.clock.advance(29 * 60)
        assert town.count == 2
        await town.clock.advance(60)
        assert town.count == 4
        await town.clock.advance(10 * 3600)
        assert town.count == 1
        causes = [entry.cause for entry in town.store.world.scaling_activities]
        assert causes == [
            "minimum capacity was set to 4",
            "minimum capacity was set to 1 and maximum capacity was set to 1",
        ]
        await town.clock.advance(24 * 3600)
        assert town.count == 4
        assert [entry.next_at is None for entry in town.store.world.scheduled_actions] == [False, True]


async def test_a_missed_scheduled_action_runs_once_late():
    town = ScaledService(2)
    town.register(1, 8)
    town.schedule("often", "rate(1 minute)", 4, 8)
    await town.clock.advance(3600)
    async with town:
        assert town.count == 4
        assert len(town.activities) == 1


async def test_suspended_scheduled_actions_are_skipped():
    async with ScaledService(2) as town:
        town.register(1, 8, scheduled_scaling_suspended=True)
        town.schedule("often", "rate(1 minute)", 4, 8)
        await town.clock.advance(90)
        assert town.count == 2
        town.register(1, 8, scheduled_scaling_suspended=False)
        await town.clock.advance(60)
        assert town.count == 4


async def test_deleting_the_service_deletes_its_scaling():
    async with ScaledService(2) as town:
        town.register(1, 8)
        town.track("cpu")
        town.schedule("often", "rate(1 minute)", 4, 8)
        town.builder.delete(town.arn)
        await town.clock.settle()
        world = town.store.world
        assert [*world.scalable_targets, *world.scaling_policies, *world.alarms, *world.scheduled_actions] == []


@pytest.mark.parametrize("load", [0, 1e9])
async def test_any_load_stays_within_bounds(load):
    async with ScaledService(2) as town:
        town.register(1, 5)
        town.track("cpu", scale_in_cooldown=0, scale_out_cooldown=0)
        await town.minutes(load, 40)
        assert town.count == (5 if load else 1)
