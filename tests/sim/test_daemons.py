"""Daemons over the whole control plane: instances come, are lost, drained and go, and each cut ends the same."""

from __future__ import annotations

from collections import Counter

import pytest

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import StopCode
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.world import container
from tests.sim.cuts import check_cuts, first_cuts

STRIDE = 6


def agent(installation):
    return for_instances(installation.build, installation.build.definition("agent", container("app")))


async def spread(installation, service, count):
    """Wait until there are so many tasks and all is steady."""
    await installation.until(
        lambda: len(installation.build.tasks(service)) == count and installation.is_steady(service)
    )


async def story(installation):
    """Two instances, one more; a deployment; one is lost under its tasks, one is drained, one deregistered."""
    hosts = [instance(installation.build, is_connected=False).arn for _ in range(2)]
    logs = on_instances(installation.build, "logs", agent(installation))
    web = on_instances(installation.build, "web", agent(installation), 2)
    await spread(installation, logs, 2)
    hosts.append(instance(installation.build, is_connected=False).arn)
    await spread(installation, logs, 3)
    first = installation.store.world.services[logs].primary.id
    installation.build.deploy(logs, agent(installation))
    await installation.until(lambda: first not in {t.deployment for t in installation.build.tasks(logs)})
    await spread(installation, logs, 3)
    lost = installation.store.world.container_instances[hosts[0]]
    before = {t.arn for t in installation.build.tasks(logs) if t.container_instance == lost.arn}
    installation.runtime.lose_sandbox(lost.id)
    await installation.until(lambda: all(installation.store.world.tasks[arn].stopped for arn in before))
    assert {installation.store.world.tasks[arn].stop_code for arn in before} == {StopCode.TERMINATION_NOTICE}
    await spread(installation, logs, 3)
    set_instance_status(installation.build, hosts[1], ContainerInstanceStatus.DRAINING)
    await installation.until(lambda: hosts[1] not in {t.container_instance for t in installation.build.tasks(logs)})
    set_instance_status(installation.build, hosts[2], ContainerInstanceStatus.INACTIVE)
    await spread(installation, logs, 1)
    await spread(installation, web, 2)
    installation.build.delete(logs)
    await installation.until(lambda: installation.store.world.services[logs].status is ServiceStatus.INACTIVE)


async def ending(installation):
    await installation.clock.advance(120)
    world = installation.store.world
    alive = [t for t in world.tasks if not t.stopped]
    there = {t.id for t in alive} | {i.id for i in world.container_instances.by("alive", "yes")}
    return {
        "alive": Counter((t.service, t.last_status) for t in alive),
        "sandboxes": set(await installation.runtime.observe()) == there,
        "counts": {(s.name, s.status, s.desired_count) for s in world.services},
        "left": await installation.plans_left(),
    }


@pytest.mark.parametrize("first", first_cuts(STRIDE))
async def test_a_crash_after_any_action_reaches_the_same_end(first):
    await check_cuts(story, ending, first, STRIDE)


async def test_daemons_follow_instances_at_once(installation):
    """Nothing of this waits for the look at everything."""
    first, second = (instance(installation.build, is_connected=False).arn for _ in range(2))
    logs = on_instances(installation.build, "logs", agent(installation))
    web = on_instances(installation.build, "web", agent(installation), 2)
    await spread(installation, logs, 2)
    await spread(installation, web, 2)
    await installation.clock.advance(1)
    third = instance(installation.build, is_connected=False).arn
    await installation.until(lambda: third in {t.container_instance for t in installation.build.tasks(logs)}, 5)
    await spread(installation, logs, 3)
    await installation.clock.advance(1)
    set_instance_status(installation.build, first, ContainerInstanceStatus.DRAINING)
    await installation.until(lambda: first not in {t.container_instance for t in installation.build.tasks(logs)}, 20)
    set_instance_status(installation.build, second, ContainerInstanceStatus.INACTIVE)
    await installation.until(lambda: {t.container_instance for t in installation.build.tasks(logs)} == {third}, 20)
