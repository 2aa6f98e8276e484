from __future__ import annotations

import marshal

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.ecs.task import ContainerStatus, DesiredStatus, StopCode, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDependency, DependencyCondition, LogConfiguration
from moyai.domain.sandbox.state import WORKER_LAG, Health
from moyai.domain.world import Delete, Drain, Put
from moyai.kernel.clock import later
from moyai.kernel.ids import ProxyId
from moyai.plan.action import (
    PrepareSandbox,
    RejectNewConnections,
    ReleaseSandbox,
    StartContainer,
    StartProxy,
    StopContainer,
)
from moyai.plan.cloudmap.task_registration import records_expire_at
from moyai.plan.task.shutdown import DRAIN_POLL, IDLE_LIMIT
from moyai.testing.world import CHECK, Builder, container
from tests.unit.plan.tasks import DRAINED, down, proxy_of, put, schedule, step, up


def server(**changes):
    """A task that offers a port, newly made."""
    build = Builder()
    definition = build.definition("back", replace(container("api", port=9000), **changes))
    service = build.service("back", definition, 1, offers=["api"])
    schedule(build, service)
    return build, build.tasks(service)[0].arn


def running(ttl=None, **changes):
    """The same, RUNNING and registered; with a registry whose records have this time to live, if any."""
    build, task = server(**changes)
    if ttl is not None:
        put(build, task, service_registries=(build.registry("api", ttl),))
    proxy = proxy_of(build.world.tasks[task]).name
    seen = (up(build, proxy, Health.HEALTHY), up(build, "api", Health.HEALTHY))
    for _ in range(3):
        step(build, task, *seen)
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    return build, task, seen


def drain(build, task, *seen, drain):
    """Two looks: its ports are closed, and then what is under way is counted."""
    step(build, task, *seen, drain=drain)
    return step(build, task, *seen, drain=replace(drain, rejects_connections=True))


def discoverable(*ttls, **registry):
    """A RUNNING task in a registry with these records, without Service Connect."""
    build = Builder()
    definition = build.definition("back", replace(container("api", port=9000), health_check=CHECK))
    service = build.service("back", definition, 1)
    registry_arn = build.registry("api", *ttls, **registry)
    build.discover(service, registry_arn)
    schedule(build, service)
    task = build.tasks(service)[0].arn
    for _ in range(3):
        step(build, task, up(build, "api", Health.HEALTHY))
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    return build, task, registry_arn.registry_arn


def test_the_sandbox_is_created_first():
    build, task = server()
    assert [type(e) for e in step(build, task, gone=True).effects] == [PrepareSandbox]
    assert step(build, task).effects == ()
    assert build.world.tasks[task].last_status is TaskStatus.PENDING


def test_a_proxys_log_buffer_has_the_configured_size():
    build, task = server()
    known = build.world.tasks[task]
    log = LogConfiguration("awslogs", {"max-buffer-size": "25m"})
    build.book.apply([Put(replace(known, view=replace(known.view, log_configuration=log)))])
    step(build, task)
    (start,) = step(build, task).effects
    assert isinstance(start, StartProxy)
    assert start.held_output == 25 * 1024**2


def test_containers_wait_for_a_healthy_proxy():
    build, task = server()
    step(build, task)
    (start,) = step(build, task).effects
    assert isinstance(start, StartProxy)
    assert marshal.dumps(start.log_level) == marshal.dumps("info")  # plain text: the monitor gets it by marshal
    proxy = proxy_of(build.world.tasks[task]).name
    assert step(build, task, up(build, proxy)).effects == ()
    assert [type(e) for e in step(build, task, up(build, proxy, Health.HEALTHY)).effects] == [StartContainer]


