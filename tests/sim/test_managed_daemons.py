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
from tests.sim.cuts import check_cuts, first_cuts

STRIDE = 6
S = DaemonDeploymentStatus


def newest(installation, daemon):
    world = installation.store.world
    return world.daemon_deployments[world.daemons[daemon].deployment]


def tasks(installation, daemon):
    return [t for t in installation.store.world.tasks.by("daemon", daemon) if not t.stopped]


async def until_finished(installation, daemon, status=S.SUCCESSFUL):
    await installation.until(lambda: newest(installation, daemon).finished)
    assert newest(installation, daemon).status is status, newest(installation, daemon).status_reason


def revisions(installation, daemon):
    return Counter(t.daemon_revision for t in tasks(installation, daemon))


def fails_to_start(installation):
    """Let the next container fail to start."""
    installation.runtime.fail_next("start", CannotStart("no such program"))
    return True


async def story(installation):
    """Three instances and a service; a deployment; one instance is lost, one is drained; then the daemon goes."""
    hosts = [provider_instance(installation.build).arn for _ in range(3)]
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    web = on_instances(
        installation.build,
        "web",
        for_instances(installation.build, installation.build.definition("web", container("app"))),
        2,
    )
    await installation.steady(web)
    first = newest(installation, daemon).target
    deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    assert first not in revisions(installation, daemon)
    installation.runtime.lose_sandbox(installation.store.world.container_instances[hosts[0]].id)
    await installation.until(
        lambda: StopCode.TERMINATION_NOTICE in {t.stop_code for t in installation.store.world.tasks}
    )
    await installation.until(lambda: installation.is_steady(web) and len(tasks(installation, daemon)) == 3)
    set_instance_status(installation.build, hosts[1], ContainerInstanceStatus.DRAINING)
    await installation.until(lambda: hosts[1] not in {t.container_instance for t in tasks(installation, daemon)})
    delete_daemon(installation.build, daemon)
    await installation.until(lambda: daemon not in installation.store.world.daemons)
    await installation.steady(web)


async def ending(installation):
    await installation.clock.advance(120)
    world = installation.store.world
    alive = [t for t in world.tasks if not t.stopped]
    there = {t.id for t in alive} | {i.id for i in world.container_instances.by("alive", "yes")}
    return {
        "alive": Counter((t.service, t.daemon, t.last_status) for t in alive),
        "sandboxes": set(await installation.runtime.observe()) == there,
        "instances": Counter(i.status for i in world.container_instances),
        "deployments": Counter(d.status for d in world.daemon_deployments),
        "left": await installation.plans_left(),
    }


@pytest.mark.parametrize("first", first_cuts(STRIDE))
async def test_a_crash_after_any_action_reaches_the_same_end(first):
    await check_cuts(story, ending, first, STRIDE)


async def test_a_daemon_without_instances_is_deployed_at_once(installation):
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    host = provider_instance(installation.build)
    await installation.until(lambda: [t.container_instance for t in tasks(installation, daemon)] == [host.arn], 20)


async def test_an_instance_gets_other_tasks_only_after_its_daemon(installation):
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    web = on_instances(
        installation.build,
        "web",
        for_instances(installation.build, installation.build.definition("web", container("app"))),
        2,
    )
    provider_instance(installation.build)
    await installation.until(lambda: installation.is_steady(web))
    [agent] = tasks(installation, daemon)
    assert agent.started_at is not None
    assert all(t.created_at >= agent.started_at for t in installation.build.tasks(web))


async def test_an_update_replaces_one_instance_after_another(installation):
    for _ in range(4):
        provider_instance(installation.build)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    new = {t.container_instance: t.started_at for t in tasks(installation, daemon)}
    old = [t for t in installation.store.world.tasks.by("daemon", daemon) if t.stopped]
    gaps = sorted((t.stopping_at, new[t.container_instance]) for t in old)
    assert len(gaps) == 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(gaps))
    assert set(revisions(installation, daemon)) == {newest(installation, daemon).target}


