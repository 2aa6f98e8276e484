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
from moyai.reconcile.loop import RESYNC
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import container
from tests.sim.control import Installation

SEED = 7
ACTIONS = 40
"""More than the life below has."""


async def life(made: Installation) -> None:
    """A load balancer with one target comes, gets a second one beside it, and goes; the target drains meanwhile."""
    build = BalancerBuilder(made.build)
    task = build.world.tasks[made.build.run(made.build.definition("web"))]
    balancer, group = build.balancer("first"), build.group()
    build.listener(balancer, group)
    target = build.target(group, task.interface.address, task=task.arn)
    await made.until(lambda: health_of(made, target) is TargetState.HEALTHY)
    await made.until(lambda: made.store.world.load_balancers[balancer.arn].state is LoadBalancerState.ACTIVE)
    second = BalancerBuilder(made.build).balancer("second")
    await made.until(lambda: made.store.world.load_balancers[second.arn].state is LoadBalancerState.ACTIVE)
    build = BalancerBuilder(made.build)
    build.deregister(target)
    await made.until(lambda: target.key not in made.store.world.targets)
    remaining = BalancerBuilder(made.build).target(group, task.interface.address, task=task.arn)
    await made.until(lambda: health_of(made, remaining) is TargetState.HEALTHY)
    delete(made, balancer)
    await made.until(lambda: made.store.world.targets[remaining.key].health == NOT_IN_USE)
    delete(made, second)
    sandbox = front_sandbox(balancer.vpc)
    await made.until(lambda: ("release", sandbox, "") in made.runtime.history)


def health_of(made: Installation, target: Target) -> TargetState:
    return made.store.world.targets[target.key].health.state


def delete(made: Installation, balancer: LoadBalancer) -> None:
    """DeleteLoadBalancer: its listeners and their rules go along."""
    world = made.store.world
    listeners = world.listeners.by("load_balancer", balancer.arn)
    rules = [rule for listener in listeners for rule in world.rules.by("listener", listener.arn)]
    changes = [Delete(Rule, rule.arn) for rule in rules] + [Delete(Listener, listener.arn) for listener in listeners]
    made.store.apply([*changes, Delete(LoadBalancer, balancer.arn)])


@pytest.mark.parametrize("actions", range(0, ACTIONS, 3))
async def test_a_control_plane_that_dies_changes_nothing_of_the_end(actions):
    made = Installation(SEED)
    made.start()
    made.fuse.set(actions + 1)
    await life(made)
    made.fuse.mend()
    await made.clock.advance(60)
    assert await made.plans_left() == []
    await made.crash()


async def test_a_front_proxy_that_ends_is_made_again():
    made = Installation(SEED)
    made.start()
    balancer = BalancerBuilder(made.build).balancer()
    await made.until(lambda: made.store.world.load_balancers[balancer.arn].state is LoadBalancerState.ACTIVE)
    sandbox = front_sandbox(balancer.vpc)
    before = made.runtime.history.count(("start_proxy", sandbox, "elb-front"))
    made.runtime.end_container(sandbox, "elb-front")
    await made.until(lambda: made.runtime.history.count(("start_proxy", sandbox, "elb-front")) > before)
    await made.crash()


async def test_a_task_whose_target_a_client_deletes_is_replaced_at_once():
    made = Installation(SEED)
    made.start()
    start, build = made.clock.now(), BalancerBuilder(made.build)
    group = build.group()
    build.listener(build.balancer(), group)
    service = build.build.service("web", build.build.definition("web", container("app", port=8080)), 1)
    record = made.store.world.services[service]
    balancers = (ServiceLoadBalancer(group.arn, "app", 8080),)
    made.store.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=balancers),)))])
    await made.until(lambda: [target.health.state for target in made.store.world.targets] == [TargetState.HEALTHY])
    await made.steady(service)
    (target,) = made.store.world.targets
    await made.clock.advance(RESYNC + 1 - (made.clock.now() - start) % RESYNC)
    made.store.apply([Delete(Target, target.key)])
    await made.until(lambda: any(task.stopped for task in made.store.world.tasks), RESYNC / 2)
    await made.crash()


async def test_a_sandbox_that_is_lost_is_made_again():
    made = Installation(SEED)
    made.start()
    balancer = BalancerBuilder(made.build).balancer()
    await made.until(lambda: made.store.world.load_balancers[balancer.arn].state is LoadBalancerState.ACTIVE)
    sandbox = front_sandbox(balancer.vpc)
    made.runtime.lose_sandbox(sandbox)
    await made.until(lambda: made.runtime.history.count(("prepare", sandbox, "")) > 1)
    await made.crash()
