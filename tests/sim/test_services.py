from __future__ import annotations

from itertools import pairwise

from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.ecs.service import DeploymentConfiguration, RolloutState, ServiceStatus
from moyai.domain.ecs.service_deployment import Monitor
from moyai.domain.ecs.strategy import DeploymentAlarms
from moyai.domain.ecs.task import StopCode, TaskStatus
from moyai.domain.pca.authority import AuthorityStatus
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.kernel.ids import TaskDefinitionArn
from moyai.plan.certificates.authority import new_built_in_authority
from moyai.plan.task.drain_ports import DRAIN_LIMIT
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.testing.records import put_alarm
from moyai.testing.world import SCOPE, container


async def test_a_service_starts_and_becomes_steady(installation):
    build = installation.build
    service = build.service("front", build.definition("front", container("web", port=8080)), 3, offers=["web"])
    await installation.steady(service)
    tasks = build.tasks(service)
    assert len(tasks) == 3
    assert len({t.availability_zone for t in tasks}) == 3
    assert {t.version for t in tasks} != {1}
    assert len(build.world.discovery_instances) == 3
    assert build.world.services[service].primary.rollout_state is RolloutState.COMPLETED
    assert await installation.plans_left() == []


async def test_the_networks_know_a_task_while_it_has_a_sandbox_and_no_longer(installation):
    build = installation.build
    service = build.service("front", build.definition("front"), 2)
    await installation.steady(service)

    def network_tasks() -> set[str]:
        return {i.task for vpc in installation.runtime.network_spec.vpcs for i in vpc.interfaces}

    assert network_tasks() == {task.id for task in build.tasks(service)}
    victim = build.tasks(service)[0]
    installation.runtime.end_container(victim.id, "app", 3)
    await installation.until(lambda: build.world.tasks[victim.arn].stopped)
    await installation.steady(service)
    await installation.until(lambda: network_tasks() == {task.id for task in build.tasks(service)})


async def test_a_task_that_dies_is_replaced(installation):
    build = installation.build
    service = build.service("back", build.definition("back"), 2)
    await installation.steady(service)
    victim = build.tasks(service)[0]
    installation.runtime.end_container(victim.id, "app", 3)
    await installation.until(lambda: build.world.tasks[victim.arn].stopped)
    await installation.steady(service)
    dead = build.world.tasks[victim.arn]
    assert dead.stop_code is StopCode.ESSENTIAL_CONTAINER_EXITED
    assert dead.stopped_reason == "Essential container in task exited"
    assert dead.containers[0].exit_code == 3
    assert len(build.tasks(service)) == 2
    assert await installation.plans_left() == []


async def test_a_dead_proxy_does_not_delay_stopping(installation):
    build = installation.build
    service = build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"])
    await installation.steady(service)
    victim = build.tasks(service)[0]
    assert [name.target for name in victim.view.names] == [victim.view.offers[0].discovery_service], (
        "it could call itself"
    )
    installation.runtime.end_container(victim.id, victim.proxy.name, 137)
    await installation.until(lambda: build.world.tasks[victim.arn].last_status is TaskStatus.DEACTIVATING)
    since = installation.clock.now()
    await installation.until(lambda: build.world.tasks[victim.arn].last_status is not TaskStatus.DEACTIVATING)
    assert installation.clock.now() < later(since, DRAIN_LIMIT)


async def test_a_deployment_replaces_all_tasks_and_drains_the_old(installation):
    build = installation.build
    back = build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"])
    front = build.service("front", build.definition("front"), 1, offers=[])
    await installation.steady(back)
    await installation.steady(front)
    old = {t.arn for t in build.tasks(back)}
    build.deploy(back, build.definition("back", container("api", port=9000)))
    await installation.until(lambda: all(build.world.tasks[a].stopped for a in old))
    await installation.steady(back)
    assert len(build.world.services[back].deployments) == 1
    assert len(build.tasks(back)) == 2
    assert build.messages(back)[-2:] == [
        f"(service back) (deployment {build.world.services[back].primary.id}) deployment completed.",
        "(service back) has reached a steady state.",
    ]
    assert await installation.plans_left() == []


