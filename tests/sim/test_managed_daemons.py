"""Managed daemons over the whole control plane: deployments, rollbacks, failures, and each cut ends the same."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.daemon import DaemonDeploymentConfiguration, DaemonDeploymentStatus
from moyai.domain.ecs.task import StopCode
from moyai.domain.world import Put
from moyai.ports.runtime import CannotStart
from moyai.testing.daemons import daemon_definition, delete_daemon, deploy_daemon, provider_instance
from moyai.testing.instances import for_instances, on_instances, set_instance_status
from moyai.testing.world import container
from tests.sim.cuts import SEED, told_after, told_whole

STRIDE = 6
S = DaemonDeploymentStatus


def newest(made, daemon):
    world = made.store.world
    return world.daemon_deployments[world.daemons[daemon].deployment]


def tasks(made, daemon):
    return [t for t in made.store.world.tasks.by("daemon", daemon) if not t.stopped]


async def until_finished(made, daemon, status=S.SUCCESSFUL):
    await made.until(lambda: newest(made, daemon).finished)
    assert newest(made, daemon).status is status, newest(made, daemon).status_reason


def revisions(made, daemon):
    return Counter(t.daemon_revision for t in tasks(made, daemon))


def fails_to_start(made):
    """Let the next container fail to start."""
    made.runtime.fail_next("start", CannotStart("no such program"))
    return True


async def story(made):
    """Three instances and a service; a deployment; one instance is lost, one is drained; then the daemon goes."""
    hosts = [provider_instance(made.build).arn for _ in range(3)]
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    web = on_instances(made.build, "web", for_instances(made.build, made.build.definition("web", container("app"))), 2)
    await made.steady(web)
    first = newest(made, daemon).target
    deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    assert first not in revisions(made, daemon)
    made.runtime.lose_sandbox(made.store.world.container_instances[hosts[0]].id)
    await made.until(lambda: StopCode.TERMINATION_NOTICE in {t.stop_code for t in made.store.world.tasks})
    await made.until(lambda: made.is_steady(web) and len(tasks(made, daemon)) == 3)
    set_instance_status(made.build, hosts[1], ContainerInstanceStatus.DRAINING)
    await made.until(lambda: hosts[1] not in {t.container_instance for t in tasks(made, daemon)})
    delete_daemon(made.build, daemon)
    await made.until(lambda: daemon not in made.store.world.daemons)
    await made.steady(web)


async def ending(made):
    await made.clock.advance(120)
    world = made.store.world
    alive = [t for t in world.tasks if not t.stopped]
    there = {t.id for t in alive} | {i.id for i in world.container_instances.by("alive", "yes")}
    return {
        "alive": Counter((t.service, t.daemon, t.last_status) for t in alive),
        "sandboxes": set(await made.runtime.observe()) == there,
        "instances": Counter(i.status for i in world.container_instances),
        "deployments": Counter(d.status for d in world.daemon_deployments),
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


async def test_a_daemon_without_instances_is_deployed_at_once(installation):
    made = installation
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    host = provider_instance(made.build)
    await made.until(lambda: [t.container_instance for t in tasks(made, daemon)] == [host.arn], 20)


async def test_an_instance_gets_other_tasks_only_after_its_daemon(installation):
    made = installation
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    web = on_instances(made.build, "web", for_instances(made.build, made.build.definition("web", container("app"))), 2)
    provider_instance(made.build)
    await made.until(lambda: made.is_steady(web))
    [agent] = tasks(made, daemon)
    assert agent.started_at is not None
    assert all(t.created_at >= agent.started_at for t in made.build.tasks(web))


async def test_an_update_replaces_one_instance_after_another(installation):
    made = installation
    for _ in range(4):
        provider_instance(made.build)
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    new = {t.container_instance: t.started_at for t in tasks(made, daemon)}
    old = [t for t in made.store.world.tasks.by("daemon", daemon) if t.stopped]
    gaps = sorted((t.stopping_at, new[t.container_instance]) for t in old)
    assert len(gaps) == 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(gaps))
    assert set(revisions(made, daemon)) == {newest(made, daemon).target}


async def test_a_revision_that_does_not_start_is_rolled_back(installation):
    made = installation
    for _ in range(2):
        provider_instance(made.build)
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    first = newest(made, daemon).target
    fails_to_start(made)
    deploy_daemon(made.build, daemon_definition(made.build))
    await made.until(lambda: fails_to_start(made) and newest(made, daemon).failures > 1)
    await until_finished(made, daemon, S.ROLLBACK_SUCCESSFUL)
    assert revisions(made, daemon) == {first: 2}
    assert newest(made, daemon).failures >= newest(made, daemon).threshold == 3


async def test_a_first_deployment_that_fails_holds_no_instance(installation):
    made = installation
    provider_instance(made.build)
    fails_to_start(made)
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await made.until(lambda: newest(made, daemon).finished or (fails_to_start(made) and False))
    assert newest(made, daemon).status is S.ROLLBACK_FAILED
    web = on_instances(made.build, "web", for_instances(made.build, made.build.definition("web", container("app"))), 1)
    await made.steady(web)


async def test_the_end_of_a_critical_daemons_task_drains_its_instance(installation):
    made = installation
    hosts = [provider_instance(made.build).arn for _ in range(2)]
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    fails_to_start(made)
    made.runtime.end_container(next(t.id for t in tasks(made, daemon) if t.container_instance == hosts[0]), "agent")
    instances = made.store.world.container_instances
    await made.until(lambda: instances[hosts[0]].status is ContainerInstanceStatus.DRAINING)
    assert instances[hosts[0]].drained_for == daemon
    await made.until(lambda: instances[hosts[0]].status is ContainerInstanceStatus.ACTIVE)
    assert len(tasks(made, daemon)) == 2


async def test_the_end_of_another_daemons_task_drains_nothing(installation):
    made = installation
    host = provider_instance(made.build).arn
    daemon = deploy_daemon(made.build, daemon_definition(made.build), critical=False)
    await until_finished(made, daemon)
    version = made.store.world.container_instances[host].version
    [agent] = tasks(made, daemon)
    made.build.stop(agent.arn)
    await made.until(lambda: [t.arn for t in tasks(made, daemon)] not in ([], [agent.arn]))
    assert made.store.world.container_instances[host].version == version


async def test_a_full_instance_fails_the_deployment(installation):
    made = installation
    host = provider_instance(made.build)
    web = on_instances(made.build, "web", for_instances(made.build, made.build.definition("web", container("app"))), 4)
    await made.steady(web)
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await made.until(lambda: newest(made, daemon).status_reason is not None)
    assert newest(made, daemon).status_reason.startswith("RESOURCE:CPU - Unable to place daemon task")
    assert host.id in newest(made, daemon).status_reason
    await until_finished(made, daemon, S.ROLLBACK_FAILED)


async def test_bake_time_delays_the_end(installation):
    made = installation
    provider_instance(made.build)
    configuration = DaemonDeploymentConfiguration(bake_time_in_minutes=5)
    daemon = deploy_daemon(made.build, daemon_definition(made.build), configuration=configuration)
    await until_finished(made, daemon)
    record = newest(made, daemon)
    assert record.finished_at - record.baking_since >= 300


async def test_another_update_stops_the_deployment_under_way(installation):
    made = installation
    provider_instance(made.build)
    configuration = DaemonDeploymentConfiguration(bake_time_in_minutes=5)
    daemon = deploy_daemon(made.build, daemon_definition(made.build), configuration=configuration)
    await made.until(lambda: newest(made, daemon).baking_since is not None)
    former = newest(made, daemon)
    deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    assert made.store.world.daemon_deployments[former.arn].status is S.STOPPED
    assert newest(made, daemon).sources == (former.target,)


async def test_tasks_on_an_instance_that_another_provider_has_stop(installation):
    made = installation
    host = provider_instance(made.build)
    daemon = deploy_daemon(made.build, daemon_definition(made.build))
    await until_finished(made, daemon)
    record = made.store.world.container_instances[host.arn]
    made.build.book.apply([Put(replace(record, tags={}))])
    await made.until(lambda: not tasks(made, daemon))
