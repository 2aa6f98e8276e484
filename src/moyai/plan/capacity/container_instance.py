"""The sandbox of a container instance, which exists for as long as the instance is registered or has tasks.

Promise: ``agent_connected`` is what was observed, never what was decided. A sandbox that can't be made is tried again;
the sandbox of a deregistered instance is released with its last task. A lost sandbox means a lost machine: its tasks
end, even if a part of them still runs, and an empty sandbox is made. ``placement`` decides which tasks are placed on
the instance.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-life-cycle.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import StopCode
from moyai.domain.world import Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ContainerInstanceArn, TaskId
from moyai.plan.action import Effect, Plan, PrepareSandbox, ReleaseSandbox, plan
from moyai.plan.network.sandbox_network import instance_sandbox
from moyai.plan.task.stop import host_terminated, stop_task

RETRY_AFTER = 5.0
"""Seconds from a failure until the sandbox is prepared again."""


def plan_instance(world: World, observed: Observed, arn: ContainerInstanceArn, now: Instant) -> Plan:
    """The next step of one container instance. Of ``observed``, only the instance's sandbox and fault are read."""
    identity = sandbox_of(arn)
    instance = world.container_instances.get(arn)
    exists = identity in observed.sandboxes
    if instance is None or instance.gone:
        is_unused = exists and not world.tasks.count("instance", arn)
        return plan(_record_connected(instance, is_connected=False), (ReleaseSandbox(identity),) if is_unused else ())
    if exists:
        return plan(_record_connected(instance, is_connected=True))
    lost_tasks = _stop_tasks(world, instance, now) if instance.agent_connected else ()
    changes = (*_record_connected(instance, is_connected=False), *lost_tasks)
    retry_at = later(now, RETRY_AFTER)
    effects: tuple[Effect, ...] = (
        () if identity in observed.faults else (PrepareSandbox(instance_sandbox(world, instance)),)
    )
    return plan(changes, effects, retry_at)


def sandbox_of(arn: ContainerInstanceArn) -> TaskId:
    """The id of the instance's sandbox."""
    return TaskId(arn.rpartition("/")[2])


def _stop_tasks(world: World, instance: ContainerInstance, now: Instant) -> Iterator[Put]:
    """Changes that stop the tasks of a lost instance."""
    for task in world.tasks.by("instance", instance.arn):
        stopped = stop_task(task, StopCode.TERMINATION_NOTICE, host_terminated(instance), now)
        if stopped != task:
            yield Put(stopped)


def _record_connected(instance: ContainerInstance | None, *, is_connected: bool) -> tuple[Put, ...]:
    if instance is None or instance.agent_connected is is_connected:
        return ()
    return (Put(replace(instance, agent_connected=is_connected, version=instance.version + 1)),)