@pytest.mark.parametrize(
    ("health", "waits"),
    [(Health.HEALTHY, 0), (Health.UNKNOWN, 2 * (5 + 2)), (Health.UNHEALTHY, 480)],
)
def test_registration_depends_on_health(health, waits):
    build, task = server(health_check=CHECK)
    proxy = proxy_of(build.world.tasks[task]).name
    seen = (up(build, proxy, Health.HEALTHY), up(build, "api", health))
    step(build, task, *seen)
    step(build, task, *seen)
    since = build.clock.now()
    assert build.world.tasks[task].last_status is TaskStatus.ACTIVATING
    if waits:
        assert step(build, task, *seen).wake_at == later(since, waits)
        build.clock.turn_to(later(since, waits))
    step(build, task, *seen)
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    (instance,) = build.world.discovery_instances
    assert instance.attributes == {
        "AVAILABILITY_ZONE": "us-east-1a",
        "AWS_INSTANCE_IPV4": "172.31.0.4",
        "AWS_INSTANCE_PORT": "9000",
        "ECS_CLUSTER_NAME": "default",
        "ECS_SERVICE_NAME": "back",
        "ECS_TASK_DEFINITION_FAMILY": "back",
        "REGION": "us-east-1",
    }


@pytest.mark.parametrize(("srv", "port"), [(False, {}), (True, {"AWS_INSTANCE_PORT": "80"})])
def test_a_task_is_registered_with_its_registrys_records(srv, port):
    build, task, registry = discoverable(60, srv=srv)
    (instance,) = build.world.discovery_instances
    assert (instance.service, instance.id, instance.task) == (registry, build.world.tasks[task].id, task)
    assert instance.attributes == port | {
        "AVAILABILITY_ZONE": "us-east-1a",
        "AWS_INSTANCE_IPV4": "172.31.0.4",
        "ECS_CLUSTER_NAME": "default",
        "ECS_SERVICE_NAME": "back",
        "ECS_TASK_DEFINITION_FAMILY": "back",
        "REGION": "us-east-1",
    }


@pytest.mark.parametrize(
    ("custom", "turns", "status"),
    [
        (True, [Health.UNHEALTHY], Health.UNHEALTHY),
        (True, [Health.UNHEALTHY, Health.HEALTHY], Health.HEALTHY),
        (True, [Health.UNHEALTHY, Health.UNKNOWN], Health.UNHEALTHY),
        (False, [Health.UNHEALTHY], Health.HEALTHY),
    ],
)
def test_a_registry_with_custom_health_gets_the_tasks_health(custom, turns, status):
    build, task, _ = discoverable(60, custom_health=custom)
    for health in turns:
        step(build, task, up(build, "api", health))
    (instance,) = build.world.discovery_instances
    assert instance.health is status
    assert step(build, task, up(build, "api", turns[-1])).actions == (), "and once is enough"


@pytest.mark.parametrize(
    ("ttls", "waits"), [((60,), 61), ((10, 60), 61), ((0,), 1), ((), 1), ((300,), 301), ((86_400,), 301)]
)
def test_a_task_is_stopped_when_its_records_have_expired(ttls, waits):
    build, task, _ = discoverable(*ttls)
    api = up(build, "api", Health.HEALTHY)
    build.stop(task)
    since = build.clock.now()
    assert step(build, task, api).effects == ()
    assert len(build.world.discovery_instances) == 0
    assert step(build, task, api).wake_at == later(since, waits)
    build.clock.turn_to(later(since, waits - 0.1))
    step(build, task, api)
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING
    build.clock.turn_to(later(since, waits))
    step(build, task, api)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_stopping_waits_for_records_with_the_former_longer_ttl():
    build, task, registry = discoverable(10)
    service = build.world.discovery_services[registry]
    since = build.clock.now()
    build.book.apply([Put(replace(service, remembered_until=later(since, 60)))])
    build.stop(task)
    step(build, task, up(build, "api", Health.HEALTHY))
    assert build.world.tasks[task].records_expire_at == later(since, 61)
    build.clock.turn_to(later(since, 1000))
    assert records_expire_at(build.world, build.world.tasks[task], build.clock.now()) == later(since, 1011)


