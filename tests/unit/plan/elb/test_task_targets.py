"""A task of a service behind a load balancer, from its registration to its end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.ecs.task import DesiredStatus, StopCode, TaskStatus
from moyai.domain.elb.target_group import (
    DEREGISTRATION_IN_PROGRESS,
    NOT_IN_USE,
    REGISTRATION_IN_PROGRESS,
    Target,
    TargetHealth,
    TargetState,
)
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import later
from moyai.plan.elb.task_targets import TargetFailure, target_failure, tasks_at_target
from moyai.plan.events import announce
from moyai.plan.task.health import is_healthy, is_unhealthy
from moyai.plan.task.shutdown import DRAIN_POLL
from moyai.plan.task.stop import stop_task
from moyai.testing.instances import for_instances, instance, on_instances
from moyai.testing.load_balancers import listener, load_balancer, put_group_behind_listener, rule
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import schedule, step, up

HEALTHY = TargetHealth(TargetState.HEALTHY)
FAILED = TargetHealth(
    TargetState.UNHEALTHY, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"
)


def balanced_service():
    """A service of one task that is not registered yet, in one target group."""
    build = Builder()
    build.book.apply([*put_group_behind_listener(SCOPE, "web"), Put(load_balancer(SCOPE))])
    (group,) = (group.arn for group in build.world.target_groups)
    service = build.service("web", build.definition("web", container("app", port=80)), 1)
    record = build.world.services[service]
    balancers = (ServiceLoadBalancer(group, "app", 80),)
    build.book.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=balancers),)))])
    schedule(build, service)
    return build, service, build.tasks(service)[0].arn


def registered_task():
    """The same, RUNNING and registered."""
    build, service, task = balanced_service()
    for _ in range(3):
        step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    return build, service, task


def see(build, task, health):
    """Let the load balancer observe this health, and the task's record follow."""
    (target,) = build.world.targets
    build.book.apply([Put(replace(target, health=health))])
    step(build, task, up(build, "app"))
    return build.world.tasks[task]


def replace_task(build, service, task):
    """Let a target fail its health checks, and a new task run and be registered in its place."""
    before = {t.arn for t in build.tasks(service)}
    target = next(target for target in build.world.targets if target.task == task)
    build.book.apply([Put(replace(target, health=FAILED))])
    step(build, task, up(build, "app"))
    schedule(build, service)
    (other,) = [t for t in build.tasks(service) if t.arn not in before]
    for _ in range(3):
        step(build, other.arn, up(build, "app"))


def messages(build, service):
    """The service's events, the oldest first, without its name."""
    log = build.world.service_logs.get(service)
    return [event.message.partition(") ")[2] for event in reversed(() if log is None else log.events)]


def test_a_task_is_registered_when_it_is_ready():
    build, service, task = balanced_service()
    step(build, task, up(build, "app"))
    step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.ACTIVATING
    assert not tuple(build.world.targets)
    step(build, task, up(build, "app"), listeners=frozenset())
    assert build.world.tasks[task].last_status is TaskStatus.ACTIVATING
    step(build, task, up(build, "app"))
    record = build.world.tasks[task]
    assert record.last_status is TaskStatus.RUNNING
    (target,) = build.world.targets
    assert (target.id, target.address, target.port) == (record.interface.address, record.interface.address, 80)
    assert (target.zone, target.task, target.health) == (record.availability_zone, task, REGISTRATION_IN_PROGRESS)
    assert f"registered 1 targets in (target-group {target.group})" in messages(build, service)


def test_the_first_task_of_a_target_group_tells_where_it_can_be_called():
    build, service, task = registered_task()
    (target,) = build.world.targets
    url = f"http://{load_balancer(SCOPE).dns_name}:80"
    text = f"can be called at {url} through (target-group {target.group})."
    assert messages(build, service).count(text) == 1
    replace_task(build, service, task)
    assert messages(build, service).count(text) == 1