async def test_a_deleted_service_ends_and_leaves_no_names(installation):
    build = installation.build
    service = build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"])
    await installation.steady(service)
    build.delete(service)
    await installation.until(lambda: build.world.services[service].status is ServiceStatus.INACTIVE)
    assert not build.tasks(service)
    assert len(build.world.discovery_services) == 0
    assert await installation.runtime.observe() == {}
    assert await installation.plans_left() == []


async def test_a_stopped_task_is_removed_after_an_hour(installation):
    build = installation.build
    task = build.run(build.definition("job", container(command=("sim", "after=5", "exit=0"))))
    await installation.until(lambda: build.world.tasks[task].stopped)
    assert build.world.tasks[task].containers[0].exit_code == 0
    await installation.until(lambda: task not in build.world.tasks, within=4000)


async def test_failed_starts_are_retried_with_increasing_delays(installation):
    build = installation.build
    service = build.service("bad", build.definition("bad", container(command=("sim", "cannot_start"))), 1)
    await installation.until(lambda: build.world.services[service].primary.failed_tasks == 4)
    created_ats = [t.created_at for t in build.world.tasks.by("service", service)]
    waits = [round(b - a) for a, b in pairwise(created_ats)]
    assert waits == [5, 10, 20]
    assert {t.last_status for t in build.world.tasks.by("service", service)} <= {
        TaskStatus.STOPPED,
        TaskStatus.DEPROVISIONING,
        TaskStatus.STOPPING,
    }
    assert any("was unable to place a task. Reason: CannotStartContainerError" in m for m in build.messages(service))
    assert sum("is unable to consistently start" in m for m in build.messages(service)) == 1


async def test_a_task_stops_after_its_active_requests(installation):
    build, runtime = installation.build, installation.runtime
    service = build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"])
    await installation.steady(service)
    task = build.tasks(service)[0]
    runtime.set_in_flight(task.id, 3)
    build.scale(service, 0)
    await installation.clock.advance(20)
    assert build.world.tasks[task.arn].last_status is TaskStatus.DEACTIVATING
    runtime.set_in_flight(task.id, 0)
    await installation.clock.advance(1)
    assert ("stop", task.id, "api") in runtime.history


async def test_a_task_stops_after_its_records_expired_across_a_restart(installation):
    build = installation.build
    service = build.service("back", build.definition("back"), 1)
    build.discover(service, build.registry("back", 60))
    await installation.steady(service)
    task = build.tasks(service)[0]
    since = build.clock.now()
    build.scale(service, 0)
    await installation.until(lambda: len(build.world.discovery_instances) == 0)
    await installation.store.acknowledge()
    await installation.restart()
    await installation.clock.advance(since + 60 - installation.clock.now())
    assert installation.store.world.tasks[task.arn].last_status is TaskStatus.DEACTIVATING
    assert ("stop", task.id, "app") not in installation.runtime.history
    world = installation.store.world
    await installation.until(lambda: world.tasks[task.arn].stopped, within=30)
    assert await installation.plans_left() == []


async def test_draining_continues_after_a_restart_of_the_control_plane(installation):
    build = installation.build
    back = build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"])
    await installation.steady(back)
    front = build.service("front", build.definition("front"), 2, offers=[])
    await installation.steady(front)
    task = build.tasks(back)[0]
    installation.runtime.set_in_flight(task.id, 1)
    build.scale(back, 0)
    await installation.until(lambda: build.world.tasks[task.arn].last_status is TaskStatus.DEACTIVATING)
    await installation.store.acknowledge()
    await installation.restart()
    installation.runtime.set_in_flight(task.id, 0)
    world = installation.store.world
    await installation.until(lambda: world.tasks[task.arn].stopped, within=30)
    assert len(installation.build.tasks(front)) == 2
    assert await installation.plans_left() == []