def test_service_connects_instances_have_the_health_of_their_tasks():
    build, task, seen = running(health_check=CHECK)
    step(build, task, seen[0], up(build, "api", Health.UNHEALTHY))
    (instance,) = build.world.discovery_instances
    assert instance.health is Health.UNHEALTHY


@pytest.mark.parametrize(
    ("ttl", "drained", "waits"), [(10, DRAINED, 11), (10, Drain(in_flight=1), 30), (60, Drain(in_flight=1), 61)]
)
def test_stopping_waits_for_draining_and_for_expiring_records(ttl, drained, waits):
    build, task, seen = running(ttl=ttl)
    build.stop(task)
    step(build, task, *seen)
    since = build.clock.now()
    build.clock.turn_to(later(since, waits - 0.1))
    drain(build, task, *seen, drain=drained)
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING
    build.clock.turn_to(later(since, waits))
    drain(build, task, *seen, drain=drained)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_deleting_the_registry_does_not_change_a_planned_stop():
    build, task, registry = discoverable(60)
    api = up(build, "api", Health.HEALTHY)
    build.stop(task)
    step(build, task, api)
    build.book.apply([Delete(DiscoveryService, registry)])
    wake_at = step(build, task, api).wake_at
    assert wake_at == later(build.clock.now(), 61)
    build.clock.turn_to(wake_at)
    step(build, task, api)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_a_deleted_registry_does_not_delay_stopping():
    build, task, registry = discoverable(60)
    (instance,) = build.world.discovery_instances
    build.book.apply([Delete(DiscoveryInstance, instance.key), Delete(DiscoveryService, registry)])
    api = up(build, "api", Health.UNHEALTHY)
    step(build, task, api)
    build.stop(task)
    step(build, task, api)
    step(build, task, api)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_a_stopped_task_withdraws_its_endpoints_before_anything_else():
    build, task, seen = running()
    build.stop(task)
    plan = step(build, task, *seen)
    assert plan.effects == ()
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING
    assert len(build.world.discovery_instances) == 0


@pytest.mark.parametrize(
    ("callers", "seconds", "drained"),
    [
        (Drain(frozenset({ProxyId("client")})), 1, False),
        (Drain(frozenset({ProxyId("client")})), 29, False),
        (Drain(frozenset({ProxyId("client")})), 30, True),
        (Drain(in_flight=2), 29, False),
        (Drain(in_flight=0), 0, True),
        (Drain(in_flight=None), 29, False),
        (Drain(in_flight=None), 30, True),
    ],
)
def test_draining_ends_without_callers_and_active_requests(callers, seconds, drained):
    build, task, seen = running()
    build.stop(task)
    step(build, task, *seen)
    build.clock.turn_to(later(build.clock.now(), seconds))
    drain(build, task, *seen, drain=callers)
    assert (build.world.tasks[task].last_status is TaskStatus.STOPPING) is drained


def test_a_stopped_proxy_is_not_asked_for_requests():
    build, task, (proxy, api) = running()
    build.stop(task)
    step(build, task, proxy, api)
    drain(build, task, down(build, proxy.name), api, drain=Drain())
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_requests_are_counted_only_after_the_workers_have_followed():
    build, task, seen = running()
    build.stop(task)
    step(build, task, *seen)
    forgotten = Drain(acknowledged_at=build.clock.now(), in_flight=0)
    plan = step(build, task, *seen, drain=forgotten)
    assert (plan.effects, plan.wake_at) == ((), later(build.clock.now(), WORKER_LAG))
    build.clock.turn_to(plan.wake_at)
    drain(build, task, *seen, drain=forgotten)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_open_connections_are_waited_for_and_those_of_other_clients_not_for_long():
    build, task, seen = running()
    build.stop(task)
    step(build, task, *seen)
    since = build.clock.now()
    still_open = Drain(acknowledged_at=since, in_flight=0, connections=1)
    build.clock.turn_to(later(since, IDLE_LIMIT - 0.1))
    drain(build, task, *seen, drain=still_open)
    assert build.world.tasks[task].last_status is TaskStatus.DEACTIVATING
    build.clock.turn_to(later(since, IDLE_LIMIT))
    drain(build, task, *seen, drain=still_open)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_requests_are_counted_only_after_new_connections_are_rejected():
    build, task, seen = running()
    build.stop(task)
    step(build, task, *seen)
    plan = step(build, task, *seen, drain=DRAINED)
    away = (RejectNewConnections(build.world.tasks[task].id, (9000,)),)
    assert (plan.effects, plan.changes) == (away, ())
    again = step(build, task, *seen, drain=DRAINED)
    assert again.effects == away, "whoever doesn't know that it was done, after a restart, does it"
    plan = step(build, task, *seen, drain=Drain(in_flight=1, rejects_connections=True))
    assert (plan.effects, plan.wake_at) == ((), later(build.clock.now(), DRAIN_POLL))
    step(build, task, *seen, drain=replace(DRAINED, rejects_connections=True))
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING


