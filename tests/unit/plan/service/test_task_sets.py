"""The scheduler with task sets: each keeps its share of desiredCount, for itself."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.service import EXTERNAL_CONTROLLER, DeploymentStatus, ServiceStatus
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.ecs.task_set import Scale, StabilityStatus, TaskSet, computed_count
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.kernel.ids import DeploymentId
from moyai.plan.action import Plan
from moyai.plan.cloudmap.task_registration import register
from moyai.plan.doctor import findings
from moyai.plan.task.service_feedback import report_stop
from moyai.testing.instances import instance, set_instance_status
from moyai.testing.world import Builder
from tests.unit.plan.tasks import put, schedule

BLUE, GREEN = DeploymentId("ecs-svc/1"), DeploymentId("ecs-svc/2")


def _external(desired: int, **scales: float):
    """A service with the task sets ecs-svc/1, ecs-svc/2 and so on, none PRIMARY."""
    build = Builder()
    service = build.service("s", build.definition("s"), desired)
    current_service = build.world.services[service]
    sets = tuple(
        replace(
            current_service.primary,
            id=DeploymentId(f"ecs-svc/{number}"),
            status=DeploymentStatus.ACTIVE,
            task_set=TaskSet(Scale(scale), external_id=name),
        )
        for number, (name, scale) in enumerate(scales.items(), 1)
    )
    _put(build, service, deployments=sets, current_deployment=None, deployment_controller=EXTERNAL_CONTROLLER)
    return build, service


def _put(build, service, **changes):
    build.book.apply([Put(replace(build.world.services[service], **changes))])


def _edit(build, service, which, scale=None, status=None):
    def edit_deployment(known):
        settings = known.task_set if scale is None else replace(known.task_set, scale=Scale(scale))
        return replace(known, task_set=settings, status=status or known.status)

    deployments = build.world.services[service].deployments
    _put(build, service, deployments=tuple(edit_deployment(d) if d.id == which else d for d in deployments))


def _run(build, service):
    """Let every task that was asked to run or to stop do so, until the scheduler rests."""
    for _ in range(10):
        schedule(build, service)
        for task in build.tasks(service):
            if task.desired_status is DesiredStatus.STOPPED:
                put(build, task.arn, last_status=TaskStatus.STOPPED, stopped_at=build.clock.now())
            else:
                put(
                    build,
                    task.arn,
                    last_status=TaskStatus.RUNNING,
                    started_at=build.clock.now(),
                    ready_at=build.clock.now(),
                )
    assert schedule(build, service).actions == ()


def _running(build, service):
    return Counter(t.deployment for t in build.tasks(service) if t.desired_status is DesiredStatus.RUNNING)


def _states(build, service):
    return {d.id: d.task_set.stability_status for d in build.world.services[service].deployments}


@pytest.mark.parametrize(
    ("desired", "scale", "count"),
    [(3, 40, 2), (10, 14.1, 2), (1000, 14.1, 141), (10, 0, 0), (0, 100, 0), (7, 100, 7), (5000, 0.02, 1), (3, 1e-7, 1)],
)
def test_a_task_sets_count_is_rounded_up(desired, scale, count):
    assert computed_count(desired, Scale(scale)) == count


def test_a_service_without_task_sets_is_steady():
    build, service = _external(3)
    assert schedule(build, service) == Plan()
    assert not list(findings(build.world, {}))


def test_each_task_set_has_its_share_and_stability_status():
    build, service = _external(4, blue=100, green=25)
    schedule(build, service)
    assert _running(build, service) == {BLUE: 4, GREEN: 1}
    assert set(_states(build, service).values()) == {StabilityStatus.STABILIZING}
    assert {t.started_by for t in build.tasks(service)} == {BLUE, GREEN}
    assert build.messages(service)[0].startswith("(service s, taskSet ecs-svc/1) has started 4 tasks: (task ")
    _run(build, service)
    assert set(_states(build, service).values()) == {StabilityStatus.STEADY_STATE}
    assert build.messages(service)[-2:] == [
        "(service s, taskSet ecs-svc/1) has reached a steady state.",
        "(service s, taskSet ecs-svc/2) has reached a steady state.",
    ]


def test_scale_and_desired_count_change_only_their_task_set():
    build, service = _external(4, blue=100, green=0)
    _run(build, service)
    blue = {t.arn for t in build.tasks(service)}
    _edit(build, service, GREEN, scale=100)
    schedule(build, service)
    assert _states(build, service) == {BLUE: StabilityStatus.STEADY_STATE, GREEN: StabilityStatus.STABILIZING}
    _run(build, service)
    assert _running(build, service) == {BLUE: 4, GREEN: 4}
    _edit(build, service, BLUE, scale=50)
    _run(build, service)
    assert _running(build, service) == {BLUE: 2, GREEN: 4}
    assert {t.arn for t in build.tasks(service) if t.deployment == BLUE} <= blue
    _put(build, service, desired_count=2)
    _run(build, service)
    assert _running(build, service) == {BLUE: 1, GREEN: 2}


def test_a_task_sets_tasks_leave_a_draining_instance():
    build, service = _external(2, blue=100)
    (deployment,) = build.world.services[service].deployments
    _put(build, service, deployments=(replace(deployment, task_set=replace(deployment.task_set, launch_type="EC2")),))
    first = instance(build)
    _run(build, service)
    assert {t.container_instance for t in build.tasks(service)} == {first.arn}
    second = instance(build)
    set_instance_status(build, first.arn, ContainerInstanceStatus.DRAINING)
    schedule(build, service)
    assert _states(build, service) == {BLUE: StabilityStatus.STABILIZING}
    _run(build, service)
    assert {t.container_instance for t in build.tasks(service)} == {second.arn}
    assert _states(build, service) == {BLUE: StabilityStatus.STEADY_STATE}


def test_changing_the_primary_task_set_moves_no_tasks():
    build, service = _external(2, blue=100, green=100)
    _run(build, service)
    _edit(build, service, GREEN, status=DeploymentStatus.PRIMARY)
    _put(build, service, deployments=build.world.services[service].deployments[::-1])
    assert schedule(build, service) == Plan()


def test_a_deleted_task_set_is_removed_with_its_last_task():
    build, service = _external(2, blue=100, green=100)
    _run(build, service)
    _edit(build, service, BLUE, scale=0, status=DeploymentStatus.DRAINING)
    schedule(build, service)
    assert _running(build, service) == {GREEN: 2}
    assert list(_states(build, service)) == [BLUE, GREEN]
    assert "taskSet ecs-svc/1) has stopped 2 running tasks" in build.messages(service)[-1]
    _run(build, service)
    assert list(_states(build, service)) == [GREEN]


def test_a_stopped_task_is_replaced_in_its_task_set():
    build, service = _external(1, blue=100, green=100)
    schedule(build, service)
    stopped = {"desired_status": DesiredStatus.STOPPED, "last_status": TaskStatus.STOPPED}
    blue, green = sorted(build.tasks(service), key=lambda t: t.deployment)
    dead = put(build, blue.arn, **stopped)
    build.book.apply(report_stop(build.world, dead, build.clock.now()).changes)
    put(build, green.arn, **stopped)
    waits = schedule(build, service).wake_at
    assert waits == later(build.clock.now(), 5)
    assert _running(build, service) == {GREEN: 1}
    assert [f.kind for f in findings(build.world, {})] == ["tasks-do-not-start"]
    build.clock.turn_to(waits)
    schedule(build, service)
    assert _running(build, service) == {BLUE: 1, GREEN: 1}


def test_deleting_a_service_deletes_its_task_sets():
    build, service = _external(2, blue=100, green=50)
    _run(build, service)
    _put(build, service, status=ServiceStatus.DRAINING, desired_count=0)
    schedule(build, service)
    assert _running(build, service) == {}
    _run(build, service)
    removed_service = build.world.services[service]
    assert (removed_service.status, removed_service.deployments) == (ServiceStatus.INACTIVE, ())


def test_a_registered_task_carries_the_external_id():
    build, service = _external(1, blue=100)
    registry = build.registry("names")
    schedule(build, service)
    [task] = build.tasks(service)
    task = put(build, task.arn, service_registries=(registry,))
    changes = register(build.world, task, build.world.task_definitions[task.task_definition], build.clock.now())
    [instance] = [c.record for c in changes if isinstance(c, Put) and isinstance(c.record, DiscoveryInstance)]
    assert instance.attributes["ECS_TASK_SET_EXTERNAL_ID"] == "blue"
