from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.elb.front import FRONT_NAME, front_proxy, front_sandbox, group_cluster, proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerState
from moyai.domain.elb.target_group import (
    DEREGISTRATION_IN_PROGRESS,
    HEALTH_CHECK_DISABLED,
    INITIAL_HEALTH_CHECKING,
    NOT_IN_USE,
    REGISTRATION_IN_PROGRESS,
    Target,
    TargetGroup,
    TargetState,
)
from moyai.domain.sandbox.network import NodesNetwork, SubnetAddress
from moyai.domain.sandbox.state import (
    WORKER_LAG,
    ContainerPhase,
    ContainerState,
    EndpointHealth,
    Health,
    ProxyEndpoint,
    SandboxState,
)
from moyai.domain.world import Delete, Observed, ProxyState, Put
from moyai.plan.action import PrepareSandbox, ReleaseSandbox, SetAddresses, StartProxy
from moyai.plan.elb.front import RESTART_AFTER, RETRY_AFTER, front_addresses, plan_front
from moyai.plan.elb.target_health import DRAIN_POLL, HEALTHY
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import Builder

SYNCED = ProxyState(connected=True, synced=True)
ADDRESS = "172.31.0.200"


@dataclass
class Front:
    """A front proxy whose observed state a test decides."""

    build: BalancerBuilder = field(default_factory=lambda: BalancerBuilder(Builder()))
    phase: ContainerPhase | None = ContainerPhase.RUNNING
    health: Health = Health.HEALTHY
    exists: bool = True
    addresses: tuple[SubnetAddress, ...] | None = None
    proxy: ProxyState | None = SYNCED
    fault: str | None = None
    endpoints: list[ProxyEndpoint] | None = field(default_factory=list)
    is_published: bool = True
    started_at: Any = 0.0

    @property
    def world(self):
        return self.build.world

    @property
    def now(self):
        return self.build.build.clock.now()

    @property
    def vpc(self):
        return self.build.subnets()[0].vpc

    def observation(self) -> Observed:
        task, balancers = front_sandbox(self.vpc), tuple(self.world.load_balancers)
        containers = {}
        if self.phase is not None:
            containers[FRONT_NAME] = ContainerState(FRONT_NAME, self.phase, self.started_at, health=self.health)
        addresses = front_addresses(self.world, balancers) if self.addresses is None else self.addresses
        return Observed(
            sandboxes={task: SandboxState(task, containers, addresses=addresses)} if self.exists else {},
            faults={} if self.fault is None else {task: self.fault},
            proxies={} if self.proxy is None else {front_proxy(self.vpc): self.proxy},
            endpoints={} if self.endpoints is None or not self.exists else {task: self.endpoints},
            published=frozenset(balancer.arn for balancer in balancers) if self.is_published else frozenset(),
        )

    def step(self):
        """The plan, its changes made."""
        plan = plan_front(self.world, self.observation(), self.vpc, self.now)
        self.build.build.book.apply(plan.changes)
        return plan

    def state(self, balancer: LoadBalancer):
        return self.world.load_balancers[balancer.arn].state

    def health_of(self, target: Target):
        return self.world.targets[target.key].health


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def group(front):
    """A target group that a listener uses."""
    group = front.build.group()
    front.build.listener(front.build.balancer(), group)
    return group


def endpoint(group: TargetGroup, zone: str = "", **more: Any) -> ProxyEndpoint:
    return ProxyEndpoint(group_cluster(group.arn, zone), ADDRESS, 8080, **more)