def test_the_proxy_stops_last_and_after_its_last_report():
    build, task, seen = running()
    proxy = seen[0]
    build.stop(task)
    step(build, task, *seen)
    drain(build, task, *seen, drain=DRAINED)
    assert step(build, task, *seen).effects == (StopContainer(build.world.tasks[task].id, "api"),)
    ended = down(build, "api", 143)
    assert step(build, task, proxy, ended, reported_at=build.clock.now()).effects == ()
    fresh = later(build.clock.now(), 0.5)
    assert step(build, task, proxy, ended, reported_at=fresh).effects == (
        StopContainer(build.world.tasks[task].id, proxy.name),
    )
    build.clock.turn_to(later(build.clock.now(), 10))
    assert step(build, task, proxy, ended).effects != (), "ten seconds at the most"


def test_a_stopped_task_is_released_and_removed_after_an_hour():
    build, task, seen = running()
    build.stop(task)
    step(build, task, *seen)
    drain(build, task, *seen, drain=DRAINED)
    exits = (down(build, seen[0].name), down(build, "api", 143))
    step(build, task, *exits)
    known = build.world.tasks[task]
    assert known.last_status is TaskStatus.DEPROVISIONING
    assert [c.exit_code for c in known.containers] == [143, 0]
    assert [type(e) for e in step(build, task, *exits).effects] == [ReleaseSandbox]
    step(build, task, gone=True)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPED
    assert build.world.tasks[task].stopped_reason == "Task stopped by user"
    wake_at = step(build, task, gone=True).wake_at
    assert wake_at == later(build.clock.now(), 3600)
    build.clock.turn_to(wake_at)
    step(build, task, gone=True)
    assert task not in build.world.tasks


@pytest.mark.parametrize(
    ("status", "code", "following"),
    [
        (TaskStatus.PENDING, StopCode.TASK_FAILED_TO_START, TaskStatus.STOPPING),
        (TaskStatus.RUNNING, StopCode.ESSENTIAL_CONTAINER_EXITED, TaskStatus.DEACTIVATING),
    ],
)
def test_a_task_without_its_sandbox_stops(status, code, following):
    build, task, _ = running()
    put(build, task, last_status=status)
    step(build, task, gone=True)
    known = build.world.tasks[task]
    assert (known.stop_code, known.last_status) == (code, following)
    assert {c.last_status for c in known.containers} == {ContainerStatus.STOPPED}


def test_a_start_fault_is_the_stopped_reason():
    build, task = server()
    step(build, task, gone=True, fault="CannotPullContainerError: no such image")
    record = build.world.tasks[task]
    assert record.stop_code is StopCode.TASK_FAILED_TO_START
    assert record.stopped_reason == "CannotPullContainerError: no such image"
    assert record.started_at is None
    service = build.world.services[record.service or ""]
    assert service.primary.failed_tasks == 1
    assert service.primary.retry_at == later(build.clock.now(), 5)


