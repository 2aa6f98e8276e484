"""When a started task may be called: as its health stands, and never later than eight minutes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, HealthCheck
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import TaskArn
from moyai.testing.world import CHECK, Builder, container
from tests.unit.plan.tasks import proxy_of, schedule, step, up

EIGHT_MINUTES = 480


def check(**members: int) -> HealthCheck:
    return HealthCheck(("CMD", "true"), **members)


class Starting:
    """A task whose containers are all up, before the gate."""

    def __init__(self, *containers: ContainerDefinition) -> None:
        self.build = Builder()
        service = self.build.service("back", self.build.definition("back", *containers), 1, offers=["api"])
        schedule(self.build, service)
        self.task: TaskArn = self.build.tasks(service)[0].arn
        self.names = [c.name for c in containers]
        self.since = self.build.clock.now()
        self.seen(Health.UNKNOWN)
        self.seen(Health.UNKNOWN)

    def at(self, status: TaskStatus) -> bool:
        return self.build.world.tasks[self.task].last_status is status

    def seen(self, *healths: Health) -> Instant | None:
        """A look at it, the last health being that of all further containers; when to look again."""
        proxy = proxy_of(self.build.world.tasks[self.task]).name
        each = [*healths, *[healths[-1]] * len(self.names)]
        states: list[Any] = [up(self.build, name, health) for name, health in zip(self.names, each, strict=False)]
        return step(self.build, self.task, up(self.build, proxy, Health.HEALTHY), *states).wake_at

    def pass_time(self, seconds: float) -> None:
        self.build.clock.turn_to(later(self.since, seconds))


def api(**members: Any) -> ContainerDefinition:
    return replace(container("api", port=9000), **members)


@pytest.mark.parametrize(
    ("checked", "waits"),
    [
        pytest.param(check(), 3 * (30 + 5), id="ECS's defaults"),
        pytest.param(check(interval=5, timeout=2, retries=2), 2 * (5 + 2), id="as given"),
        pytest.param(check(interval=5, timeout=2, retries=2, start_period=60), 60 + 2 * (5 + 2), id="its start period"),
        pytest.param(check(interval=300, timeout=60, retries=10, start_period=300), EIGHT_MINUTES, id="the longest"),
    ],
)
def test_without_a_verdict_it_waits_as_long_as_the_check_may_need_and_is_let_in(checked, waits):
    it = Starting(api(health_check=checked))
    assert it.seen(Health.UNKNOWN) == later(it.since, waits)
    it.pass_time(waits - 1)
    it.seen(Health.UNKNOWN)
    assert it.at(TaskStatus.ACTIVATING)
    it.pass_time(waits)
    it.seen(Health.UNKNOWN)
    assert it.at(TaskStatus.RUNNING)


def test_an_unhealthy_one_is_held_for_eight_minutes_from_its_start_whenever_it_turned():
    it = Starting(api(health_check=CHECK))
    it.pass_time(10)
    assert it.seen(Health.UNHEALTHY) == later(it.since, EIGHT_MINUTES)
    it.pass_time(EIGHT_MINUTES - 1)
    it.seen(Health.UNHEALTHY)
    assert it.at(TaskStatus.ACTIVATING)
    it.pass_time(EIGHT_MINUTES)
    it.seen(Health.UNHEALTHY)
    assert it.at(TaskStatus.RUNNING)


@pytest.mark.parametrize("before", [Health.UNKNOWN, Health.UNHEALTHY])
def test_one_that_turns_healthy_is_let_in_at_once(before):
    it = Starting(api(health_check=CHECK))
    it.seen(before)
    assert it.at(TaskStatus.ACTIVATING)
    it.seen(Health.HEALTHY)
    assert it.at(TaskStatus.RUNNING)


def test_without_a_health_check_nothing_is_waited_for():
    it = Starting(api())
    it.seen(Health.UNKNOWN)
    assert it.at(TaskStatus.RUNNING)


def test_the_slowest_of_its_essential_containers_counts():
    it = Starting(api(health_check=CHECK), replace(container("slow"), health_check=check(interval=10, retries=4)))
    assert it.seen(Health.HEALTHY, Health.UNKNOWN) == later(it.since, 4 * (10 + 5))


def test_a_container_that_is_not_essential_holds_nobody():
    it = Starting(api(health_check=CHECK), replace(container("side"), health_check=CHECK, essential=False))
    it.seen(Health.HEALTHY, Health.UNHEALTHY)
    assert it.at(TaskStatus.RUNNING)
