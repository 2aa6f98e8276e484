"""Names that follow their namespace under a running task, and those that don't."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.connect.names import VIRTUAL_CIDR, ConnectView, SeenName, allocate_more_addresses
from moyai.domain.defaults import Defaults
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.state import SandboxState
from moyai.domain.world import Delete, Observed, Put
from moyai.kernel.clock import later
from moyai.kernel.ids import DiscoveryServiceArn, InstanceId, NamespaceArn, ServiceArn, TaskArn
from moyai.plan.action import Plan, WriteHosts
from moyai.plan.service_connect.live_names import LINGER
from moyai.plan.task.lifecycle import plan_task
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import schedule, settled_service, up


class Caller:
    """A running client, whose hosts file has the names that were written last."""

    def __init__(self, live: str | None) -> None:
        self.build, self.service = settled_service(1, offers=[])
        if live is not None:
            self.build.live(live)
        self.hosts: tuple[HostName, ...] = ()
        self.arn = self.task.arn
        self.step()

    @property
    def task(self) -> Task:
        (task,) = self.build.tasks(self.service)
        return task

    @property
    def names(self) -> dict[str, str]:
        assert self.task.view is not None
        return {n.dns_name: n.address for n in self.task.view.names if n.left_at is None}

    def step(self, *, acked: bool = False) -> Plan:
        seen = {c.name: up(self.build, c.name) for c in self.task.containers}
        observed = Observed(
            sandboxes={self.task.id: SandboxState(self.task.id, seen, self.hosts)},
            with_acked_routes=frozenset({self.task.id}) if acked else frozenset(),
        )
        plan = plan_task(self.build.world, observed, self.arn, self.build.clock.now(), self.build.ids)
        self.build.book.apply(plan.changes)
        for effect in plan.effects:
            assert isinstance(effect, WriteHosts)
            self.hosts = effect.hosts
        return plan

    def resolvable(self) -> dict[str, str]:
        return {h.name: h.address for h in self.hosts if h.address.startswith("127.255.")}

    def show(self) -> None:
        """Let its proxy acknowledge everything."""
        self.step()
        self.step(acked=True)
        self.step()


def offer(build: Builder, name: str, *, answered: bool = True) -> ServiceArn:
    arn = build.service(name, build.definition(name, container("api", port=9000)), 1, offers=["api"])
    if answered:
        answer(build, arn)
    return arn


def answer(build: Builder, service: ServiceArn) -> None:
    """Have a task answer for the service's endpoint."""
    (owned,) = build.world.discovery_services.by("owner", service)
    instance = DiscoveryInstance(owned.arn, InstanceId("i"), {}, build.clock.now())
    build.book.apply([Put(instance)])


def test_without_live_endpoints_a_running_tasks_names_are_fixed():
    caller = Caller(None)
    offer(caller.build, "back")
    assert caller.step(acked=True) == Plan()
    assert caller.names == {}


@pytest.mark.parametrize(("default", "tag", "moves"), [(True, None, True), (True, "off", False), (False, "on", True)])
def test_a_clusters_setting_overrides_the_installations(default, tag, moves):
    caller = Caller(tag)
    caller.build.book.apply([Put(Defaults(live_endpoints=default))])
    offer(caller.build, "back")
    caller.step()
    assert bool(caller.names) is moves


def test_a_name_resolves_after_the_proxy_has_acknowledged_it():
    caller = Caller("on")
    offer(caller.build, "back")
    caller.step()
    assert caller.names == {"back-api": "127.255.0.1"}
    assert caller.step() == Plan(), "nothing more until the proxy says so"
    assert caller.resolvable() == {}
    caller.step(acked=True)
    assert caller.resolvable() == {"back-api": "127.255.0.1"}
    assert caller.step() == Plan()


def test_a_name_resolves_once_it_has_an_endpoint_and_then_stays():
    caller = Caller("on")
    back = offer(caller.build, "back", answered=False)
    caller.step()
    assert caller.step(acked=True) == Plan()
    answer(caller.build, back)
    caller.show()
    assert caller.resolvable() == {"back-api": "127.255.0.1"}
    for instance in tuple(caller.build.world.discovery_instances):
        caller.build.book.apply([Delete(DiscoveryInstance, instance.key)])
    assert caller.step() == Plan()


