"""A task's life, one step at a time.

Promise: a step follows ``TASK_TRANSITIONS`` and depends only on the record, on what is observed now and on the clock,
so it can be repeated after any interruption. The proxy starts first and stops last. A task is reachable by name only
while it is RUNNING, and none of its containers is stopped before the other proxies have dropped its endpoints or the
drain limit is over.

    status          the step is in  next
    --------------  --------------  -------------------------------------------------------------------
    PROVISIONING    ``startup``     PENDING when the sandbox exists
    PENDING         ``startup``     ACTIVATING, or RUNNING, when every container has been started
    ACTIVATING      ``startup``     RUNNING, and registered in Cloud Map, when the task is ready
    RUNNING         ``startup``     DEACTIVATING, or STOPPING, when the task is to stop or an essential
                                    container ends
    DEACTIVATING    ``shutdown``    STOPPING when no other proxy has its endpoints and no request is left
    STOPPING        ``shutdown``    DEPROVISIONING when every container has ended
    DEPROVISIONING  ``shutdown``    STOPPED when the sandbox is gone

Numbers that AWS does not publish are constants in these modules.
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
from moyai.plan import events
from moyai.plan.action import Plan, plan
from moyai.plan.elb.task_targets import target_health
from moyai.plan.service_connect.live_names import follow_namespace
from moyai.plan.task.container_start import schedule_restarts, with_restarts
from moyai.plan.task.context import TaskContext, TaskStep, observe_task
from moyai.plan.task.hosts_file import with_hosts_update
from moyai.plan.task.service_feedback import report_health
from moyai.plan.task.shutdown import deactivating_step, deprovisioning_step, stopping_step
from moyai.plan.task.startup import activating_step, pending_step, provisioning_step, running_step

KEPT_AFTER_STOP = 3600
"""Seconds for which a stopped task can still be described."""


def plan_task(world: World, observed: Observed, task_arn: TaskArn, now: Instant, ids: Ids) -> Plan:
    """The next step of one task. Of ``observed``, only this task's part is used.

    Raises KeyError when the task's definition is not in the world.
    """
    task = world.tasks.get(task_arn)
    if task is None:
        return Plan()
    if task.stopped:
        return _delete_when_due(task, now)
    definition = world.task_definitions[task.task_definition]
    sandbox = observed.sandboxes.get(task.id)
    proxy = observed.proxies.get(ProxyId(task.arn))
    observed_task = observe_task(follow_namespace(world, task, now), definition, sandbox, proxy, now)
    context = TaskContext(
        world=world,
        task=replace(observed_task, target_health=target_health(world, task)),
        definition=definition,
        sandbox=sandbox,
        fault=observed.faults.get(task.id),
        proxy=proxy,
        drain=observed.drains.get(task.id),
        listeners=observed.listeners.get(task.id, frozenset()),
        now=now,
        ids=ids,
    )
    context = schedule_restarts(context)
    step = with_hosts_update(world, _STEPS[task.last_status](context), observed, now)
    step = with_restarts(context, step)
    changed = () if step.task == task else (Put(replace(step.task, version=task.version + 1)),)
    service = world.services.get(task.service)
    event_changes = () if service is None else events.announce(world, service.arn, step.texts, now, ids)
    changes = (*changed, *step.changes, *report_health(world, task, step.task), *event_changes)
    return plan(changes, step.effects, step.wake_at)


def _delete_when_due(task: Task, now: Instant) -> Plan:
    due_at = later(task.stopped_at or now, KEPT_AFTER_STOP)
    return plan([Delete(Task, task.key)]) if now >= due_at else plan(wake_at=due_at)


_STEPS: Mapping[TaskStatus, Callable[[TaskContext], TaskStep]] = MappingProxyType(
    {
        TaskStatus.PROVISIONING: provisioning_step,
        TaskStatus.PENDING: pending_step,
        TaskStatus.ACTIVATING: activating_step,
        TaskStatus.RUNNING: running_step,
        TaskStatus.DEACTIVATING: deactivating_step,
        TaskStatus.STOPPING: stopping_step,
        TaskStatus.DEPROVISIONING: deprovisioning_step,
    }
)
