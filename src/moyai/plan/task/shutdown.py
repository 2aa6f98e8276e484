"""The second half of a task's life: DEACTIVATING, STOPPING, DEPROVISIONING.

Promise: the task's endpoints are withdrawn first, and its targets are deregistered. Then its targets must have drained
(bounded by their groups' deregistration delays), every proxy that knew the endpoints must have acknowledged a
configuration without them (bounded by ``drain_limit``), and the time to live of the last DNS record that a resolver may
have must be over. Then the task's ports reject new connections, so that no request comes after the running ones are
counted, and the running ones must have ended (within the same limit). Idle connections must have ended, too: a caller's
proxy closes its own when its workers have adopted the configuration, and may send a request on them until then (bounded
by ``IDLE_LIMIT``, because other clients keep theirs). Only then the applications get SIGTERM. The proxy stops last,
after its final statistics have arrived (bounded, too).
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.task import ContainerStatus, TaskStatus
from moyai.domain.sandbox.state import WORKER_LAG
from moyai.domain.world import Drain, Put
from moyai.kernel.clock import Instant, later
from moyai.plan import events
from moyai.plan.action import RejectNewConnections, ReleaseSandbox, StopContainer
from moyai.plan.cloudmap.task_registration import deregister, endpoints, records_expire_at
from moyai.plan.elb.task_targets import deregister_targets, registered_targets, targets_drained_by
from moyai.plan.task.container_order import stoppable_containers
from moyai.plan.task.context import TaskContext, TaskStep
from moyai.plan.task.drain_ports import drain_limit, drain_ports, ports_known_to_others
from moyai.plan.task.shared_proxy import LEAVE_LIMIT

IDLE_LIMIT = 10.0
"""Seconds after all acknowledgements for which idle connections keep a task from stopping."""

CLOSE_LIMIT = 30.0
"""Seconds after the drain limit for which ports that could not be closed are tried again."""

DRAIN_POLL = 0.25
"""Seconds between two checks of the requests under way."""

REPORT_LIMIT = 10.0
"""Seconds for which the proxy is kept for its last statistics."""

REPORT_POLL = 1.0
"""Seconds between two checks whether the last statistics have arrived."""


def begin_shutdown(context: TaskContext) -> TaskStep:
    """The first step of a task that is to end, in whichever state it is."""
    if context.task.last_status is TaskStatus.PROVISIONING:
        return deprovision(context)
    deregistered = deregister_targets(context.world, context.task, context.now)
    has_targets = bool(registered_targets(context.world, context.task))
    can_drain = bool(endpoints(context.task) or has_targets or _drain_ports(context))
    if context.task.last_status is TaskStatus.RUNNING and can_drain:
        task = context.updated_task(
            last_status=TaskStatus.DEACTIVATING,
            deactivating_at=context.now,
            records_expire_at=records_expire_at(context.world, context.task, context.now),
        )
    else:
        task = context.updated_task(last_status=TaskStatus.STOPPING)
    groups = (target.group for target in deregistered)
    texts = events.targets_deregistered(groups, task.deployment) if deregistered else ()
    return TaskStep(task, (*deregister(context.world, context.task), *map(Put, deregistered)), texts=texts)


def deactivating_step(context: TaskContext) -> TaskStep:
    """The step of a DEACTIVATING task: other proxies drop its withdrawn endpoints, and running requests end."""
    now, task, drain_end = context.now, context.task, _drain_end(context)
    drained_by = targets_drained_by(context.world, task)
    if drained_by is not None and now < drained_by:
        return TaskStep(task, wake_at=min(drained_by, later(now, DRAIN_POLL)))
    unreachable_from, poll_at = _unreachable_from(context), min(drain_end, later(now, DRAIN_POLL))
    ready_at = max(unreachable_from or poll_at, task.records_expire_at or now)
    if unreachable_from is None or now < ready_at:
        return TaskStep(task, wake_at=ready_at)
    ports, drain = _drain_ports(context), context.drain or Drain()
    last = max(drain_end, task.records_expire_at or now)
    if ports and not drain.rejects_connections and now < later(last, CLOSE_LIMIT):
        return TaskStep(task, effects=(RejectNewConnections(task.id, ports),), wake_at=later(now, DRAIN_POLL))
    if ports and now < drain_end and _is_busy(context, drain):
        return TaskStep(task, wake_at=poll_at)
    return TaskStep(context.updated_task(last_status=TaskStatus.STOPPING), deregister(context.world, task))


def stopping_step(context: TaskContext) -> TaskStep:
    """The step of a STOPPING task: its applications stop against the order of their start, then the proxy."""
    running = [c for c in context.task.containers if c.last_status is ContainerStatus.RUNNING]
    if not running:
        return deprovision(context)
    stoppable = stoppable_containers(context)
    if stoppable:
        return TaskStep(context.task, effects=tuple(StopContainer(context.task.id, c.name) for c in stoppable))
    proxy = running[0]
    stops_at = _proxy_stops_at(context)
    if context.now >= stops_at:
        if not context.task.shares_proxy:
            return TaskStep(context.task, effects=(StopContainer(context.task.id, proxy.name),))
        leaves_at = context.task.proxy_leaves_at or context.now
        return TaskStep(context.updated_task(proxy_leaves_at=leaves_at), wake_at=later(leaves_at, LEAVE_LIMIT))
    return TaskStep(context.task, wake_at=min(stops_at, later(context.now, REPORT_POLL)))


def deprovision(context: TaskContext) -> TaskStep:
    """The step to DEPROVISIONING, after every container has ended or none has begun."""
    containers = tuple(replace(c, last_status=ContainerStatus.STOPPED) for c in context.task.containers)
    ended_at = max((c.finished_at for c in containers if c.finished_at is not None), default=context.now)
    return TaskStep(
        context.updated_task(
            last_status=TaskStatus.DEPROVISIONING, containers=containers, execution_stopped_at=ended_at
        )
    )


def deprovisioning_step(context: TaskContext) -> TaskStep:
    """The step of a DEPROVISIONING task: the runtime removes its sandbox; then only the record is left."""
    if context.sandbox is not None:
        return TaskStep(context.task, effects=(ReleaseSandbox(context.task.id),))
    return TaskStep(replace(context.task, last_status=TaskStatus.STOPPED, stopped_at=context.now))


def _unreachable_from(context: TaskContext) -> Instant | None:
    """The instant from which no proxy sends to the task, or at which the wait for that ends; None during the wait.

    A proxy's worker that adopts the configuration later still has its connection rejected, and tries another task. For
    a task without a proxy of its own, the wait lasts only while an observed proxy has its endpoints.
    """
    if not ports_known_to_others(context.task, context.definition) or context.now >= _drain_end(context):
        return context.now
    drain = context.drain
    if drain is None:
        return None if _drain_ports(context) else context.now
    if drain.waiting_on:
        return None
    if drain.acknowledged_at is None:
        return context.now
    return min(_drain_end(context), later(drain.acknowledged_at, WORKER_LAG))


def _is_busy(context: TaskContext, drain: Drain) -> bool:
    """Whether requests are under way, or may be: a running proxy that does not answer waits for a processor."""
    if drain.in_flight is not None:
        idle_until = later(drain.acknowledged_at or context.now, IDLE_LIMIT)
        return drain.in_flight > 0 or (drain.connections > 0 and context.now < idle_until)
    return context.task.proxy is not None and context.task.proxy.last_status is ContainerStatus.RUNNING


def _drain_ports(context: TaskContext) -> tuple[int, ...]:
    return drain_ports(context.task, context.definition)


def _drain_end(context: TaskContext) -> Instant:
    return later(context.task.deactivating_at or context.now, drain_limit(context.task, context.definition))


def _proxy_stops_at(context: TaskContext) -> Instant:
    """From when the proxy, the last running container, may stop."""
    ended_at = max((c.finished_at for c in context.applications if c.finished_at is not None), default=None)
    if ended_at is None:
        return context.now
    reported_at = None if context.proxy is None else context.proxy.reported_at
    has_reported = reported_at is not None and reported_at > ended_at
    return context.now if has_reported else later(ended_at, REPORT_LIMIT)
