"""Restart policies: who is started again, when, and what its task sees of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.container_settings import RestartPolicy
from moyai.domain.ecs.task import ContainerStatus, StopCode, TaskStatus
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health
from moyai.kernel.clock import later
from moyai.plan.action import StartContainer, StopContainer
from moyai.plan.task.stop import stop_task
from moyai.testing.world import CHECK, Builder, container
from tests.unit.plan.tasks import put, schedule, step, up

ALWAYS = RestartPolicy(enabled=True)
REFUSED = "CannotStartContainerError: no"


def running(policy, **changes):
    """A RUNNING task with an essential container of that policy."""
    build = Builder()
    definition = build.definition("back", replace(container("api"), restart_policy=policy, **changes))
    service = build.service("back", definition, 1)
    schedule(build, service)
    task = build.tasks(service)[0].arn
    for _ in range(3):
        step(build, task, up(build, "api"))
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    return build, task


def ended_container(build, ran, code=1, attempt=0):
    """The container's end, now, after so many seconds."""
    now = build.clock.now()
    return ContainerState("api", ContainerPhase.STOPPED, later(now, -ran), now, code, attempt=attempt)


def app(build, task):
    return build.world.tasks[task].containers[0]


@pytest.mark.parametrize(
    ("policy", "ran", "code", "again"),
    [
        (ALWAYS, 300, 1, True),
        (ALWAYS, 300, 0, True),
        (ALWAYS, 299, 1, False),
        (RestartPolicy(enabled=True, restart_attempt_period=60), 60, 137, True),
        (RestartPolicy(enabled=True, ignored_exit_codes=(0, 3)), 400, 3, False),
        (RestartPolicy(enabled=True, ignored_exit_codes=(0, 3)), 400, 4, True),
        (RestartPolicy(enabled=False), 400, 1, False),
        (None, 400, 1, False),
    ],
)
def test_an_essential_container_is_restarted_or_stops_its_task(policy, ran, code, again):
    build, task = running(policy)
    plan = step(build, task, ended_container(build, ran, code))
    current_task = build.world.tasks[task]
    assert [e.container.attempt for e in plan.effects if isinstance(e, StartContainer)] == ([1] if again else [])
    assert current_task.stop_code == (None if again else StopCode.ESSENTIAL_CONTAINER_EXITED)
    assert (app(build, task).restart_count, app(build, task).exit_code) == ((1, None) if again else (0, code))


def test_an_interrupted_start_is_repeated_once():
    build, task = running(ALWAYS)
    before = ended_container(build, 300)
    for _ in range(3):
        (start,) = step(build, task, before).effects
        assert isinstance(start, StartContainer)
        assert start.container.attempt == 1
    assert app(build, task).last_status is ContainerStatus.PENDING
    assert step(build, task, replace(up(build, "api"), attempt=1)).effects == ()
    assert (app(build, task).last_status, app(build, task).restart_count) == (ContainerStatus.RUNNING, 1)


def test_a_container_is_restarted_whenever_it_ran_long_enough():
    build, task = running(ALWAYS)
    for attempt in range(3):
        (start,) = step(build, task, ended_container(build, 300, attempt=attempt)).effects
        assert isinstance(start, StartContainer)
        assert start.container.attempt == attempt + 1
    step(build, task, ended_container(build, 10, attempt=3))
    assert build.world.tasks[task].stop_code is StopCode.ESSENTIAL_CONTAINER_EXITED
    assert app(build, task).restart_count == 3


def test_a_restarted_containers_health_is_unknown():
    build, task = running(ALWAYS, health_check=CHECK)
    step(build, task, up(build, "api", Health.HEALTHY))
    step(build, task, ended_container(build, 300))
    assert build.world.tasks[task].health_status is Health.UNKNOWN


def test_a_container_that_cannot_be_restarted_has_stopped():
    build, task = running(ALWAYS)
    step(build, task, ended_container(build, 300))
    step(build, task, ended_container(build, 300), fault=REFUSED)
    assert (app(build, task).last_status, app(build, task).reason) == (ContainerStatus.STOPPED, REFUSED)
    assert build.world.tasks[task].stop_code is StopCode.ESSENTIAL_CONTAINER_EXITED


def test_containers_of_a_stopping_task_are_not_restarted():
    build, task = running(ALWAYS)
    current_task = build.world.tasks[task]
    stopped_stop_task = stop_task(current_task, StopCode.USER_INITIATED, "enough", build.clock.now())
    put(build, task, desired_status=stopped_stop_task.desired_status, stop_code=stopped_stop_task.stop_code)
    for _ in range(4):
        assert not any(isinstance(e, StartContainer) for e in step(build, task, ended_container(build, 300)).effects)
    assert app(build, task).last_status is ContainerStatus.STOPPED


def test_a_task_stopped_before_a_planned_restart_ends_without_it():
    build, task = running(ALWAYS)
    step(build, task, ended_container(build, 300))
    current_task = build.world.tasks[task]
    put(
        build,
        task,
        desired_status=stop_task(current_task, StopCode.USER_INITIATED, "x", build.clock.now()).desired_status,
    )
    for _ in range(3):
        effects = step(build, task, ended_container(build, 300)).effects
        assert not any(isinstance(e, (StartContainer, StopContainer)) for e in effects)
    assert build.world.tasks[task].last_status is TaskStatus.DEPROVISIONING
