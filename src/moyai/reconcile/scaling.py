"""The loop that carries out scheduled scaling actions, completes scaling activities, and deletes a scalable target with
its service.

Promise: the loop only records what ``plan.scaling.lifecycle`` decides. Scaling policies act through the alarms' loop.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.autoscaling.activity import ScalingActivity
from moyai.domain.autoscaling.target import ScalableTarget, ScheduledAction
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task
from moyai.domain.world import table_name
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan.scaling.lifecycle import plan_scaling
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue

_BY_KEY = frozenset({table_name(Service), table_name(ScalableTarget)})


class ScalingLoop:
    """Follows scalable targets. ``run`` it once."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self._queue = WorkQueue(clock)

    async def run(self) -> None:
        """Scale each service when its bounds or a scheduled action require it, until cancelled."""
        await self._queue.serve(self._store, self._concerned_services, self._reconcile, "the scaling of")

    def _concerned_services(self, keys: Iterable[Key]) -> set[str]:
        """The services with a scalable target that these changes concern."""
        world = self._store.world
        services: set[str] = set()
        for key in keys:
            if key.table in _BY_KEY:
                services.add(key.key)
            elif key.table == table_name(Task):
                task = world.tasks.get(key.key)
                services |= set() if task is None or task.service is None else {task.service}
            elif key.table == table_name(ScalingActivity):
                activity = world.scaling_activities.get(key.key)
                services |= set() if activity is None else {activity.arn}
            elif key.table == table_name(ScheduledAction):
                action = world.scheduled_actions.get(key.key)
                services |= set() if action is None else {action.service}
        return {service for service in services if service in world.scalable_targets}

    async def _reconcile(self, key: str) -> Instant | None:
        plan = plan_scaling(self._store.world, ServiceArn(key), self._clock.now(), self._ids)
        if plan.changes:
            self._store.apply(plan.changes)
        return plan.wake_at