class TestTheSandbox:
    def test_a_vpc_without_load_balancers_needs_nothing(self, front):
        front.exists = False
        assert front.step().actions == ()

    def test_all_nodes_have_an_address(self, front):
        inside, public = front.build.balancer("inside"), front.build.balancer("public", public=True)
        front.exists = False
        (prepared,) = front.step().effects
        assert isinstance(prepared, PrepareSandbox)
        network = prepared.sandbox.network
        assert isinstance(network, NodesNetwork)
        nodes = [node.interface.address for node in (*inside.nodes, *public.nodes)]
        proxied = [proxied_address(node.interface.address) for node in public.nodes]
        assert sorted(entry.address for entry in network.addresses) == sorted((*nodes, *proxied))
        assert prepared.sandbox.task == front_sandbox(front.vpc)

    def test_the_proxy_starts_once_it_has_a_configuration(self, front):
        front.build.balancer()
        front.phase, front.proxy = None, None
        assert front.step().effects == ()
        front.proxy = ProxyState()
        (start,) = front.step().effects
        assert isinstance(start, StartProxy)
        assert (start.proxy, start.name) == (front_proxy(front.vpc), FRONT_NAME)

    def test_addresses_follow_the_load_balancers(self, front):
        first, second = front.build.balancer("first"), front.build.balancer("second")
        addresses = front_addresses(front.world, [first, second])
        assert front.step().effects == ()
        front.build.build.book.apply([Delete(LoadBalancer, second.arn)])
        front.addresses = addresses
        (change,) = front.step().effects
        assert change == SetAddresses(front_sandbox(front.vpc), front_addresses(front.world, [first]))

    def test_the_sandbox_goes_with_the_last_load_balancer(self, front):
        assert front.step().effects == (ReleaseSandbox(front_sandbox(front.vpc)),)

    def test_a_proxy_that_ended_starts_again_but_not_all_the_time(self, front):
        front.build.balancer()
        front.phase, front.started_at = ContainerPhase.STOPPED, front.now
        plan = front.step()
        assert plan.effects == ()
        assert plan.wake_at == front.now + RESTART_AFTER
        front.started_at -= RESTART_AFTER
        (start,) = front.step().effects
        assert isinstance(start, StartProxy)
        assert (start.proxy, start.attempt) == (front_proxy(front.vpc), 1)


class TestTheStateOfALoadBalancer:
    @pytest.mark.parametrize(
        "missing",
        [
            {"exists": False},
            {"phase": None},
            {"health": Health.UNKNOWN},
            {"addresses": ()},
            {"proxy": ProxyState(connected=True)},
            {"is_published": False},
        ],
    )
    def test_an_unserved_load_balancer_is_provisioning(self, front, missing):
        balancer = front.build.balancer()
        for name, value in missing.items():
            setattr(front, name, value)
        front.step()
        assert front.state(balancer) is LoadBalancerState.PROVISIONING

    def test_an_acknowledged_load_balancer_is_active(self, front):
        balancer = front.build.balancer()
        front.step()
        assert front.state(balancer) is LoadBalancerState.ACTIVE
        assert front.step().actions == ()

    def test_a_sandbox_that_can_t_be_made_is_tried_again(self, front):
        balancer = front.build.balancer()
        front.exists, front.fault = False, "ResourceInitializationError: no"
        plan = front.step()
        assert front.state(balancer) is LoadBalancerState.FAILED
        assert front.world.load_balancers[balancer.arn].state_reason == front.fault
        assert plan.effects == ()
        assert plan.wake_at == front.now + RETRY_AFTER
        front.fault = None
        assert front.step().effects
        assert front.state(balancer) is LoadBalancerState.FAILED
        front.exists = True
        front.step()
        assert front.state(balancer) is LoadBalancerState.ACTIVE
        assert front.world.load_balancers[balancer.arn].state_reason == ""

    def test_a_refused_configuration_impairs_it(self, front):
        balancer = front.build.balancer()
        front.step()
        front.proxy = ProxyState(connected=True, rejection="no such certificate")
        front.step()
        changed = front.world.load_balancers[balancer.arn]
        assert (changed.state, changed.state_reason) == (LoadBalancerState.ACTIVE_IMPAIRED, "no such certificate")
        front.proxy = ProxyState(connected=True, synced=True)
        front.step()
        assert front.state(balancer) is LoadBalancerState.ACTIVE