def test_only_the_failed_container_has_a_reason():
    build = Builder()
    task = build.run(build.definition("pair", container("first"), container("second")))
    step(build, task)
    step(build, task, up(build, "first"), fault="CannotPullContainerError: no such image")
    reasons = {c.name: c.reason for c in build.world.tasks[task].containers}
    assert reasons == {"first": None, "second": "CannotPullContainerError: no such image"}


def test_a_container_that_ended_at_once_counts_as_started():
    build = Builder()
    task = build.run(build.definition("job"))
    step(build, task)
    step(build, task, down(build, "app", 1))
    assert build.world.tasks[task].started_at is not None
    step(build, task, down(build, "app", 1))
    known = build.world.tasks[task]
    assert (known.stop_code, known.last_status) == (StopCode.ESSENTIAL_CONTAINER_EXITED, TaskStatus.STOPPING)


@pytest.mark.parametrize(
    ("condition", "other", "starts"),
    [
        (DependencyCondition.START, "up", True),
        (DependencyCondition.COMPLETE, "up", False),
        (DependencyCondition.COMPLETE, "failed", True),
        (DependencyCondition.SUCCESS, "ended", True),
        (DependencyCondition.HEALTHY, "up", False),
        (DependencyCondition.HEALTHY, "healthy", True),
    ],
)
def test_a_container_waits_for_its_dependencies(condition, other, starts):
    build, task, seen = waiting(condition, other)
    step(build, task, seen)
    assert any(isinstance(e, StartContainer) for e in step(build, task, seen).effects) is starts


@pytest.mark.parametrize(
    ("condition", "other", "after", "words"),
    [
        (DependencyCondition.SUCCESS, "failed", 0, "failed to resolve {} as dependency did not exit successfully."),
        (DependencyCondition.HEALTHY, "ended", 0, "failed to resolve {}"),
        (DependencyCondition.HEALTHY, "up", 180, "{} has timed out."),
    ],
)
def test_a_task_stops_when_a_dependency_cannot_be_met(condition, other, after, words):
    build, task, seen = waiting(condition, other)
    step(build, task, seen)
    plan = step(build, task, seen)
    if after:
        assert plan.wake_at == later(build.clock.now(), after)
        build.clock.turn_to(plan.wake_at)
        step(build, task, seen)
    record = build.world.tasks[task]
    assert record.stop_code is StopCode.TASK_FAILED_TO_START
    image, state = container("app").image, "RUNNING->RUNNING" if after else "STOPPED->RUNNING"
    ended = {"failed": " - Exit: 2", "ended": " - Exit: 0"}.get(other, "")
    both = f"container ordering dependency [first({image}) ({state}){ended}] for target [app({image}) (NONE->RUNNING)]"
    assert record.stopped_reason == f"CannotStartContainerError: dependency graph: {words.format(both)}"


@pytest.mark.parametrize(
    ("condition", "start_timeout"),
    [(DependencyCondition.HEALTHY, 0), (DependencyCondition.START, 5)],
    ids=["none", "of no matter"],
)
def test_a_start_timeout_may_be_unlimited(condition, start_timeout):
    build = Builder()
    first = replace(container("first"), essential=False, health_check=CHECK, start_timeout=start_timeout)
    second = replace(container("app"), depends_on=(ContainerDependency("first", condition),))
    task = build.run(build.definition("pair", first, second))
    step(build, task, up(build, "first"))
    build.clock.turn_to(later(build.clock.now(), 1000))
    step(build, task, up(build, "first"))
    assert build.world.tasks[task].desired_status is DesiredStatus.RUNNING


def waiting(condition, other):
    build = Builder()
    first = replace(container("first"), essential=False, health_check=CHECK)
    second = replace(container("app"), depends_on=(ContainerDependency("first", condition),))
    task = build.run(build.definition("pair", first, second))
    seen = {
        "up": up(build, "first"),
        "healthy": up(build, "first", Health.HEALTHY),
        "ended": down(build, "first"),
        "failed": down(build, "first", 2),
    }[other]
    return build, task, seen
