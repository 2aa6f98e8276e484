"""Daemons over the whole control plane: instances come, are lost, drained and go, and each cut ends the same."""

from __future__ import annotations

from collections import Counter

import pytest

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import StopCode
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.world import container
from tests.sim.cuts import SEED, told_after, told_whole

STRIDE = 6


def agent(made):
    return for_instances(made.build, made.build.definition("agent", container("app")))


async def spread(made, service, count):
    """Wait until there are so many tasks and all is steady."""
    await made.until(lambda: len(made.build.tasks(service)) == count and made.is_steady(service))


async def story(made):
    """Two instances, one more; a deployment; one is lost under its tasks, one is drained, one deregistered."""
    hosts = [instance(made.build, is_connected=False).arn for _ in range(2)]
    logs = on_instances(made.build, "logs", agent(made))
    web = on_instances(made.build, "web", agent(made), 2)
    await spread(made, logs, 2)
    hosts.append(instance(made.build, is_connected=False).arn)
    await spread(made, logs, 3)
    first = made.store.world.services[logs].primary.id
    made.build.deploy(logs, agent(made))
    await made.until(lambda: first not in {t.deployment for t in made.build.tasks(logs)})
    await spread(made, logs, 3)
    lost = made.store.world.container_instances[hosts[0]]
    before = {t.arn for t in made.build.tasks(logs) if t.container_instance == lost.arn}
    made.runtime.lose_sandbox(lost.id)
    await made.until(lambda: all(made.store.world.tasks[arn].stopped for arn in before))
    assert {made.store.world.tasks[arn].stop_code for arn in before} == {StopCode.TERMINATION_NOTICE}
    await spread(made, logs, 3)
    set_instance_status(made.build, hosts[1], ContainerInstanceStatus.DRAINING)
    await made.until(lambda: hosts[1] not in {t.container_instance for t in made.build.tasks(logs)})
    set_instance_status(made.build, hosts[2], ContainerInstanceStatus.INACTIVE)
    await spread(made, logs, 1)
    await spread(made, web, 2)
    made.build.delete(logs)
    await made.until(lambda: made.store.world.services[logs].status is ServiceStatus.INACTIVE)


async def ending(made):
    await made.clock.advance(120)
    world = made.store.world
    alive = [t for t in world.tasks if not t.stopped]
    there = {t.id for t in alive} | {i.id for i in world.container_instances.by("alive", "yes")}
    return {
        "alive": Counter((t.service, t.last_status) for t in alive),
        "sandboxes": set(await made.runtime.observe()) == there,
        "counts": {(s.name, s.status, s.desired_count) for s in world.services},
        "left": await made.plans_left(),
    }


@pytest.mark.parametrize("first", range(1, STRIDE + 1))
async def test_a_crash_after_any_action_reaches_the_same_end(first):
    actions, expected = await told_whole(story, ending)
    assert expected["sandboxes"]
    assert expected["left"] == []
    for cut in range(first, actions + 1, STRIDE):
        made, _, reached = await told_after(story, ending, cut)
        assert made.crashes == 1
        assert reached == expected, f"make sim SEED={SEED}: cut after action {cut}"


async def test_daemons_follow_instances_at_once(installation):
    """Nothing of this waits for the look at everything."""
    made = installation
    first, second = (instance(made.build, is_connected=False).arn for _ in range(2))
    logs = on_instances(made.build, "logs", agent(made))
    web = on_instances(made.build, "web", agent(made), 2)
    await spread(made, logs, 2)
    await spread(made, web, 2)
    await made.clock.advance(1)
    third = instance(made.build, is_connected=False).arn
    await made.until(lambda: third in {t.container_instance for t in made.build.tasks(logs)}, 5)
    await spread(made, logs, 3)
    await made.clock.advance(1)
    set_instance_status(made.build, first, ContainerInstanceStatus.DRAINING)
    await made.until(lambda: first not in {t.container_instance for t in made.build.tasks(logs)}, 20)
    set_instance_status(made.build, second, ContainerInstanceStatus.INACTIVE)
    await made.until(lambda: {t.container_instance for t in made.build.tasks(logs)} == {third}, 20)
