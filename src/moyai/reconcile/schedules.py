"""The loop that runs the tasks of EventBridge Scheduler's schedules.

Promise: an invocation is a call of RunTask with a client token of its own, and is recorded as done afterwards; after
``kill -9`` in between it is made again with the same token, which runs no second task. An invocation that was missed is
made late, once, unless it is older than the schedule's retry policy allows; those missed before it are skipped. A
failed invocation is tried again, with growing delays, unless the request itself is wrong.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.scheduler.schedule import RunTaskOptions, Schedule, TaskParameters, run_task_input
from moyai.domain.world import Delete, Put, table_name
from moyai.expressions.schedule import next_time
from moyai.kernel.clock import Clock, Instant, later
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue
from moyai.stacks.types.procedure import AwsCallFailed, Call

_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 300.0
"""Seconds until a failed invocation is tried again."""
_log = logging.getLogger(__name__)


class _Problem(NamedTuple):
    """Why an invocation ran no task, and whether it may succeed when it is tried again."""

    text: str
    passes: bool = False


class ScheduleLoop:
    """Follows schedules. ``run`` it once."""

    def __init__(self, store: Store, caller: AwsCaller, clock: Clock) -> None:
        self._store, self._caller, self._clock = store, caller, clock
        self._queue = WorkQueue(clock)

    async def run(self) -> None:
        """Run the tasks of each schedule when it is due, until cancelled."""
        await self._queue.serve(self._store, self._changed_schedules, self._advance, "the schedule")

    def _changed_schedules(self, keys: Iterable[Key]) -> set[str]:
        return {key.key for key in keys if key.table == table_name(Schedule)}

    async def _advance(self, arn: str) -> Instant | None:
        """Run the tasks of a schedule that is due. Returns when it is due next."""
        schedule = self._store.world.schedules.get(arn)
        if schedule is None or schedule.due_at is None or schedule.next_at is None:
            return None
        now = self._clock.now()
        if now < schedule.due_at:
            return schedule.due_at
        problem = _expiry(schedule, schedule.next_at, now) or await self._invoke(schedule)
        if self._store.world.schedules.get(arn) != schedule:
            return now  # the schedule was changed meanwhile, and is checked again
        most = schedule.target.retry_policy.maximum_retry_attempts
        if problem is not None and problem.passes and schedule.failures < most:
            self._store.apply([Put(_with_retry(schedule, now))])
            return None
        if problem is not None:
            _log.warning("%s ran no task that was due at %s: %s", arn, schedule.next_at, problem.text)
        self._finish(schedule, now)
        return None

    async def _invoke(self, schedule: Schedule) -> _Problem | None:
        """Run the tasks. Returns the problem, if there is one."""
        parameters = schedule.target.ecs_parameters
        if parameters is None:
            return _Problem("the target has no EcsParameters")
        try:
            answer = await self._caller.call(schedule.scope, _run_task(schedule, parameters))
        except AwsCallFailed as fault:
            return _Problem(f"RunTask: {fault.code}: {fault.message}", passes=fault.may_pass)
        reasons = [str(failure.get("reason", "")) for failure in answer.get("failures", ())]
        if answer.get("tasks") or not reasons:
            return None
        return _Problem(f"RunTask: {', '.join(reasons)}", passes=True)

    def _finish(self, schedule: Schedule, now: Instant) -> None:
        """Record that the invocation is done, and when the next one is due."""
        next_at = next_time(schedule, now)
        if next_at is None and schedule.delete_after_completion:
            self._store.apply([Delete(Schedule, schedule.arn)])
        else:
            self._store.apply([Put(replace(schedule, next_at=next_at, failures=0, retry_at=None))])


def _expiry(schedule: Schedule, due: Instant, now: Instant) -> _Problem | None:
    """The problem with an invocation that is overdue for longer than the schedule allows; None for any other."""
    age = now - later(due, schedule.window_minutes * 60.0)
    most = schedule.target.retry_policy.maximum_event_age_in_seconds
    return _Problem(f"it was due {age:.0f} seconds ago, which is more than {most}") if age > most else None


def _run_task(schedule: Schedule, parameters: TaskParameters) -> Call:
    target = schedule.target
    options = RunTaskOptions(target.arn, f"chronos-schedule/{schedule.name}", schedule.token, target.input)
    return Call("ecs", "RunTask", run_task_input(parameters, options))


def _with_retry(schedule: Schedule, now: Instant) -> Schedule:
    delay = min(_FIRST_DELAY * 2.0**schedule.failures, _LONGEST_DELAY)
    return replace(schedule, failures=schedule.failures + 1, retry_at=later(now, delay))