async def test_an_incomplete_sandbox_of_a_crash_is_removed(installation):
    build = installation.build
    service = build.service("back", build.definition("back"), 1)
    await installation.crash()
    await installation.runtime.prepare(stray := stray_sandbox(build))
    installation.runtime.strangers.remove(stray.task)
    installation.start()
    await installation.steady(service)
    assert set(await installation.runtime.observe()) == {t.id for t in installation.build.tasks(service)}


async def test_a_key_that_always_fails_does_not_block_others(installation, caplog):
    build = installation.build
    build.service(
        "broken", replace(build.definition("gone"), arn=TaskDefinitionArn("arn:aws:ecs:r:a:task-definition/x:1"))
    )
    service = build.service("back", build.definition("back"), 1)
    await installation.steady(service)
    assert any("broken: will be tried again" in r.message for r in caplog.records)


def stray_sandbox(build):
    request = LaunchRequest(build.cluster(), build.definition("stray"), "family:stray")
    task = launch(build.world, request, build.clock.now(), build.ids)
    return sandbox_spec(build.world, task, request.definition)


async def test_an_encrypted_service_comes_up_and_its_certificate_is_renewed_every_five_days(installation):
    build = installation.build
    back = build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"])
    build.encrypt(back)
    await installation.steady(back)
    (first,) = build.world.server_certificates
    (authority,) = build.world.authorities
    assert (authority.status, authority.built_in) == (AuthorityStatus.ACTIVE, True)
    assert first.name == "back-api.shop"
    assert first.not_after - first.issued_at == 7 * 86400
    # In one leap: looking again and again for five days takes a quarter of a minute.
    installation.clock.turn_to(later(first.issued_at, 5 * 86400 - 60))
    await installation.clock.settle()
    assert set(build.world.server_certificates) == {first}
    await installation.until(lambda: first not in set(build.world.server_certificates))
    (second,) = build.world.server_certificates
    assert second.issued_at - first.issued_at == 5 * 86400
    assert second.serial != first.serial
    assert second.roots == first.roots
    assert await installation.plans_left() == []


async def test_a_proxy_starts_after_its_certificate_exists(installation):
    build = installation.build
    build.namespace()
    own = new_built_in_authority(SCOPE, installation.clock.now(), installation.ids)
    changed_own = replace(own, built_in=False, status=AuthorityStatus.ACTIVE)
    installation.store.apply([Put(changed_own)])
    back = build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"])
    await installation.steady(back)
    build.encrypt(back, changed_own.arn)
    installation.store.apply([Put(replace(changed_own, status=AuthorityStatus.DISABLED))])

    def waiting() -> list[TaskStatus]:
        return [t.last_status for t in build.tasks(back)]

    await installation.until(lambda: TaskStatus.PENDING in waiting())
    await installation.clock.advance(100)
    assert sorted(waiting()) == [TaskStatus.PENDING, TaskStatus.RUNNING]
    assert any("is DISABLED, not ACTIVE" in message for message in build.messages(back))
    await installation.until(lambda: any("was not there within 180 s" in m for m in build.messages(back)))
    assert TaskStatus.RUNNING in waiting()
    own_again = replace(own, arn=changed_own.arn, built_in=True, status=AuthorityStatus.CREATING)
    installation.store.apply([Put(own_again)])
    await installation.steady(back)
    assert await installation.plans_left() == []


async def test_an_alarm_notifies_the_deployment_that_it_watches(installation):
    build = installation.build
    alarms = DeploymentAlarms(("errors",), rollback=True, enable=True)
    how = DeploymentConfiguration(alarms=alarms)
    put_alarm(build, "errors", AlarmState.OK)
    service = build.service("back", build.definition("back"), 1, bounds=how)
    await installation.steady(service)
    before = build.world.services[service].primary.id
    build.deploy(service, build.definition("back"))
    await installation.until(lambda: build.deployment(service).baking_since is not None)
    put_alarm(build, "errors", AlarmState.ALARM)
    await installation.until(lambda: build.deployment(service).failed_by is Monitor.ALARMS, within=1)
    await installation.steady(service)
    assert build.world.services[service].primary.id == before
    assert await installation.plans_left() == []
