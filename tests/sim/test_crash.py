"""The control plane dies after its k-th action, for every k, and the next one brings it to the same end."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import (
    CircuitBreaker,
    HookTarget,
    LifecycleHook,
    LifecycleStage,
    LinearConfiguration,
    Strategy,
    ThresholdConfiguration,
    ThresholdType,
)
from moyai.kernel.ids import TaskArn
from moyai.plan.strategy.hooks import unanswered_hooks
from moyai.testing.world import container
from tests.sim.control import Installation
from tests.sim.cuts import check_cuts, first_cuts, play_uncut

STRIDE = 10


async def rolling(installation: Installation) -> None:
    """Two services, one a client of the other; one is encrypted, loses a task, and is deleted."""
    build = installation.build
    build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"])
    back = next(iter(build.world.services)).arn
    build.discover(back, build.registry("back", 10))
    await installation.steady(back)
    front = installation.build.service("front", installation.build.definition("front"), 1, offers=[])
    await installation.steady(front)
    installation.build.encrypt(back)
    await installation.until(lambda: not installation.store.world.services[back].deployments[1:])
    await installation.steady(back)
    victim = installation.build.tasks(back)[0]
    installation.runtime.end_container(victim.id, "api")
    await installation.until(lambda: installation.store.world.tasks[victim.arn].stopped)
    await installation.steady(back)
    installation.build.delete(front)
    await installation.until(lambda: installation.store.world.services[front].status is ServiceStatus.INACTIVE)


async def moving(installation: Installation) -> None:
    """Traffic moves in steps to a new revision, which pauses once; another one is brought out and taken back."""
    build = installation.build
    definition = build.definition("back", container("api", port=9000))
    pause = LifecycleHook(HookTarget.PAUSE, (LifecycleStage.POST_TEST_TRAFFIC_SHIFT,))
    steps = DeploymentConfiguration(
        strategy=Strategy.LINEAR, linear_configuration=LinearConfiguration(50.0, 0), bake_time_in_minutes=1
    )
    back = build.service("back", definition, 1, offers=["api"])
    installation.build.discover(back, installation.build.registry("back", 10))
    await installation.steady(back)
    front = installation.build.service("front", installation.build.definition("front"), 1, offers=[])
    await installation.steady(front)
    installation.build.configure(back, replace(steps, lifecycle_hooks=(pause,)))
    installation.build.deploy(back, definition)
    await installation.until(lambda: bool(unanswered_hooks(installation.build.deployment(back))))
    installation.build.go_on(back)
    await installation.until(lambda: installation.build.deployment(back).status is ServiceDeploymentStatus.SUCCESSFUL)
    await installation.steady(back)
    installation.build.configure(back, steps)
    installation.build.deploy(back, definition)
    await installation.until(lambda: installation.build.deployment(back).stage is LifecycleStage.BAKE_TIME)
    installation.build.roll_back(back)
    await installation.until(
        lambda: installation.build.deployment(back).status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    )
    await installation.steady(back)
    installation.build.delete(front)
    await installation.until(lambda: installation.store.world.services[front].status is ServiceStatus.INACTIVE)


async def failing(installation: Installation) -> None:
    """Two deployments whose tasks never start: the circuit breaker takes one back, and ends the other where it is."""
    build = installation.build
    good, bad = (
        build.definition("back", container("api", words, port=9000)) for words in (None, ("sim", "cannot_start"))
    )
    back = build.service("back", good, 2, offers=["api"])
    build.discover(back, build.registry("back", 10))
    await installation.steady(back)
    count = ThresholdConfiguration(ThresholdType.COUNT, 2)
    for rollback, ends in (
        (True, ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL),
        (False, ServiceDeploymentStatus.STOPPED),
    ):
        breaker = CircuitBreaker(enable=True, rollback=rollback, threshold_configuration=count)
        installation.build.configure(back, DeploymentConfiguration(deployment_circuit_breaker=breaker))
        installation.build.deploy(back, bad)
        await installation.until(lambda: installation.build.deployment(back).finished)
        assert installation.build.deployment(back).status is ends


async def standing(installation: Installation) -> None:
    """A rolling deployment pauses before its task starts and when it has; another one is aborted at its first pause."""
    build = installation.build
    definition = build.definition("back", container("api", port=9000))
    back = build.service("back", definition, 1, offers=["api"])
    build.discover(back, build.registry("back", 10))
    await installation.steady(back)
    pause = LifecycleHook(HookTarget.PAUSE, (LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP))
    installation.build.configure(back, DeploymentConfiguration(lifecycle_hooks=(pause,)))
    installation.build.deploy(back, definition)
    for stage in pause.lifecycle_stages:
        await installation.until(lambda: bool(unanswered_hooks(installation.build.deployment(back))))
        assert installation.build.deployment(back).stage is stage
        installation.build.go_on(back)
    await installation.until(lambda: installation.build.deployment(back).status is ServiceDeploymentStatus.SUCCESSFUL)
    await installation.steady(back)
    installation.build.deploy(back, definition)
    await installation.until(lambda: bool(unanswered_hooks(installation.build.deployment(back))))
    installation.build.abort(back)
    await installation.until(lambda: installation.build.deployment(back).status is ServiceDeploymentStatus.STOPPED)


async def late(installation: Installation) -> None:
    """Rolling deployments of an application that listens six seconds after its start; the old task stays until then."""
    build = installation.build
    soon, later = (
        build.definition("back", container("api", words, port=9000)) for words in (None, ("sim", "listens_after=6"))
    )
    back = build.service("back", soon, 1, offers=["api"])
    build.discover(back, build.registry("back", 10))
    await installation.steady(back)
    for definition in (later, soon):
        before = {task.arn for task in build.tasks(back)}

        def is_replaced(before: set[TaskArn] = before) -> bool:
            tasks = {instance.task for instance in installation.store.world.discovery_instances}
            assert tasks, "somebody is called at any time"
            return tasks.isdisjoint(before)

        installation.build.deploy(back, definition)
        await installation.until(is_replaced)
        await installation.steady(back)


async def ending(installation: Installation) -> dict[str, object]:
    """The remaining records, without drawn names."""
    await installation.clock.advance(120)
    world = installation.store.world
    alive = [t for t in world.tasks if not t.stopped]
    return {
        "alive": Counter((t.service, t.last_status, t.task_definition) for t in alive),
        "sandboxes": set(await installation.runtime.observe()) == {t.id for t in alive},
        "registered": Counter(i.task for i in world.discovery_instances) == Counter({t.arn: 2 for t in alive}),
        "services": {(s.name, s.status, len(s.deployments)) for s in world.services},
        "left": await installation.plans_left(),
    }


@pytest.mark.parametrize("first", first_cuts(STRIDE))
@pytest.mark.parametrize("story", [rolling, moving, failing, standing, late])
async def test_a_crash_after_any_action_reaches_the_same_end(story, first):
    _, expected = await play_uncut(story, ending)
    assert expected["registered"]
    await check_cuts(story, ending, first, STRIDE, effects_once=True)