class TestTheHealthOfATarget:
    def test_a_target_of_an_unused_group_is_unused(self, front):
        target = front.build.target(front.build.group(), ADDRESS)
        front.exists = False
        front.step()
        assert front.health_of(target) == NOT_IN_USE

    @pytest.mark.parametrize(
        ("endpoints", "expected"),
        [
            ([], REGISTRATION_IN_PROGRESS),
            ([{"health": EndpointHealth.PENDING}], INITIAL_HEALTH_CHECKING),
            ([{}], HEALTHY),
            ([{}, {"zone": "a", "health": EndpointHealth.PENDING}], INITIAL_HEALTH_CHECKING),
            ([{"draining": True}], REGISTRATION_IN_PROGRESS),
        ],
    )
    def test_health_is_as_the_front_observes(self, front, group, endpoints, expected):
        target = front.build.target(group, ADDRESS)
        front.endpoints = [endpoint(group, **more) for more in endpoints]
        front.step()
        assert front.health_of(target) == expected

    @pytest.mark.parametrize(
        ("failure", "reason", "description"),
        [
            ({"timed_out": True}, "Target.Timeout", "Request timed out"),
            ({"status": 503}, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
            ({}, "Target.FailedHealthChecks", "Health checks failed"),
        ],
    )
    def test_an_unhealthy_target_has_a_reason(self, front, group, failure, reason, description):
        target = front.build.target(group, ADDRESS)
        front.endpoints = [endpoint(group, health=EndpointHealth.UNHEALTHY, **failure)]
        front.step()
        health = front.health_of(target)
        assert (health.state, health.reason, health.description) == (TargetState.UNHEALTHY, reason, description)

    @pytest.mark.parametrize("silence", [{"endpoints": None}, {"phase": ContainerPhase.STOPPED, "endpoints": None}])
    def test_health_stays_while_the_front_is_silent(self, front, group, silence):
        target = front.build.target(group, ADDRESS)
        front.endpoints = [endpoint(group)]
        front.step()
        for name, value in silence.items():
            setattr(front, name, value)
        front.step()
        assert front.health_of(target) == HEALTHY

    def test_a_group_without_checks_has_no_health(self, front, group):
        unchecked = replace(group, health_check=replace(group.health_check, enabled=False))
        front.build.build.book.apply([Put(unchecked)])
        target = front.build.target(unchecked, ADDRESS)
        front.endpoints = [endpoint(unchecked)]
        front.step()
        assert front.health_of(target) == HEALTH_CHECK_DISABLED


class TestATargetThatLeaves:
    @pytest.fixture
    def leaving(self, front, group):
        target = front.build.target(group, ADDRESS)
        front.endpoints = [endpoint(group)]
        front.step()
        return front.build.deregister(target)

    def test_a_leaving_target_stays_until_the_front_drains_it(self, front, leaving):
        plan = front.step()
        assert front.health_of(leaving) == DEREGISTRATION_IN_PROGRESS
        assert plan.wake_at == front.now + DRAIN_POLL

    async def test_a_busy_target_stays(self, front, group, leaving):
        front.endpoints = [endpoint(group, draining=True), endpoint(group, zone="a", draining=True, active=1)]
        front.step()
        await front.build.build.clock.advance(WORKER_LAG)
        front.step()
        assert front.health_of(leaving) == DEREGISTRATION_IN_PROGRESS
        front.endpoints = [endpoint(group, draining=True), endpoint(group, zone="a", draining=True)]
        front.step()
        assert leaving.key not in front.world.targets

    async def test_an_idle_target_stays_until_the_workers_know_that_it_drains(self, front, group, leaving):
        front.endpoints = [endpoint(group, draining=True)]
        assert front.step().wake_at == front.now + DRAIN_POLL
        await front.build.build.clock.advance(WORKER_LAG - DRAIN_POLL)
        front.step()
        assert leaving.key in front.world.targets
        await front.build.build.clock.advance(DRAIN_POLL)
        front.step()
        assert leaving.key not in front.world.targets

    async def test_the_delay_ends_it(self, front, group, leaving):
        front.endpoints = [endpoint(group, draining=True, active=1)]
        await front.build.build.clock.advance(299)
        front.step()
        assert leaving.key in front.world.targets
        await front.build.build.clock.advance(1)
        front.step()
        assert leaving.key not in front.world.targets

    @pytest.mark.parametrize("gone", [{"exists": False}, {"phase": ContainerPhase.STOPPED, "endpoints": None}])
    def test_nothing_is_under_way_without_a_front(self, front, leaving, gone):
        for name, value in gone.items():
            setattr(front, name, value)
        front.step()
        assert leaving.key not in front.world.targets

    def test_a_front_that_doesn_t_answer_is_waited_for(self, front, leaving):
        front.endpoints = None
        front.step()
        assert leaving.key in front.world.targets

    def test_a_target_that_is_registered_again_stays(self, front, group, leaving):
        front.step()
        front.build.build.book.apply([Put(replace(leaving, deregistered_at=None))])
        front.endpoints = [endpoint(group, draining=True)]
        front.step()
        assert front.health_of(leaving) == REGISTRATION_IN_PROGRESS
        front.endpoints = [endpoint(group)]
        front.step()
        assert front.health_of(leaving) == HEALTHY
