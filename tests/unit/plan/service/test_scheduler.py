from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import (
    AwsVpcConfiguration,
    DeploymentConfiguration,
    NetworkConfiguration,
    RolloutState,
    ServiceStatus,
)
from moyai.domain.ecs.task import DesiredStatus, StopCode, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import put, schedule, settled_service


def test_tasks_are_spread_over_zones_and_pinned_to_their_deployment():
    build = Builder()
    service = build.service("s", build.definition("s"), 6)
    schedule(build, service)
    tasks = build.tasks(service)
    assert Counter(t.availability_zone for t in tasks) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 2}
    primary = build.world.services[service].primary
    assert {(t.deployment, t.started_by, t.group, t.task_definition) for t in tasks} == {
        (primary.id, primary.id, "service:s", primary.task_definition)
    }
    assert primary.desired_count == 6
    assert schedule(build, service).actions == ()


def test_a_steady_service_is_completed_and_reported_every_six_hours():
    build, service = settled_service(desired=2)
    current_service = build.world.services[service]
    assert current_service.primary.rollout_state is RolloutState.COMPLETED
    assert current_service.primary.rollout_state_reason == f"ECS deployment {current_service.primary.id} completed."
    assert build.messages(service)[1:] == [
        f"(service s) (deployment {current_service.primary.id}) deployment completed.",
        "(service s) has reached a steady state.",
    ]
    plan = schedule(build, service)
    assert (plan.actions, plan.wake_at) == ((), later(build.clock.now(), 6 * 3600))
    build.clock.turn_to(later(build.clock.now(), 6 * 3600))
    schedule(build, service)
    assert build.messages(service)[-2:] == ["(service s) has reached a steady state."] * 2


def test_events_are_a_millisecond_apart():
    build, service = settled_service(desired=1)
    times = [e.created_at for e in build.world.service_logs[service].events]
    assert all(round(a - b, 3) >= 0.001 for a, b in pairwise(times))


def test_a_rolling_deployment_starts_tasks_up_to_the_maximum():
    build, service = settled_service(desired=4, bounds=DeploymentConfiguration(150, 100))
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    counts = [d.desired_count for d in build.world.services[service].deployments]
    assert counts == [2, 4]


def test_an_unhealthy_task_is_replaced_before_it_is_stopped():
    build, service = settled_service(desired=2, checked=True)
    sick = put(build, build.tasks(service)[0].arn, health_status=Health.UNHEALTHY)
    schedule(build, service)
    assert build.messages(service)[-1].endswith("Amazon ECS replaced 1 tasks due to an unhealthy status.")
    assert build.world.tasks[sick.arn].desired_status is DesiredStatus.RUNNING
    replacement = {"last_status": TaskStatus.RUNNING, "ready_at": build.clock.now(), "health_status": Health.HEALTHY}
    put(build, build.tasks(service)[-1].arn, **replacement)
    schedule(build, service)
    task = build.world.tasks[sick.arn]
    assert task.stop_code is StopCode.SERVICE_SCHEDULER_INITIATED
    assert task.stopped_reason == "Task failed container health checks"
    assert build.messages(service)[-2] == f"(service s) (task {sick.id}) failed container health checks."


def test_at_the_maximum_unhealthy_tasks_are_stopped_one_by_one():
    build, service = settled_service(desired=2, checked=True, bounds=DeploymentConfiguration(100, 50))
    for task in build.tasks(service):
        put(build, task.arn, health_status=Health.UNHEALTHY)
    schedule(build, service)
    assert sum(t.desired_status is DesiredStatus.STOPPED for t in build.tasks(service)) == 1


def test_a_service_of_one_task_at_a_time_starts_it_once_the_former_one_has_stopped():
    build, service = settled_service(desired=1, bounds=DeploymentConfiguration(100, 0))
    [former] = build.tasks(service)
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    for status in (TaskStatus.RUNNING, TaskStatus.DEACTIVATING, TaskStatus.STOPPING, TaskStatus.DEPROVISIONING):
        put(build, former.arn, last_status=status)
        schedule(build, service)
        assert [(t.arn, t.desired_status) for t in build.tasks(service)] == [(former.arn, DesiredStatus.STOPPED)]
    waiting = f"(service s) is waiting for (task {former.id}) to be STOPPED before it starts a task."
    assert build.messages(service).count(waiting) == 1
    put(build, former.arn, last_status=TaskStatus.STOPPED)
    schedule(build, service)
    assert [t.desired_status for t in build.tasks(service)] == [DesiredStatus.RUNNING]
    assert not any("unable to stop or start" in message for message in build.messages(service))


