"""The keys that a change concerns: of a managed daemon's task, and of a record that can't be read."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.elb.target_group import Target
from moyai.domain.world import Put
from moyai.kernel.ids import TargetGroupArn
from moyai.plan.daemon.scheduler import plan_daemon
from moyai.ports.store import Key
from moyai.reconcile.affected import affected_keys
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock
from moyai.testing.daemons import daemon_definition, deploy_daemon, provider_instance
from moyai.testing.ids import SeededIds
from tests.unit.reconcile.recorded_feed import RecordingFeed, holding


@pytest.mark.parametrize(
    ("status", "concerns_sibling"),
    [(TaskStatus.PENDING, False), (TaskStatus.RUNNING, True), (TaskStatus.STOPPED, True)],
)
def test_other_daemons_are_concerned_when_a_daemons_task_is_ready_or_stopped(build, status, concerns_sibling):
    build.book.apply([Put(replace(provider_instance(build), agent_connected=True))])
    daemon, sibling = (deploy_daemon(build, daemon_definition(build), name) for name in ("agent", "sibling"))
    for _ in range(2):
        build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    [task] = build.world.tasks.by("daemon", daemon)
    ready_at = build.clock.now() if status is TaskStatus.RUNNING else None
    build.book.apply([Put(replace(task, last_status=status, ready_at=ready_at))])
    keys = set(affected_keys(build.world, Key("task", task.arn)))
    assert {task.arn, daemon} <= keys
    assert (sibling in keys) is concerns_sibling


async def test_a_record_that_cant_be_read_does_not_end_the_reconciler():
    clock = ManualClock()
    unreadable = Target(TargetGroupArn("group"), "2001:db8::a%a b", 80, "2001:db8::a", "all", clock.now())
    store = holding([unreadable])
    ports = ReconcilerPorts(store, SimRuntime(clock), RecordingFeed(), clock, SeededIds())
    running = asyncio.create_task(Reconciler(ports).run())
    await clock.settle()
    store.apply([Put(replace(unreadable, zone="b"))])
    await clock.settle()
    assert not running.done()
    running.cancel()
