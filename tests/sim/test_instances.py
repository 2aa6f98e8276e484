from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.task import StopCode, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from moyai.domain.world import Put
from moyai.ports.runtime import SandboxFailed
from tests.unit.plan.instances import definition, instance, on


async def sandboxes(installation) -> set[str]:
    return set(await installation.runtime.observe())


async def wait_for_connection(installation, host) -> None:
    """Wait until the instance's sandbox has been seen."""
    await installation.until(lambda: installation.store.world.container_instances[host.arn].agent_connected)


def place_task(build, host, mode: NetworkMode):
    """A new task on the instance."""
    ports = () if mode is NetworkMode.NONE else (PortMapping(80, 80),)
    task = replace(on(build, host, definition(build, mode, *ports)), last_status=TaskStatus.PROVISIONING)
    build.book.apply([Put(task)])
    return task


async def test_an_instance_has_a_sandbox_and_a_network_while_it_exists(installation):
    host = instance(installation.build)
    await wait_for_connection(installation, host)
    assert {i.task for vpc in installation.runtime.network_spec.vpcs for i in vpc.interfaces} == {host.id}
    await installation.restart()
    await wait_for_connection(installation, host)
    assert await sandboxes(installation) == {host.id}
    before = installation.store.world.container_instances[host.arn].version
    installation.runtime.lose_sandbox(host.id)
    await installation.until(lambda: installation.store.world.container_instances[host.arn].version == before + 2)
    await wait_for_connection(installation, host)
    assert await sandboxes(installation) == {host.id}


async def test_creating_an_instance_is_retried(installation):
    installation.runtime.fail_next("prepare", SandboxFailed("no room"))
    await wait_for_connection(installation, instance(installation.build))


async def test_an_instance_runs_tasks_of_each_mode_and_is_removed_after_them(installation):
    build = installation.build
    host = instance(build)
    await wait_for_connection(installation, host)
    tasks = [place_task(build, host, mode) for mode in (NetworkMode.BRIDGE, NetworkMode.NONE)]
    await installation.until(lambda: all(build.world.tasks[t.arn].last_status is TaskStatus.RUNNING for t in tasks))
    container_instance = build.world.container_instances[host.arn]
    build.book.apply([Put(replace(container_instance, status=ContainerInstanceStatus.INACTIVE))])
    build.stop(tasks[0].arn)
    await installation.until(lambda: build.world.tasks[tasks[0].arn].stopped)
    await installation.restart()
    build = installation.build
    assert await sandboxes(installation) == {host.id, tasks[1].id}
    build.stop(tasks[1].arn)
    await installation.until(lambda: build.world.tasks[tasks[1].arn].stopped)
    history = installation.runtime.history
    await installation.until(lambda: ("release", host.id, "") in history)
    assert await sandboxes(installation) == set()


async def test_a_task_whose_instance_is_lost_does_not_start(installation):
    build = installation.build
    host = instance(build)
    await wait_for_connection(installation, host)
    installation.runtime.lose_sandbox(host.id)
    task = place_task(build, host, NetworkMode.HOST)
    await installation.until(lambda: build.world.tasks[task.arn].stopped)
    assert build.world.tasks[task.arn].stop_code is StopCode.TERMINATION_NOTICE
