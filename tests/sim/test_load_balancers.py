"""Load balancers with simulated front proxies, and a control plane that dies after any action."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.elb.front import front_sandbox
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerState
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.elb.target_group import NOT_IN_USE, Target, TargetState
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import TaskId
from moyai.reconcile.loop import RESYNC
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import container
from tests.sim.control import Installation

SEED = 7
ACTIONS = 40
"""More than the life below has."""


async def life(installation: Installation) -> None:
    """A load balancer with one target is made, gets a second one beside it, and is deleted while its target drains."""
    build = BalancerBuilder(installation.build)
    task = build.world.tasks[installation.build.run(installation.build.definition("web"))]
    balancer, group = build.balancer("first"), build.group()
    build.listener(balancer, group)
    target = build.target(group, task.interface.address, task=task.arn)
    await installation.until(lambda: health_of(installation, target) is TargetState.HEALTHY)
    await until_active(installation, balancer)
    second = BalancerBuilder(installation.build).balancer("second")
    await until_active(installation, second)
    build = BalancerBuilder(installation.build)
    build.deregister(target)
    await installation.until(lambda: target.key not in installation.store.world.targets)
    remaining = BalancerBuilder(installation.build).target(group, task.interface.address, task=task.arn)
    await installation.until(lambda: health_of(installation, remaining) is TargetState.HEALTHY)
    delete(installation, balancer)
    await installation.until(lambda: installation.store.world.targets[remaining.key].health == NOT_IN_USE)
    delete(installation, second)
    sandbox = front_sandbox(balancer.vpc)
    await installation.until(lambda: ("release", sandbox, "") in installation.runtime.history)


async def until_active(installation: Installation, balancer: LoadBalancer) -> None:
    await installation.until(
        lambda: installation.store.world.load_balancers[balancer.arn].state is LoadBalancerState.ACTIVE
    )


def health_of(installation: Installation, target: Target) -> TargetState:
    return installation.store.world.targets[target.key].health.state


def delete(installation: Installation, balancer: LoadBalancer) -> None:
    """DeleteLoadBalancer: its listeners and their rules go along."""
    world = installation.store.world
    listeners = world.listeners.by("load_balancer", balancer.arn)
    rules = [rule for listener in listeners for rule in world.rules.by("listener", listener.arn)]
    changes = [Delete(Rule, rule.arn) for rule in rules] + [Delete(Listener, listener.arn) for listener in listeners]
    installation.store.apply([*changes, Delete(LoadBalancer, balancer.arn)])


@pytest.mark.parametrize("actions", range(0, ACTIONS, 3))
async def test_a_control_plane_that_dies_changes_nothing_of_the_end(actions):
    installation = Installation(SEED)
    installation.start()
    installation.fuse.set(actions + 1)
    await life(installation)
    installation.fuse.mend()
    await installation.clock.advance(60)
    assert await installation.plans_left() == []
    await installation.crash()


async def active_front() -> tuple[Installation, TaskId]:
    """An installation with an active load balancer, and the sandbox of its front proxy."""
    installation = Installation(SEED)
    installation.start()
    balancer = BalancerBuilder(installation.build).balancer()
    await until_active(installation, balancer)
    return installation, front_sandbox(balancer.vpc)


async def test_a_front_proxy_that_ends_is_made_again():
    installation, sandbox = await active_front()
    before = installation.runtime.history.count(("start_proxy", sandbox, "elb-front"))
    installation.runtime.end_container(sandbox, "elb-front")
    await installation.until(lambda: installation.runtime.history.count(("start_proxy", sandbox, "elb-front")) > before)
    await installation.crash()


async def test_a_task_whose_target_a_client_deletes_is_replaced_at_once():
    installation = Installation(SEED)
    installation.start()
    start, build = installation.clock.now(), BalancerBuilder(installation.build)
    group = build.group()
    build.listener(build.balancer(), group)
    service = build.build.service("web", build.build.definition("web", container("app", port=8080)), 1)
    record = installation.store.world.services[service]
    balancers = (ServiceLoadBalancer(group.arn, "app", 8080),)
    installation.store.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=balancers),)))])
    await installation.until(
        lambda: [target.health.state for target in installation.store.world.targets] == [TargetState.HEALTHY]
    )
    await installation.steady(service)
    (target,) = installation.store.world.targets
    await installation.clock.advance(RESYNC + 1 - (installation.clock.now() - start) % RESYNC)
    installation.store.apply([Delete(Target, target.key)])
    await installation.until(lambda: any(task.stopped for task in installation.store.world.tasks), RESYNC / 2)
    await installation.crash()


async def test_a_sandbox_that_is_lost_is_made_again():
    installation, sandbox = await active_front()
    installation.runtime.lose_sandbox(sandbox)
    await installation.until(lambda: installation.runtime.history.count(("prepare", sandbox, "")) > 1)
    await installation.crash()