def test_the_urls_of_a_target_group_are_in_a_second_event_after_they_have_changed():
    build, service, task = registered_task()
    a_hundred = [f"number {number}" for number in range(100)]
    build.book.apply(announce(build.world, service, a_hundred, build.clock.now(), build.ids))
    replace_task(build, service, task)
    assert not any(text.startswith("can be called") for text in messages(build, service))
    (group,) = build.world.target_groups
    second = listener(SCOPE, 81)
    build.book.apply([Put(second), Put(rule(second, group.arn))])
    (other,) = [t.arn for t in build.tasks(service) if t.arn != task]
    replace_task(build, service, other)
    (text,) = [text for text in messages(build, service) if text.startswith("can be called")]
    assert ":80, http" in text
    assert ":81 through" in text


@pytest.mark.parametrize(
    ("health", "healthy", "unhealthy"),
    [
        (REGISTRATION_IN_PROGRESS, False, False),
        (HEALTHY, True, False),
        (NOT_IN_USE, True, False),
        (FAILED, False, True),
    ],
)
def test_a_task_is_as_healthy_as_its_target(health, healthy, unhealthy):
    build, _, task = registered_task()
    record = see(build, task, health)
    definition = build.world.task_definitions[record.task_definition]
    assert is_healthy(record, definition) is healthy
    assert is_unhealthy(record, 0, build.clock.now()) is unhealthy


def test_the_grace_period_hides_a_failing_target():
    build, _, task = registered_task()
    record = see(build, task, FAILED)
    assert not is_unhealthy(record, 60, build.clock.now())
    assert is_unhealthy(record, 60, later(build.clock.now(), 60))


def test_an_unhealthy_target_is_replaced_and_the_events_say_why():
    build, service, task = registered_task()
    see(build, task, HEALTHY)
    schedule(build, service)
    see(build, task, FAILED)
    schedule(build, service)
    (other,) = [t for t in build.tasks(service) if t.arn != task]
    for _ in range(3):
        step(build, other.arn, up(build, "app"))
    (target,) = build.world.targets.by("task", other.arn)
    build.book.apply([Put(replace(target, health=HEALTHY))])
    step(build, other.arn, up(build, "app"))
    schedule(build, service)
    record = build.world.tasks[task]
    assert record.desired_status is DesiredStatus.STOPPED
    assert record.stopped_reason == f"Task failed ELB health checks in (target-group {target.group})"
    reason = f"(task {record.id}) (port 80) is unhealthy in (target-group {target.group}) due to (reason"
    assert f"{reason} Health checks failed with these codes: [503])." in messages(build, service)


def test_a_task_that_stops_waits_until_its_target_has_drained():
    build, service, task = registered_task()
    build.book.apply([Put(stop_task(build.world.tasks[task], StopCode.USER_INITIATED, "x", build.clock.now()))])
    step(build, task, up(build, "app"))
    (target,) = build.world.targets
    assert (target.deregistered_at, target.health) == (build.clock.now(), DEREGISTRATION_IN_PROGRESS)
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING
    assert messages(build, service)[-2:] == [
        f"deregistered 1 targets in (target-group {target.group})",
        "has begun draining connections on 1 tasks.",
    ]
    plan = step(build, task, up(build, "app"))
    assert plan.effects == ()
    assert plan.wake_at == later(build.clock.now(), DRAIN_POLL)
    build.book.apply([Delete(Target, target.key)])
    step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_a_target_that_does_not_drain_ends_the_wait_after_the_groups_delay():
    build, _, task = registered_task()
    (group,) = build.world.target_groups
    build.book.apply([Put(replace(group, attributes={"deregistration_delay.timeout_seconds": "7"}))])
    build.book.apply([Put(stop_task(build.world.tasks[task], StopCode.USER_INITIATED, "x", build.clock.now()))])
    step(build, task, up(build, "app"))
    build.clock.turn_to(later(build.clock.now(), 7))
    step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_a_task_whose_target_a_client_has_deregistered_is_unhealthy():
    build, _, task = registered_task()
    (target,) = build.world.targets
    see(build, task, HEALTHY)
    build.book.apply([Delete(Target, target.key)])
    step(build, task, up(build, "app"))
    record = build.world.tasks[task]
    assert is_unhealthy(record, 0, build.clock.now())
    assert target_failure(build.world, record) == TargetFailure(
        target.group, 80, "Target is not registered to the target group"
    )
    build.book.apply([Put(replace(target, task=None, health=HEALTHY))])
    step(build, task, up(build, "app"))
    record = build.world.tasks[task]
    assert is_healthy(record, build.world.task_definitions[record.task_definition])


