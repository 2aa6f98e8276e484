from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.task import DesiredStatus, StopCode, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.domain.sandbox.state import SandboxState
from moyai.domain.world import Delete, Observed, Put
from moyai.plan.action import PrepareSandbox, ReleaseSandbox
from moyai.plan.capacity.container_instance import RETRY_AFTER, plan_instance
from moyai.plan.network.sandbox_network import instance_sandbox
from moyai.testing.world import Builder
from tests.unit.plan.instances import definition, instance, on


def step(build: Builder, host: ContainerInstance, *, there: bool, fault: str | None = None):
    """The plan, its changes made."""
    seen = Observed({host.id: SandboxState(host.id)} if there else {}, {} if fault is None else {host.id: fault})
    plan = plan_instance(build.world, seen, host.arn, build.clock.now())
    build.book.apply(plan.changes)
    return plan


def test_an_instance_is_connected_once_its_sandbox_exists():
    build = Builder()
    host = instance(build)
    assert step(build, host, there=False).effects == (PrepareSandbox(instance_sandbox(build.world, host)),)
    assert not build.world.container_instances[host.arn].agent_connected
    step(build, host, there=True)
    assert build.world.container_instances[host.arn].agent_connected
    assert step(build, host, there=True).actions == ()
    assert step(build, host, there=False).effects
    assert not build.world.container_instances[host.arn].agent_connected


def test_tasks_of_a_lost_instance_stop_with_a_reason():
    build = Builder()
    host = instance(build)
    coming = on(build, host, definition(build, NetworkMode.BRIDGE))
    step(build, host, there=False)
    assert build.world.tasks[coming.arn].stop_code is None  # it was never there
    step(build, host, there=True)
    running = on(build, host, definition(build, NetworkMode.HOST))
    build.stop(running.arn)
    step(build, host, there=False)
    [lost, stopped] = (build.world.tasks[arn] for arn in (coming.arn, running.arn))
    assert (lost.desired_status, lost.stop_code) == (DesiredStatus.STOPPED, StopCode.TERMINATION_NOTICE)
    assert lost.stopped_reason == f"Host EC2 (instance {host.ec2_instance_id}) terminated."
    assert stopped.stop_code is StopCode.USER_INITIATED
    again = step(build, host, there=False)
    assert (again.changes, again.effects) == ((), (PrepareSandbox(instance_sandbox(build.world, host)),))


def test_a_failed_sandbox_is_retried_later():
    build = Builder()
    host = instance(build)
    plan = step(build, host, there=False, fault="no")
    assert (plan.effects, plan.wake_at) == ((), build.clock.now() + RETRY_AFTER)


def test_a_deregistered_instance_is_released_after_its_tasks():
    build = Builder()
    host = instance(build)
    step(build, host, there=True)
    task = on(build, host, definition(build, NetworkMode.BRIDGE))
    container_instance = build.world.container_instances[host.arn]
    build.book.apply([Put(replace(container_instance, status=ContainerInstanceStatus.INACTIVE))])
    assert step(build, host, there=True).effects == ()
    assert not build.world.container_instances[host.arn].agent_connected
    build.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert step(build, host, there=True).effects == (ReleaseSandbox(host.id),)
    assert step(build, host, there=False).actions == ()


def test_an_unknown_instance_is_released():
    build = Builder()
    host = instance(build)
    build.book.apply([Delete(ContainerInstance, host.arn)])
    assert step(build, host, there=True).effects == (ReleaseSandbox(host.id),)
