"""Bad days: whatever happens, the service ends where its desired state says, says what happened, and leaves nothing."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration, RolloutState, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CircuitBreaker, HookTarget, HookTimeout, LifecycleHook, LifecycleStage, Strategy
from moyai.domain.ecs.task import StopCode, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.plan.strategy.hooks import unanswered_hooks
from moyai.plan.strategy.start import SUPERSEDED
from moyai.ports.runtime import CannotPull
from moyai.testing.world import CHECK, container
from tests.sim.control import Installation

BREAKER = DeploymentConfiguration(deployment_circuit_breaker=CircuitBreaker(enable=True, rollback=True))
BLUE_GREEN = DeploymentConfiguration(strategy=Strategy.BLUE_GREEN)
AHEAD = 23 * 3600.0
"""Seconds. After a whole day in one stage a deployment is rolled back, and a jump of the clock looks the same."""
_S = ServiceDeploymentStatus


def api(build, words: str | None = None, *, checked: bool = False):
    installation = container("api", None if words is None else ("sim", *words.split()), port=9000)
    return build.definition("back", replace(installation, health_check=CHECK if checked else None))


async def serving(installation: Installation, how: DeploymentConfiguration | None = None, desired: int = 2):
    """A service with a caller, both at rest."""
    back = installation.build.service("back", api(installation.build), desired, offers=["api"], bounds=how)
    front = installation.build.service("front", installation.build.definition("front"), 1, offers=[])
    await installation.steady(back)
    await installation.steady(front)
    return back


async def at_rest(installation: Installation, service, desired: int = 2) -> None:
    """It has what it is to have, of its newest deployment, and nothing else of it is anywhere."""
    await installation.steady(service)
    await installation.clock.advance(60)
    tasks = installation.build.tasks(service)
    (deployment,) = installation.store.world.services[service].deployments
    assert [(t.last_status, t.deployment) for t in tasks] == [(TaskStatus.RUNNING, deployment.id)] * desired
    assert deployment.rollout_state is RolloutState.COMPLETED
    alive = {t.id for t in installation.store.world.tasks if not t.stopped}
    assert set(await installation.runtime.observe()) == alive
    assert await installation.plans_left() == []


async def test_tasks_that_exit_at_once_are_restarted_until_a_better_revision_comes(installation):
    build = installation.build
    service = build.service("back", api(build, "after=1 exit=3"), 1)
    world = installation.store.world
    await installation.until(lambda: sum(t.stopped for t in world.tasks.by("service", service)) > 3)
    ended = [t for t in world.tasks.by("service", service) if t.stopped]
    assert {t.stopped_reason for t in ended} == {"Essential container in task exited"}
    assert {t.containers[0].exit_code for t in ended} == {3}
    assert world.services[service].primary.failed_tasks == 0, "they did start"
    build.deploy(service, api(build))
    await at_rest(installation, service, 1)


async def test_a_missing_image_is_retried_until_it_is_imported(installation):
    build = installation.build
    installation.runtime.fail_next("pull", CannotPull("there is no image moyai.local/app:1"))
    service = build.service("back", api(build), 1)
    await at_rest(installation, service, 1)
    (failed,) = (t for t in build.world.tasks.by("service", service) if t.stopped)
    assert failed.stop_code is StopCode.TASK_FAILED_TO_START
    assert failed.stopped_reason.startswith("CannotPullContainerError")
    assert any("was unable to place a task. Reason: CannotPullContainerError" in m for m in build.messages(service))


async def test_a_failing_health_check_rolls_back_without_an_outage(installation):
    service = await serving(installation, BREAKER)
    build, world = installation.build, installation.store.world
    first = world.services[service].primary.id
    build.deploy(service, api(build, "unhealthy_after=0", checked=True))
    serving_all_along = True

    def through() -> bool:
        nonlocal serving_all_along
        healthy = [t for t in build.tasks(service) if t.deployment == first and t.desired_status.value == "RUNNING"]
        serving_all_along &= len(healthy) == 2
        return bool(build.deployment(service).finished)

    await installation.until(through, within=1200)
    assert serving_all_along
    assert build.deployment(service).status is _S.ROLLBACK_SUCCESSFUL
    assert world.services[service].primary.id == first
    assert any("failed container health checks" in m for m in build.messages(service))
    assert any("deployment failed: tasks failed to start." in m for m in build.messages(service))
    await at_rest(installation, service)


@pytest.mark.parametrize("how", [DeploymentConfiguration(), BLUE_GREEN], ids=["rolling", "blue/green"])
async def test_a_reboot_during_a_deployment_restarts_the_tasks(installation, how):
    service = await serving(installation, how)
    job = installation.build.run(installation.build.definition("job"))
    await installation.until(lambda: installation.store.world.tasks[job].last_status is TaskStatus.RUNNING)
    installation.build.deploy(service, api(installation.build))
    await installation.until(lambda: len(installation.build.tasks(service)) == 4)
    await installation.store.acknowledge()
    for task in list(await installation.runtime.observe()):
        installation.runtime.lose_sandbox(task)
    await installation.restart()
    await at_rest(installation, service)
    gone = installation.store.world.tasks[job]
    assert gone.stopped
    assert gone.stopped_reason
    assert installation.build.deployment(service).status is _S.SUCCESSFUL


@pytest.mark.parametrize("seconds", [AHEAD, -600.0], ids=["23 hours ahead", "ten minutes back"])
@pytest.mark.parametrize("how", [DeploymentConfiguration(), BLUE_GREEN], ids=["rolling", "blue/green"])
async def test_a_clock_jump_only_delays_a_deployment(installation, how, seconds):
    service = await serving(installation, how)
    installation.build.deploy(service, api(installation.build))
    await installation.until(lambda: len(installation.build.tasks(service)) == 4)
    installation.clock.jump(seconds)
    await installation.until(lambda: installation.build.deployment(service).finished, within=900)
    assert installation.build.deployment(service).status is _S.SUCCESSFUL
    await at_rest(installation, service)


@pytest.mark.parametrize("how", [DeploymentConfiguration(), BLUE_GREEN], ids=["rolling", "blue/green"])
async def test_a_superseded_deployment_leaves_nothing(installation, how):
    service = await serving(installation, how)
    installation.build.deploy(service, api(installation.build))
    half = installation.build.deployment(service).arn
    await installation.until(lambda: len(installation.build.tasks(service)) == 4)
    last = installation.build.deploy(service, api(installation.build))
    await installation.until(lambda: installation.build.deployment(service).finished)
    record = installation.store.world.service_deployments[half]
    assert (record.status, record.status_reason) == (_S.STOPPED, SUPERSEDED)
    assert installation.store.world.services[service].primary.id == last
    await at_rest(installation, service)


@pytest.mark.parametrize("how", [DeploymentConfiguration(), BLUE_GREEN], ids=["rolling", "blue/green"])
async def test_a_service_deleted_during_a_deployment_leaves_nothing(installation, how):
    service = await serving(installation, how)
    installation.build.deploy(service, api(installation.build))
    await installation.until(lambda: len(installation.build.tasks(service)) == 4)
    installation.build.delete(service)
    world = installation.store.world
    await installation.until(lambda: world.services[service].status is ServiceStatus.INACTIVE)
    await installation.clock.advance(60)
    assert installation.build.tasks(service) == []
    assert installation.build.deployment(service).status is _S.STOPPED
    left = {t.id for t in world.tasks if not t.stopped}
    assert set(await installation.runtime.observe()) == left
    assert {t.service.rpartition("/")[2] for t in world.tasks if not t.stopped} == {"front"}
    assert await installation.plans_left() == []


async def test_the_last_of_concurrent_updates_wins(installation):
    service = await serving(installation)
    build = installation.build
    deployments = []

    async def update(desired: int) -> None:
        build.scale(service, desired)
        deployments.append((build.deploy(service, api(build)), desired))
        await installation.store.acknowledge()

    await asyncio.gather(*(update(desired) for desired in (1, 3, 4, 2, 3)))
    last, desired = deployments[-1]
    await installation.until(lambda: build.deployment(service).finished)
    assert installation.store.world.services[service].primary.id == last
    await at_rest(installation, service, desired)
    statuses = [d.status for d in installation.store.world.service_deployments.by("service", service)]
    assert sorted(statuses) == sorted([_S.SUCCESSFUL] * 2 + [_S.STOPPED] * 4)


async def test_an_unanswered_pause_times_out_and_rolls_back(installation):
    service = await serving(installation)
    pause = LifecycleHook(HookTarget.PAUSE, (LifecycleStage.PRE_SCALE_UP,), HookTimeout(timeout_in_minutes=3))
    installation.build.configure(service, DeploymentConfiguration(lifecycle_hooks=(pause,)))
    first = installation.store.world.services[service].primary.id
    installation.build.deploy(service, api(installation.build))
    await installation.until(lambda: bool(unanswered_hooks(installation.build.deployment(service))))
    victim = installation.build.tasks(service)[0]
    installation.runtime.set_health(victim.id, "api", Health.UNHEALTHY)
    installation.runtime.end_container(victim.id, "api", 1)
    await installation.until(lambda: installation.store.world.tasks[victim.arn].stopped)
    await installation.until(lambda: installation.build.deployment(service).finished, within=240)
    assert installation.build.deployment(service).status is _S.ROLLBACK_SUCCESSFUL
    assert installation.store.world.services[service].primary.id == first
    await at_rest(installation, service)


async def test_a_waiting_deployment_does_not_replace_failed_tasks(installation):
    build = installation.build
    pause = LifecycleHook(HookTarget.PAUSE, (LifecycleStage.PRE_SCALE_UP,))
    how = DeploymentConfiguration(lifecycle_hooks=(pause,))
    service = build.service("back", api(build, "cannot_start"), 1, bounds=how)
    second = build.deploy(service, api(build))
    world = installation.store.world
    await installation.until(lambda: any(t.stopped for t in world.tasks.by("service", service)))
    await installation.clock.advance(30)
    assert second not in {t.deployment for t in world.tasks.by("service", service)}
    build.go_on(service)
    await at_rest(installation, service, 1)
    assert world.services[service].primary.id == second