async def test_a_revision_that_does_not_start_is_rolled_back(installation):
    for _ in range(2):
        provider_instance(installation.build)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    first = newest(installation, daemon).target
    fails_to_start(installation)
    deploy_daemon(installation.build, daemon_definition(installation.build))
    await installation.until(lambda: fails_to_start(installation) and newest(installation, daemon).failures > 1)
    await until_finished(installation, daemon, S.ROLLBACK_SUCCESSFUL)
    assert revisions(installation, daemon) == {first: 2}
    assert newest(installation, daemon).failures >= newest(installation, daemon).threshold == 3


async def test_a_first_deployment_that_fails_holds_no_instance(installation):
    provider_instance(installation.build)
    fails_to_start(installation)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await installation.until(lambda: newest(installation, daemon).finished or (fails_to_start(installation) and False))
    assert newest(installation, daemon).status is S.ROLLBACK_FAILED
    web = on_instances(
        installation.build,
        "web",
        for_instances(installation.build, installation.build.definition("web", container("app"))),
        1,
    )
    await installation.steady(web)


async def test_the_end_of_a_critical_daemons_task_drains_its_instance(installation):
    hosts = [provider_instance(installation.build).arn for _ in range(2)]
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    fails_to_start(installation)
    installation.runtime.end_container(
        next(t.id for t in tasks(installation, daemon) if t.container_instance == hosts[0]), "agent"
    )
    instances = installation.store.world.container_instances
    await installation.until(lambda: instances[hosts[0]].status is ContainerInstanceStatus.DRAINING)
    assert instances[hosts[0]].drained_for == daemon
    await installation.until(lambda: instances[hosts[0]].status is ContainerInstanceStatus.ACTIVE)
    assert len(tasks(installation, daemon)) == 2


async def test_the_end_of_another_daemons_task_drains_nothing(installation):
    host = provider_instance(installation.build).arn
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build), critical=False)
    await until_finished(installation, daemon)
    version = installation.store.world.container_instances[host].version
    [agent] = tasks(installation, daemon)
    installation.build.stop(agent.arn)
    await installation.until(lambda: [t.arn for t in tasks(installation, daemon)] not in ([], [agent.arn]))
    assert installation.store.world.container_instances[host].version == version


async def test_a_full_instance_fails_the_deployment(installation):
    host = provider_instance(installation.build)
    web = on_instances(
        installation.build,
        "web",
        for_instances(installation.build, installation.build.definition("web", container("app"))),
        4,
    )
    await installation.steady(web)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await installation.until(lambda: newest(installation, daemon).status_reason is not None)
    assert newest(installation, daemon).status_reason.startswith("RESOURCE:CPU - Unable to place daemon task")
    assert host.id in newest(installation, daemon).status_reason
    await until_finished(installation, daemon, S.ROLLBACK_FAILED)


async def test_bake_time_delays_the_end(installation):
    provider_instance(installation.build)
    configuration = DaemonDeploymentConfiguration(bake_time_in_minutes=5)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build), configuration=configuration)
    await until_finished(installation, daemon)
    record = newest(installation, daemon)
    assert record.finished_at - record.baking_since >= 300


async def test_another_update_stops_the_deployment_under_way(installation):
    provider_instance(installation.build)
    configuration = DaemonDeploymentConfiguration(bake_time_in_minutes=5)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build), configuration=configuration)
    await installation.until(lambda: newest(installation, daemon).baking_since is not None)
    former = newest(installation, daemon)
    deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    assert installation.store.world.daemon_deployments[former.arn].status is S.STOPPED
    assert newest(installation, daemon).sources == (former.target,)


async def test_tasks_on_an_instance_that_another_provider_has_stop(installation):
    host = provider_instance(installation.build)
    daemon = deploy_daemon(installation.build, daemon_definition(installation.build))
    await until_finished(installation, daemon)
    record = installation.store.world.container_instances[host.arn]
    installation.build.book.apply([Put(replace(record, tags={}))])
    await installation.until(lambda: not tasks(installation, daemon))
