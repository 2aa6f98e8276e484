"""When a started task is ready: as its health stands, or once it listens where traffic can come in."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import ContainerStatus, Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, ContainerHealthCheck, NetworkMode, PortMapping
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DeploymentId, TaskArn
from moyai.plan.task.readiness import LISTEN_LIMIT, LOOK_AGAIN, expected_listeners
from moyai.testing.world import CHECK, Builder, container
from tests.unit.plan.tasks import proxy_of, put, schedule, step, up

EIGHT_MINUTES = 480


def check(**members: int) -> ContainerHealthCheck:
    return ContainerHealthCheck(("CMD", "true"), **members)


class Starting:
    """A task whose containers are all up, before it is ready."""

    def __init__(self, *containers: ContainerDefinition) -> None:
        self.build = Builder()
        service = self.build.service("back", self.build.definition("back", *containers), 1, offers=["api"])
        self.service = service
        schedule(self.build, service)
        self.task: TaskArn = self.build.tasks(service)[0].arn
        self.names = [c.name for c in containers]
        self.since = self.build.clock.now()
        self.observe(Health.UNKNOWN)
        self.observe(Health.UNKNOWN)

    def is_at(self, status: TaskStatus) -> bool:
        return self.build.world.tasks[self.task].last_status is status

    def observe(self, *healths: Health, **more: Any) -> Instant | None:
        """A look at it, the last health being that of all further containers; when to look again. ``listeners``: those
        that are there (all).
        """
        proxy = proxy_of(self.build.world.tasks[self.task]).name
        each = [*healths, *[healths[-1]] * len(self.names)]
        states: list[Any] = [up(self.build, name, health) for name, health in zip(self.names, each, strict=False)]
        return step(self.build, self.task, up(self.build, proxy, Health.HEALTHY), *states, **more).wake_at

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
def test_an_undecided_health_check_delays_readiness_up_to_its_limit(checked, waits):
    starting = Starting(api(health_check=checked))
    assert starting.observe(Health.UNKNOWN) == later(starting.since, waits)
    starting.pass_time(waits - 1)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.pass_time(waits)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.RUNNING)


def test_an_unhealthy_task_is_held_for_eight_minutes_from_its_start():
    starting = Starting(api(health_check=CHECK))
    starting.pass_time(10)
    assert starting.observe(Health.UNHEALTHY) == later(starting.since, EIGHT_MINUTES)
    starting.pass_time(EIGHT_MINUTES - 1)
    starting.observe(Health.UNHEALTHY)
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.pass_time(EIGHT_MINUTES)
    starting.observe(Health.UNHEALTHY)
    assert starting.is_at(TaskStatus.RUNNING)


@pytest.mark.parametrize("before", [Health.UNKNOWN, Health.UNHEALTHY])
def test_a_task_is_ready_once_it_is_healthy(before):
    starting = Starting(api(health_check=CHECK))
    starting.observe(before)
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.observe(Health.HEALTHY)
    assert starting.is_at(TaskStatus.RUNNING)


def test_a_task_without_a_health_check_is_ready_once_it_listens():
    starting = Starting(api())
    starting.observe(Health.UNKNOWN, listeners=())
    starting.pass_time(6)
    starting.observe(Health.UNKNOWN, listeners=())
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.RUNNING)
    assert starting.build.world.tasks[starting.task].ready_at == starting.build.clock.now()


def test_a_task_that_listens_at_once_is_ready_at_once():
    starting = Starting(api())
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.RUNNING)


def test_a_task_that_never_listens_is_ready_after_forty_seconds_with_an_event():
    starting = Starting(api())
    starting.observe(Health.UNKNOWN, listeners=())
    starting.pass_time(39.9)
    assert starting.observe(Health.UNKNOWN, listeners=()) == later(starting.since, LISTEN_LIMIT)
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.pass_time(40)
    starting.observe(Health.UNKNOWN, listeners=())
    assert starting.is_at(TaskStatus.RUNNING)
    [event] = [m for m in starting.build.messages(starting.service) if "listen" in m]
    assert "does not listen on 9000/tcp at 127.0.0.1 after 40 seconds" in event


def test_listeners_are_polled_without_notifications():
    starting = Starting(api())
    starting.pass_time(8)
    assert starting.observe(Health.UNKNOWN, listeners=()) == later(starting.build.clock.now(), LOOK_AGAIN)


def test_a_health_check_replaces_the_check_of_listeners():
    starting = Starting(api(health_check=CHECK))
    starting.observe(Health.HEALTHY, listeners=())
    assert starting.is_at(TaskStatus.RUNNING)


def test_a_replacement_task_must_listen_for_a_while():
    starting = Starting(api())
    service = starting.build.world.services[starting.service]
    other = replace(service.primary, id=DeploymentId("ecs-svc/1"))
    starting.build.book.apply([Put(replace(service, deployments=(service.primary, other)))])
    starting.observe(Health.UNKNOWN)
    starting.pass_time(1.9)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.ACTIVATING)
    starting.observe(Health.UNKNOWN, listeners=())
    starting.pass_time(2)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.ACTIVATING), "it began anew"
    starting.pass_time(4)
    starting.observe(Health.UNKNOWN)
    assert starting.is_at(TaskStatus.RUNNING)


class Plain:
    """A RUNNING task of a service without a name."""

    def __init__(self, *mappings: PortMapping, **changes: Any) -> None:
        self.build = Builder()
        definition = self.build.definition("s", replace(container(), port_mappings=mappings))
        self.service = self.build.service("s", definition, 1)
        schedule(self.build, self.service)
        self.task: TaskArn = self.build.tasks(self.service)[0].arn
        for _ in range(2):
            self.look(listeners=())
        put(self.build, self.task, **changes)

    def look(self, **more: Any) -> None:
        step(self.build, self.task, up(self.build, "app"), **more)

    @property
    def stored_task(self) -> Task:
        return self.build.world.tasks[self.task]

    def expected_addresses(self) -> list[tuple[str, tuple[str, ...]]]:
        definition = self.build.world.task_definitions[self.stored_task.task_definition]
        return [(e.label, e.addresses) for e in expected_listeners(self.build.world, self.stored_task, definition)]


def test_a_task_without_names_runs_at_once_and_is_ready_once_it_listens():
    starting = Plain(PortMapping(8080))
    assert starting.stored_task.last_status is TaskStatus.RUNNING
    assert starting.stored_task.ready_at is None
    starting.look()
    assert starting.stored_task.ready_at is not None


def test_a_task_without_ports_is_ready_when_it_runs():
    assert Plain().stored_task.ready_at is not None


def test_readiness_requires_every_single_port_at_the_tasks_address():
    starting = Plain(PortMapping(8080), PortMapping(53, protocol="udp"))
    address = (starting.stored_task.interface.address,)
    assert starting.expected_addresses() == [("8080/tcp", address), ("53/udp", address)]


def test_readiness_requires_one_port_of_a_small_range():
    starting = Plain(PortMapping(container_port_range="8000-8099"), PortMapping(container_port_range="9000-9100"))
    assert [shown for shown, _ in starting.expected_addresses()] == ["8000-8099/tcp"]


def test_a_bridge_task_listens_at_its_own_address():
    starting = Plain(PortMapping(8080), bridge_address="172.30.0.2", network_mode=NetworkMode.BRIDGE)
    assert starting.expected_addresses() == [("8080/tcp", ("172.30.0.2",))]


def test_a_listener_of_either_address_family_counts():
    starting = Plain(PortMapping(8080))
    both = replace(starting.stored_task.interface, ipv6_address="2001:db8::1")
    put(starting.build, starting.task, interface=both)
    assert starting.expected_addresses() == [("8080/tcp", (both.address, "2001:db8::1"))]


def test_only_containers_without_a_health_check_must_listen():
    build = Builder()
    checked_container = replace(container("proxy", port=8080), health_check=CHECK)
    definition = build.definition("s", checked_container, container("app", port=9000))
    service = build.service("s", definition, 1)
    schedule(build, service)
    [task] = build.tasks(service)
    running = tuple(replace(c, last_status=ContainerStatus.RUNNING) for c in task.containers)
    current_record = put(build, task.arn, containers=running)
    assert [e.label for e in expected_listeners(build.world, current_record, definition)] == ["9000/tcp"]


def test_an_ended_container_need_not_listen():
    starting = Plain(PortMapping(8080))
    ended = tuple(replace(c, last_status=ContainerStatus.STOPPED) for c in starting.stored_task.containers)
    put(starting.build, starting.task, containers=ended)
    assert starting.expected_addresses() == []


def test_a_task_in_cloud_map_must_listen_at_every_port():
    build = Builder()
    mappings = (PortMapping(9000, name="api"), PortMapping(9001))
    definition = build.definition("back", replace(container("api"), port_mappings=mappings))
    service = build.service("back", definition, 1, offers=["api"])
    schedule(build, service)
    [task] = build.tasks(service)
    running = tuple(replace(c, last_status=ContainerStatus.RUNNING) for c in task.containers)
    alone = put(build, task.arn, containers=running)
    assert [e.label for e in expected_listeners(build.world, alone, definition)] == ["9000/tcp"]
    current_record = put(build, task.arn, service_registries=(build.registry("api", 60),))
    found_expected_listeners = expected_listeners(build.world, current_record, definition)
    assert {(e.label, e.addresses) for e in found_expected_listeners} == {
        ("9000/tcp", ("127.0.0.1",)),
        ("9001/tcp", (task.interface.address,)),
    }


def test_readiness_follows_the_slowest_essential_container():
    starting = Starting(api(health_check=CHECK), replace(container("slow"), health_check=check(interval=10, retries=4)))
    assert starting.observe(Health.HEALTHY, Health.UNKNOWN) == later(starting.since, 4 * (10 + 5))


def test_a_nonessential_container_does_not_delay_readiness():
    starting = Starting(api(health_check=CHECK), replace(container("side"), health_check=CHECK, essential=False))
    starting.observe(Health.HEALTHY, Health.UNHEALTHY)
    assert starting.is_at(TaskStatus.RUNNING)
