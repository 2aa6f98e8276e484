"""A container instance's sandbox: there as long as the instance is, and as tasks are in it.

Promise: ``agent_connected`` is what was seen, never what was told. One that can't be made is tried again; one that was
deregistered goes when its last task has. One that is lost is a machine that is lost: whatever was on it ends, whether
something of it still runs or not, and the instance is made anew, empty. Who is placed where is not decided here.
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
from moyai.plan.action import Effect, Plan, Prepare, Release, plan
from moyai.plan.networks import instance_spec
from moyai.plan.stopping import host_terminated, stop_task

TRIED_AGAIN_AFTER = 5.0
"""Seconds from a failure until the sandbox is asked for again."""


def plan_instance(world: World, observed: Observed, arn: ContainerInstanceArn, now: Instant) -> Plan:
    """The next step of one container instance. ``observed`` needs to hold its own sandbox and fault only."""
    identity = sandbox_of(arn)
    instance = world.container_instances.get(arn)
    there = identity in observed.sandboxes
    if instance is None or instance.gone:
        left = there and not world.tasks.count("instance", arn)
        return plan(_told(instance, connected=False), (Release(identity),) if left else ())
    if there:
        return plan(_told(instance, connected=True))
    changes = (*_told(instance, connected=False), *(_ended(world, instance, now) if instance.agent_connected else ()))
    again = later(now, TRIED_AGAIN_AFTER)
    effects: tuple[Effect, ...] = () if identity in observed.faults else (Prepare(instance_spec(world, instance)),)
    return plan(changes, effects, again)


def sandbox_of(arn: ContainerInstanceArn) -> TaskId:
    """The id of the instance's sandbox."""
    return TaskId(arn.rpartition("/")[2])


def _ended(world: World, instance: ContainerInstance, now: Instant) -> Iterator[Put]:
    """The tasks of a machine that is gone."""
    for task in world.tasks.by("instance", instance.arn):
        stopped = stop_task(task, StopCode.TERMINATION_NOTICE, host_terminated(instance), now)
        if stopped != task:
            yield Put(stopped)


def _told(instance: ContainerInstance | None, *, connected: bool) -> tuple[Put, ...]:
    if instance is None or instance.agent_connected is connected:
        return ()
    return (Put(replace(instance, agent_connected=connected, version=instance.version + 1)),)
