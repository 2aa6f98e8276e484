"""Schedules of EventBridge Scheduler on the manual clock: what runs when, and once, whatever ends in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.kernel.scope import Scope
from moyai.reconcile.schedules import ScheduleLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.testing.world import SCOPE
from tests.contract.api.installation import MODELS, Installation

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
CLUSTER = f"arn:aws:ecs:us-east-1:{SCOPE.account}:cluster/default"


class Scheduling(GatewayCaller):
    """An installation with schedules, and the loop that runs their tasks, which can be cut off."""

    def __init__(self) -> None:
        self.installation = Installation()
        self.clock, self.world = self.installation.clock, self.installation.store.world
        super().__init__(self.installation.gateway, MODELS, self.clock, "127.0.0.1:1")
        self.faults = 0
        """How many calls fail from now on."""
        self.cut: str | None = None
        """Whether the loop is to end ``before`` or ``after`` a call."""
        self._was_cut = asyncio.Event()
        self.starts: list[float] = []
        """The seconds after the beginning at which RunTask was called."""
        self._began_at = self.clock.now()

    async def set_up(self) -> None:
        """A cluster, and a task definition."""
        await super().call(SCOPE, Call("ecs", "CreateCluster", {"clusterName": "default"}))
        container = {"name": "app", "image": "app", "memory": 64}
        members = {"family": "report", "containerDefinitions": [container], "networkMode": "awsvpc"}
        members |= {"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
        await super().call(SCOPE, Call("ecs", "RegisterTaskDefinition", members))

    async def schedule(self, expression: str, operation: str = "CreateSchedule", **members: Any) -> None:
        """Create a schedule, or update it."""
        [subnet, *_] = (await super().call(SCOPE, Call("ec2", "DescribeSubnets", {})))["Subnets"]
        parameters = {
            "TaskDefinitionArn": "report",
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": [subnet["SubnetId"]]}},
        }
        target = {"Arn": CLUSTER, "RoleArn": "arn:aws:iam::123456789012:role/r", "EcsParameters": parameters}
        target |= {name: members.pop(name) for name in ("RetryPolicy", "Input") if name in members}
        given = {"Name": "job", "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, **members}
        await super().call(SCOPE, Call("scheduler", operation, {**given, "Target": target}))

    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        """Answer a call of the loop."""
        if self.cut == "before":
            await self._cut_off()
        self.starts.append(self.clock.now() - self._began_at)
        if self.faults:
            self.faults -= 1
            raise AwsCallFailed("ECS", "ServerException", "try again", 500)
        answer = await super().call(scope, call)
        if self.cut == "after":
            await self._cut_off()
        return answer

    async def _cut_off(self) -> None:
        self._was_cut.set()
        await asyncio.Event().wait()

    @asynccontextmanager
    async def loop(self):
        task = asyncio.create_task(ScheduleLoop(self.installation.store, self, self.clock).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run_for(self, seconds: float) -> None:
        """Let the loop run."""
        async with self.loop():
            await self.clock.advance(seconds)

    async def run_until_cut(self, where: str) -> None:
        """Let the loop run until it is cut off before or after its next call."""
        self.cut = where
        async with self.loop():
            await self.clock.until(self._was_cut.is_set)
        self.cut = None
        self._was_cut.clear()

    @property
    def tasks(self) -> list[Any]:
        return list(self.world.tasks)

    @property
    def record(self) -> Any:
        return next(iter(self.world.schedules), None)


def run_story(story):
    async def run() -> None:
        scheduling = Scheduling()
        await scheduling.set_up()
        await story(scheduling)

    asyncio.run(run())


def test_a_rate_runs_tasks_again_and_again():
    async def story(scheduling):
        await scheduling.schedule("rate(10 minutes)")
        await scheduling.run_for(25 * MINUTE)
        assert scheduling.starts == [10 * MINUTE, 20 * MINUTE]
        assert [task.started_by for task in scheduling.tasks] == ["chronos-schedule/job"] * 2

    run_story(story)


def test_a_one_time_schedule_is_deleted_when_it_is_to_be():
    async def story(scheduling):
        await scheduling.schedule("at(2027-01-15T08:30:00)", ActionAfterCompletion="DELETE")
        await scheduling.run_for(DAY)
        assert (len(scheduling.tasks), scheduling.record) == (1, None)

    run_story(story)


@pytest.mark.parametrize("where", ["before", "after"])
def test_an_interrupted_invocation_runs_its_tasks_once(where):
    async def story(scheduling):
        await scheduling.schedule("rate(1 hour)")
        await scheduling.run_until_cut(where)
        await scheduling.run_for(30 * MINUTE)
        assert len(scheduling.tasks) == 1
        await scheduling.run_for(HOUR)
        assert len(scheduling.tasks) == 2

    run_story(story)


def test_missed_invocations_are_one_that_is_late():
    async def story(scheduling):
        await scheduling.schedule("rate(10 minutes)")
        await scheduling.clock.advance(65 * MINUTE)
        await scheduling.run_for(MINUTE)
        assert scheduling.starts == [65 * MINUTE]
        await scheduling.run_for(5 * MINUTE)
        assert scheduling.starts == [65 * MINUTE, 70 * MINUTE]

    run_story(story)


def test_an_invocation_that_is_too_old_is_skipped():
    async def story(scheduling):
        await scheduling.schedule("rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 60})
        await scheduling.clock.advance(90 * MINUTE)
        await scheduling.run_for(MINUTE)
        assert scheduling.starts == []
        assert scheduling.record.next_at == later(scheduling._began_at, 2 * HOUR)

    run_story(story)


def test_a_fault_that_may_pass_is_tried_again_as_often_as_allowed():
    async def story(scheduling):
        scheduling.faults = 10
        await scheduling.schedule("rate(1 hour)", RetryPolicy={"MaximumRetryAttempts": 2})
        await scheduling.run_for(HOUR + 10 * MINUTE)
        assert scheduling.starts == [HOUR, HOUR + 1, HOUR + 3]
        scheduling.faults = 1
        await scheduling.run_for(HOUR)
        assert scheduling.starts[3:] == [2 * HOUR, 2 * HOUR + 1]
        assert len(scheduling.tasks) == 1

    run_story(story)


def test_a_disabled_schedule_runs_nothing_and_a_window_delays():
    async def story(scheduling):
        await scheduling.schedule("rate(1 hour)", State="DISABLED")
        await scheduling.run_for(3 * HOUR)
        assert scheduling.starts == []
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
        await scheduling.schedule("rate(1 hour)", Name="flexible", FlexibleTimeWindow=window)
        await scheduling.run_for(2 * HOUR)
        [start] = scheduling.starts
        assert 4 * HOUR <= start < 4 * HOUR + 30 * MINUTE

    run_story(story)


def test_an_update_of_anything_but_the_times_keeps_the_invocation_that_is_due():
    async def story(scheduling):
        await scheduling.schedule("rate(10 minutes)")
        await scheduling.run_for(15 * MINUTE)
        await scheduling.schedule("rate(10 minutes)", "UpdateSchedule", Description="a report")
        await scheduling.run_for(10 * MINUTE)
        assert scheduling.starts == [10 * MINUTE, 20 * MINUTE]

    run_story(story)


def test_an_update_keeps_an_invocation_that_is_tried_again():
    async def story(scheduling):
        once = "at(2027-01-15T08:30:00)"
        await scheduling.schedule(once)
        scheduling.faults = 1
        await scheduling.run_for(scheduling.record.next_at - scheduling.clock.now())
        await scheduling.schedule(once, "UpdateSchedule", Description="a report")
        assert (scheduling.record.failures, scheduling.record.retry_at is not None) == (1, True)
        await scheduling.run_for(HOUR)
        assert len(scheduling.tasks) == 1

    run_story(story)


@pytest.mark.parametrize("overrides", ['{"containerOverrides": 5}', '{"containerOverrides": ["app"]}', '{"cpu": {}}'])
def test_overrides_of_another_shape_run_nothing_and_the_next_schedule_goes_on(overrides):
    async def story(scheduling):
        await scheduling.schedule("rate(10 minutes)")
        of_older_version = replace(scheduling.record, target=replace(scheduling.record.target, input=overrides))
        scheduling.installation.store.apply([Put(of_older_version)])
        await scheduling.schedule("rate(10 minutes)", Name="good")
        await scheduling.run_for(11 * MINUTE)
        assert [task.started_by for task in scheduling.tasks] == ["chronos-schedule/good"]

    run_story(story)
