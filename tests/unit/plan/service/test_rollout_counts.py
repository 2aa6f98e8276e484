from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import EXTERNAL_CONTROLLER, DeploymentConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.plan.service.rollout_counts import TaskBounds, count_tasks, task_bounds
from moyai.plan.service.task_selection import tasks_to_stop
from moyai.plan.task.health import is_healthy, is_unhealthy
from moyai.testing.world import CHECK, Builder, container
from tests.unit.plan.tasks import settled_service


@pytest.mark.parametrize(
    ("desired", "low", "high", "minimum", "maximum"),
    [
        (4, 50, 100, 2, 4),
        (2, 75, 200, 2, 4),
        (3, 100, 125, 3, 3),
        (1, 100, 200, 1, 2),
        (1, 0, 100, 0, 1),
        (1, 0, 150, 0, 1),
        (5, 33, 133, 2, 6),
        (0, 100, 200, 0, 0),
    ],
)
def test_minimum_percent_rounds_up_and_maximum_rounds_down(desired, low, high, minimum, maximum):
    build = Builder()
    limits = DeploymentConfiguration(maximum_percent=high, minimum_healthy_percent=low)
    service = build.service("s", build.definition("s"), desired, bounds=limits)
    one_at_a_time = (desired, high) == (1, 100)
    assert task_bounds(build.world.services[service]) == TaskBounds(minimum, maximum, one_at_a_time)


@pytest.mark.parametrize("strategy", [Strategy.BLUE_GREEN, Strategy.LINEAR, Strategy.CANARY])
def test_only_a_rolling_service_has_one_task_at_a_time(strategy):
    build = Builder()
    limits = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=0, strategy=strategy)
    service = build.world.services[build.service("s", build.definition("s"), 1, bounds=limits)]
    assert not task_bounds(service).one_at_a_time
    rolling = replace(service, deployment_configuration=replace(limits, strategy=Strategy.ROLLING))
    assert task_bounds(rolling).one_at_a_time
    assert not task_bounds(replace(rolling, deployment_controller=EXTERNAL_CONTROLLER)).one_at_a_time


@pytest.mark.parametrize(
    ("status", "health", "checked", "ready", "healthy"),
    [
        (TaskStatus.RUNNING, Health.HEALTHY, True, True, True),
        (TaskStatus.RUNNING, Health.HEALTHY, True, False, False),
        (TaskStatus.RUNNING, Health.UNKNOWN, True, True, False),
        (TaskStatus.RUNNING, Health.UNHEALTHY, True, True, False),
        (TaskStatus.RUNNING, Health.UNKNOWN, False, True, True),
        (TaskStatus.RUNNING, Health.UNKNOWN, False, False, False),
        (TaskStatus.ACTIVATING, Health.HEALTHY, True, True, False),
    ],
)
def test_a_task_counts_as_healthy(status, health, checked, ready, healthy):
    build = Builder()
    definition = build.definition("s", replace(container(), health_check=CHECK if checked else None))
    task = build.world.tasks[build.run(definition)]
    seen_task = replace(task, last_status=status, health_status=health, ready_at=build.clock.now() if ready else None)
    assert is_healthy(seen_task, definition) is healthy
    assert not is_healthy(replace(seen_task, desired_status=DesiredStatus.STOPPED), definition)


def test_failing_checks_are_ignored_in_the_grace_period():
    build = Builder()
    task = build.world.tasks[build.run(build.definition("s"))]
    sick = replace(task, health_status=Health.UNHEALTHY, started_at=build.clock.now())
    assert not is_unhealthy(sick, grace=10, now=build.clock.now())
    assert is_unhealthy(sick, grace=0, now=build.clock.now())


def test_scale_in_stops_pending_tasks_and_then_those_of_the_fullest_zone():
    build, service = settled_service(desired=7)
    tasks = build.tasks(service)
    late = replace(tasks[1], last_status=TaskStatus.PENDING)
    build.book.apply([Put(late)])
    build.scale(service, 4)
    roll = count_tasks(build.world, build.world.services[service], build.clock.now())
    stops = tasks_to_stop(roll, task_bounds(roll.service))
    assert stops[0].arn == late.arn
    left = Counter(t.availability_zone for t in tasks if t.arn not in {s.arn for s in stops})
    assert sorted(left.values()) == [1, 1, 2]


def test_an_old_deployment_shrinks_only_to_the_minimum():
    build, service = settled_service(desired=4, bounds=DeploymentConfiguration(100, 50))
    build.deploy(service, build.definition("s"))
    roll = count_tasks(build.world, build.world.services[service], build.clock.now())
    assert len(tasks_to_stop(roll, task_bounds(roll.service))) == 2