def test_a_withdrawn_name_stops_resolving_but_stays_routed_for_a_while():
    caller = Caller("on")
    back = offer(caller.build, "back")
    caller.show()
    caller.build.delete(back)
    caller.step()
    assert caller.resolvable() == {}
    assert caller.task.view is not None
    assert [n.dns_name for n in caller.task.view.names] == ["back-api"], "its proxy still leads it on"
    left = caller.build.clock.now()
    assert caller.step() == Plan(wake_at=later(left, LINGER))
    caller.build.clock.turn_to(later(left, LINGER))
    caller.step()
    assert caller.task.view is not None
    assert caller.task.view.names == ()
    assert caller.step() == Plan()


def test_a_deleted_services_records_go_with_its_last_caller():
    caller = Caller("on")
    back = offer(caller.build, "back")
    caller.show()
    caller.build.delete(back)
    for instance in tuple(caller.build.world.discovery_instances):
        caller.build.book.apply([Delete(DiscoveryInstance, instance.key)])
    schedule(caller.build, back)
    assert caller.build.world.services[back].status is ServiceStatus.INACTIVE
    caller.step()
    assert len(caller.build.world.discovery_services) == 1
    caller.build.clock.turn_to(later(caller.build.clock.now(), LINGER))
    caller.step()
    assert len(caller.build.world.discovery_services) == 0


def test_a_virtual_address_is_not_reused_for_another_name():
    caller = Caller("on")
    first = offer(caller.build, "first")
    caller.show()
    caller.build.delete(first)
    caller.step()
    caller.build.clock.turn_to(later(caller.build.clock.now(), LINGER))
    caller.step()
    offer(caller.build, "second")
    caller.step()
    assert caller.names == {"second-api": "127.255.0.2"}


def test_a_returning_name_keeps_its_address():
    caller = Caller("on")
    back = offer(caller.build, "back")
    caller.show()
    before = caller.build.world.services[back]
    caller.build.delete(back)
    caller.step()
    caller.build.book.apply([Put(before)])
    caller.show()
    assert caller.resolvable() == caller.names == {"back-api": "127.255.0.1"}


def test_a_name_stays_during_the_deployment_that_removes_it():
    caller = Caller("on")
    back = offer(caller.build, "back")
    caller.show()
    service = caller.build.world.services[back]
    assert service.primary.view is not None
    without = replace(service.primary, view=replace(service.primary.view, names=(), offers=()))
    caller.build.book.apply([Put(replace(service, deployments=(without, service.primary)))])
    caller.step()
    assert caller.names == {"back-api": "127.255.0.1"}
    caller.build.book.apply([Put(replace(service, deployments=(without,)))])
    caller.step()
    assert caller.names == {}


def test_disabling_live_endpoints_keeps_a_running_tasks_names():
    caller = Caller("on")
    back = offer(caller.build, "back")
    caller.show()
    caller.build.live("off")
    caller.build.delete(back)
    offer(caller.build, "later")
    assert caller.step() == Plan()
    assert caller.resolvable() == {"back-api": "127.255.0.1"}


def test_a_starting_task_has_the_current_names():
    build, service = settled_service(1, offers=[])
    build.live("on")
    offer(build, "back")
    build.scale(service, 2)
    schedule(build, service)
    new: TaskArn = next(t.arn for t in build.tasks(service) if t.last_status is TaskStatus.PROVISIONING)
    plan = plan_task(build.world, Observed(), new, build.clock.now(), build.ids)
    (prepare,) = plan.effects
    assert HostName("127.255.0.1", "back-api") in prepare.sandbox.hosts  # type: ignore[union-attr]


def test_exhausted_addresses_are_reused_from_removed_names():
    target = DiscoveryServiceArn("arn")
    last = str(VIRTUAL_CIDR[-2])
    view = ConnectView(NamespaceArn("arn"), (SeenName("a", 80, last, target), SeenName("b", 80, "127.255.0.1", target)))
    addresses, allotted = allocate_more_addresses(view, ["c", "a"])
    assert addresses == {"a": last, "b": "127.255.0.1", "c": "127.255.0.2"}
    assert allotted > VIRTUAL_CIDR.num_addresses - 2