def test_a_service_scaled_to_one_task_at_a_time_waits_for_all_others():
    build, service = settled_service(desired=5, bounds=DeploymentConfiguration(100, 0))
    build.book.apply([Put(replace(build.world.services[service], desired_count=1))])
    schedule(build, service)
    for task in build.tasks(service):
        put(build, task.arn, desired_status=DesiredStatus.STOPPED, last_status=TaskStatus.STOPPING)
    *others, last = build.tasks(service)
    for task in others:
        schedule(build, service)
        assert {t.desired_status for t in build.tasks(service)} == {DesiredStatus.STOPPED}
        put(build, task.arn, last_status=TaskStatus.STOPPED)
    put(build, last.arn, last_status=TaskStatus.STOPPED)
    schedule(build, service)
    assert [t.desired_status for t in build.tasks(service)] == [DesiredStatus.RUNNING]


@pytest.mark.parametrize(("desired", "maximum_percent"), [(1, 150), (1, 200), (2, 100)])
def test_in_other_services_tasks_start_beside_stopping_ones(desired, maximum_percent):
    build, service = settled_service(desired=desired, bounds=DeploymentConfiguration(maximum_percent, 0))
    for task in build.tasks(service):
        put(build, task.arn, desired_status=DesiredStatus.STOPPED, last_status=TaskStatus.STOPPING)
    schedule(build, service)
    assert Counter(t.desired_status for t in build.tasks(service)) == {"STOPPED": desired, "RUNNING": desired}
    assert not any("is waiting for" in message for message in build.messages(service))


def test_bounds_that_allow_no_move_are_reported_once():
    build, service = settled_service(desired=1, bounds=DeploymentConfiguration(100, 50))
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    schedule(build, service)
    assert sum("was unable to stop or start tasks during a deployment" in m for m in build.messages(service)) == 1


def test_back_off_delays_new_tasks():
    build, service = settled_service(desired=1)
    current_service = build.world.services[service]
    held_primary = replace(current_service.primary, retry_at=later(build.clock.now(), 20))
    build.book.apply([Put(replace(current_service, desired_count=2, deployments=(held_primary,)))])
    plan = schedule(build, service)
    assert len(build.tasks(service)) == 1
    assert plan.wake_at == held_primary.retry_at


def test_a_failing_deployment_keeps_the_old_ones_minimum():
    build, service = settled_service(desired=2)
    build.deploy(service, build.definition("s"))
    current_service = build.world.services[service]
    failing = replace(current_service.primary, failed_tasks=2, retry_at=later(build.clock.now(), 60))
    old = current_service.deployments[1]
    build.book.apply([Put(replace(current_service, deployments=(failing, old)))])
    put(build, build.tasks(service)[0].arn, desired_status=DesiredStatus.STOPPED, last_status=TaskStatus.STOPPING)
    schedule(build, service)
    alive = [t for t in build.tasks(service) if t.desired_status is DesiredStatus.RUNNING]
    assert [t.deployment for t in alive] == [old.id, old.id]


def test_a_full_subnet_is_reported_and_retried():
    build = Builder()
    service = build.service("s", build.definition("s"), 1)
    current_service = build.world.services[service]
    network = NetworkConfiguration(AwsVpcConfiguration(subnets=()))
    build.book.apply(
        [Put(replace(current_service, deployments=(replace(current_service.primary, network_configuration=network),)))]
    )
    plan = schedule(build, service)
    assert plan.wake_at == later(build.clock.now(), 10)
    assert "was unable to place a task. Reason:" in build.messages(service)[-1]


def test_a_deleted_service_is_inactive_once_all_tasks_have_stopped():
    build = Builder()
    service = build.service("s", build.definition("s", container("api", port=1)), 2, offers=["api"])
    schedule(build, service)
    build.delete(service)
    schedule(build, service)
    assert build.messages(service)[-1] == "(service s) stopped 2 pending tasks."
    assert build.world.services[service].status is ServiceStatus.DRAINING
    for task in build.tasks(service):
        put(build, task.arn, last_status=TaskStatus.STOPPED)
    schedule(build, service)
    assert build.world.services[service].status is ServiceStatus.INACTIVE
    assert len(build.world.discovery_services) == 0
    assert schedule(build, service).actions == ()