def test_a_target_that_drains_already_holds_its_task_back():
    build, _, task = registered_task()
    (target,) = build.world.targets
    build.book.apply([Put(replace(target, deregistered_at=build.clock.now(), health=DEREGISTRATION_IN_PROGRESS))])
    build.book.apply([Put(stop_task(build.world.tasks[task], StopCode.USER_INITIATED, "x", build.clock.now()))])
    step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING


def test_a_task_of_a_deleted_group_is_healthy():
    build, _, task = registered_task()
    (target,) = build.world.targets
    (group,) = build.world.target_groups
    build.book.apply([Delete(type(group), group.key), Delete(Target, target.key)])
    step(build, task, up(build, "app"))
    record = build.world.tasks[task]
    assert is_healthy(record, build.world.task_definitions[record.task_definition])


def test_a_deleted_group_holds_nothing_up():
    build, _, task = registered_task()
    (target,) = build.world.targets
    (group,) = build.world.target_groups
    build.book.apply([Delete(type(group), group.key), Delete(Target, target.key)])
    build.book.apply([Put(stop_task(build.world.tasks[task], StopCode.USER_INITIATED, "x", build.clock.now()))])
    step(build, task, up(build, "app"))
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_a_task_on_an_instance_is_registered_as_the_instance_with_its_host_port():
    build = Builder()
    build.book.apply([*put_group_behind_listener(SCOPE, "web"), Put(load_balancer(SCOPE))])
    (group,) = build.world.target_groups
    host = instance(build)
    definition = for_instances(build, build.definition("web", container("app", port=80)))
    service = on_instances(build, "web", definition, 1)
    record = build.world.services[service]
    balancers = (ServiceLoadBalancer(group.arn, "app", 80),)
    build.book.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=balancers),)))])
    schedule(build, service)
    (task,) = build.tasks(service)
    for _ in range(3):
        step(build, task.arn, up(build, "app"))
    (target,) = build.world.targets
    (binding,) = task.containers[0].network_bindings
    assert (target.id, target.port) == (host.ec2_instance_id, binding.host_port)
    assert target.address == host.interface.address
    assert list(tasks_at_target(build.world, target.key)) == [task.arn]
    assert list(tasks_at_target(build.world, target.key.replace(target.group, f"{target.group}2"))) == []


def test_a_task_without_ipv6_fails_in_a_group_of_ipv6_for_that_reason():
    build, _, task = balanced_service()
    (group,) = build.world.target_groups
    build.book.apply([Put(replace(group, ip_address_type="ipv6"))])
    for _ in range(3):
        step(build, task, up(build, "app"))
    failure = target_failure(build.world, build.world.tasks[task])
    assert failure is not None
    assert failure.reason == "The task has no IPv6 address. Enable the account setting dualStackIPv6"


def test_a_task_is_registered_in_a_group_of_ipv6_at_its_address_there():
    build, _, task = balanced_service()
    (group,) = build.world.target_groups
    record = build.world.tasks[task]
    with_both = replace(record, interface=replace(record.interface, ipv6_address="fd00::14"))
    build.book.apply([Put(replace(group, ip_address_type="ipv6")), Put(with_both)])
    for _ in range(3):
        step(build, task, up(build, "app"))
    (target,) = build.world.targets
    assert (target.id, target.address) == ("fd00::14", "fd00::14")
    assert list(tasks_at_target(build.world, target.key)) == [task]
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
