"""Protected tasks stay through scale-ins and deployments, and for no other reason."""

from __future__ import annotations

from moyai.domain.ecs.task import AFTER_DRAIN, DesiredStatus, StopCode, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import later
from tests.unit.plan.tasks import put, schedule, settled_service


def wanted_tasks(build, service) -> list[str]:
    return [
        t.arn
        for t in build.tasks(service)
        if t.desired_status is DesiredStatus.RUNNING and t.last_status not in AFTER_DRAIN
    ]


def test_scaling_in_stops_unprotected_tasks():
    build, service = settled_service(desired=3)
    protected, *others = [t.arn for t in build.tasks(service)]
    put(build, protected, protected_until=later(build.clock.now(), 60))
    build.scale(service, 1)
    schedule(build, service)
    assert wanted_tasks(build, service) == [protected]
    assert {build.world.tasks[t].stop_code for t in others} == {StopCode.SERVICE_SCHEDULER_INITIATED}


def test_a_protected_task_stays_until_its_protection_expires_with_an_event():
    build, service = settled_service(desired=2)
    until = later(build.clock.now(), 60)
    for task in build.tasks(service):
        put(build, task.arn, protected_until=until)
    build.scale(service, 0)
    plan = schedule(build, service)
    assert len(wanted_tasks(build, service)) == 2
    assert plan.wake_at == until
    primary = build.world.services[service].primary.id
    assert build.messages(service)[-1] == (
        f"(service s) was unable to reach steady state because (taskSet {primary}) was unable to scale in due to"
        " (reason 2 tasks under protection)"
    )
    schedule(build, service)
    assert sum("under protection" in m for m in build.messages(service)) == 1
    build.clock.turn_to(until)
    schedule(build, service)
    assert wanted_tasks(build, service) == []


def test_a_deployment_completes_after_the_protected_task_has_stopped():
    build, service = settled_service(desired=2)
    protected, other = (t.arn for t in build.tasks(service))
    put(build, protected, protected_until=later(build.clock.now(), 60))
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    new = [t for t in build.tasks(service) if t.arn not in {protected, other}]
    for task in new:
        put(build, task.arn, last_status=TaskStatus.RUNNING, started_at=build.clock.now(), ready_at=build.clock.now())
    schedule(build, service)
    assert protected in wanted_tasks(build, service)
    assert other not in wanted_tasks(build, service)
    assert len(build.world.services[service].deployments) == 2


def test_an_unhealthy_protected_task_is_stopped():
    build, service = settled_service(desired=2, checked=True)
    sick, _ = (t.arn for t in build.tasks(service))
    put(build, sick, protected_until=later(build.clock.now(), 60), health_status=Health.UNHEALTHY)
    schedule(build, service)
    for task in build.tasks(service):
        if task.arn != sick:
            put(
                build,
                task.arn,
                last_status=TaskStatus.RUNNING,
                started_at=build.clock.now(),
                ready_at=build.clock.now(),
                health_status=Health.HEALTHY,
            )
    schedule(build, service)
    assert sick not in wanted_tasks(build, service)


def test_deleting_a_service_stops_protected_tasks():
    build, service = settled_service(desired=1)
    [only] = build.tasks(service)
    put(build, only.arn, protected_until=later(build.clock.now(), 60))
    build.delete(service)
    schedule(build, service)
    assert wanted_tasks(build, service) == []


def test_a_protected_task_of_a_failed_deployment_stays():
    build, service = settled_service(desired=2)
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    new = [t.arn for t in build.tasks(service)][2:]
    put(build, new[0], protected_until=later(build.clock.now(), 60))
    build.abort(service)
    schedule(build, service)
    assert build.world.services[service].primary.halted
    schedule(build, service)
    assert new[0] in wanted_tasks(build, service)
    assert new[1] not in wanted_tasks(build, service)
