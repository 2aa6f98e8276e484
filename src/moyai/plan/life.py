"""A task's life, one step at a time.

Promise: a step follows ``TASK_TRANSITIONS`` and depends only on the record, on what is seen now and
on the clock, so it can be taken again after any interruption. The proxy starts first and stops last;
a task is reachable by name only while it is RUNNING, and no container of it is told to stop before
the other proxies have forgotten it or the drain's deadline has passed.

Where AWS publishes no number, ours is a constant here.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.world import Delete, Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ProxyId, TaskArn
from moyai.plan import failure, restart
from moyai.plan.action import Plan, plan
from moyai.plan.ending import deactivating, deprovisioning, stopping
from moyai.plan.live import followed, named
from moyai.plan.sight import Case, look
from moyai.plan.starting import activating, pending, provisioning, running
from moyai.plan.step import Step

KEPT_AFTER_STOP = 3600
"""Seconds for which a stopped task can still be described."""


def plan_task(world: World, observed: Observed, task_arn: TaskArn, now: Instant, ids: Ids) -> Plan:
    """The next step of one task. ``observed`` needs to hold this task's part only.

    Raises KeyError when the task's definition is not in the world.
    """
    task = world.tasks.get(task_arn)
    if task is None:
        return Plan()
    if task.stopped:
        return _forget(task, now)
    definition = world.task_definitions[task.task_definition]
    sandbox = observed.sandboxes.get(task.id)
    case = Case(
        world=world,
        task=look(followed(world, task, now), definition, sandbox, now),
        definition=definition,
        sandbox=sandbox,
        fault=observed.faults.get(task.id),
        proxy=observed.proxies.get(ProxyId(task.arn)),
        drain=observed.drains.get(task.id),
        listeners=observed.listeners.get(task.id, frozenset()),
        now=now,
        ids=ids,
    )
    case = restart.renewed(case)
    step = restart.started(case, named(world, _STEPS[task.last_status](case), observed, now))
    changed = () if step.task == task else (Put(replace(step.task, version=task.version + 1)),)
    recovered = failure.after_health(world, task, step.task)
    return plan((*changed, *step.changes, *recovered), step.effects, step.wake_at)


def _forget(task: Task, now: Instant) -> Plan:
    due = later(task.stopped_at or now, KEPT_AFTER_STOP)
    return plan([Delete(Task, task.key)]) if now >= due else plan(wake_at=due)


_STEPS: Mapping[TaskStatus, Callable[[Case], Step]] = MappingProxyType(
    {
        TaskStatus.PROVISIONING: provisioning,
        TaskStatus.PENDING: pending,
        TaskStatus.ACTIVATING: activating,
        TaskStatus.RUNNING: running,
        TaskStatus.DEACTIVATING: deactivating,
        TaskStatus.STOPPING: stopping,
        TaskStatus.DEPROVISIONING: deprovisioning,
    }
)
