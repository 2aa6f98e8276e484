"""The second half of a task's life: DEACTIVATING, STOPPING, DEPROVISIONING.

Promise: the endpoints are withdrawn first. Then every proxy that knew them must have acknowledged a
configuration without them (bounded by ``drain_limit``), and the time to live of the last DNS record that
anybody was given must have run out. Then its ports are closed to new connections, so that nothing comes
behind the count, and what is under way must have ended (within the same limit); only then SIGTERM. The
proxy goes last, after its final statistics came in (bounded, too).
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.task import Container, ContainerStatus, Task, TaskStatus
from moyai.domain.world import Drain
from moyai.kernel.clock import Instant, later
from moyai.plan import order, registration
from moyai.plan.action import Release, Stop, TurnAway
from moyai.plan.doors import doors, drain_limit, known_at
from moyai.plan.sight import Case
from moyai.plan.step import Step

SETTLE = 0.5
"""Seconds between the last acknowledgement and the closing of the ports: a proxy acknowledges on its main
thread and its workers follow, within milliseconds where there is a core for them. One that is later still
is turned away, and its proxy tries another task."""

CLOSE_LIMIT = 30.0
"""Seconds after the last of these waits for which ports that can't be closed are tried again."""

DRAIN_POLL = 0.25
"""Seconds between two looks at the requests under way."""

REPORT_LIMIT = 10.0
"""Seconds the proxy is kept for its last statistics."""

REPORT_POLL = 1.0
"""Seconds between two looks at whether they came in."""


def leave(case: Case) -> Step:
    """From wherever the task is, on the way out."""
    if case.task.last_status is TaskStatus.PROVISIONING:
        return deprovision(case)
    if case.task.last_status is TaskStatus.RUNNING and (registration.endpoints(case.task) or _doors(case)):
        task = case.moved(
            last_status=TaskStatus.DEACTIVATING,
            deactivating_at=case.now,
            records_expire_at=registration.records_expire_at(case.world, case.task, case.now),
        )
    else:
        task = case.moved(last_status=TaskStatus.STOPPING)
    return Step(task, registration.withdraw(case.world, case.task))


def deactivating(case: Case) -> Step:
    """The endpoints are withdrawn; others are forgetting them."""
    forgotten, poll = _forgotten_at(case), min(_drain_ends(case), later(case.now, DRAIN_POLL))
    ready = max(forgotten or poll, case.task.records_expire_at or case.now)
    if forgotten is None or case.now < ready:
        return Step(case.task, wake_at=ready)
    open_doors, drain = _doors(case), case.drain or Drain()
    last = max(_drain_ends(case), case.task.records_expire_at or case.now)
    if open_doors and not drain.closed and case.now < later(last, CLOSE_LIMIT):
        return Step(case.task, effects=(TurnAway(case.task.id, open_doors),), wake_at=later(case.now, DRAIN_POLL))
    if open_doors and case.now < _drain_ends(case) and _is_busy(case, drain):
        return Step(case.task, wake_at=poll)
    return Step(case.moved(last_status=TaskStatus.STOPPING), registration.withdraw(case.world, case.task))


def stopping(case: Case) -> Step:
    """Containers end: applications against the order they started in, then the proxy."""
    running = [c for c in case.task.containers if c.last_status is ContainerStatus.RUNNING]
    if not running:
        return deprovision(case)
    stoppable = order.stoppable(case)
    if stoppable:
        return Step(case.task, effects=tuple(Stop(case.task.id, c.name) for c in stoppable))
    proxy = running[0]
    ready = _reported_at(case)
    if case.now >= ready:
        return Step(case.task, effects=(Stop(case.task.id, proxy.name),))
    return Step(case.task, wake_at=min(ready, later(case.now, REPORT_POLL)))


def deprovision(case: Case) -> Step:
    """Everything has ended, or never began: DEPROVISIONING."""
    containers = tuple(_over(c) for c in case.task.containers)
    ended = max((c.finished_at for c in containers if c.finished_at is not None), default=case.now)
    return Step(case.moved(last_status=TaskStatus.DEPROVISIONING, containers=containers, execution_stopped_at=ended))


def deprovisioning(case: Case) -> Step:
    """The sandbox is taken away; then nothing is left but the record."""
    if case.sandbox is not None:
        return Step(case.task, effects=(Release(case.task.id),))
    return Step(_over_task(case.task, case.now))


def _forgotten_at(case: Case) -> Instant | None:
    """From when no proxy sends any more, or that is not waited for; None while it is. A task without a proxy of its own
    is waited for as far as anybody is seen to know it.
    """
    if not known_at(case.task, case.definition) or case.now >= _drain_ends(case):
        return case.now
    drain = case.drain
    if drain is None:
        return None if _doors(case) else case.now
    if drain.waiting_on:
        return None
    return case.now if drain.forgotten_at is None else min(_drain_ends(case), later(drain.forgotten_at, SETTLE))


def _is_busy(case: Case, drain: Drain) -> bool:
    """Whether something is under way, or may be: a proxy that runs and doesn't say has no processor just now."""
    if drain.in_flight is not None:
        return drain.in_flight > 0
    return case.task.proxy is not None and case.task.proxy.last_status is ContainerStatus.RUNNING


def _doors(case: Case) -> tuple[int, ...]:
    return doors(case.task, case.definition)


def _drain_ends(case: Case) -> Instant:
    return later(case.task.deactivating_at or case.now, drain_limit(case.task, case.definition))


def _reported_at(case: Case) -> Instant:
    """From when the proxy, the last one running, may stop."""
    ended = max((c.finished_at for c in case.apps if c.finished_at is not None), default=None)
    if ended is None:
        return case.now
    reported = None if case.proxy is None else case.proxy.reported_at
    return case.now if reported is not None and reported > ended else later(ended, REPORT_LIMIT)


def _over(container: Container) -> Container:
    return replace(container, last_status=ContainerStatus.STOPPED)


def _over_task(task: Task, now: Instant) -> Task:
    return replace(task, last_status=TaskStatus.STOPPED, stopped_at=now)
