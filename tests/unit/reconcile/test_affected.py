"""The keys that the change of a managed daemon's task concerns."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Put
from moyai.plan.daemon.scheduler import plan_daemon
from moyai.ports.store import Key
from moyai.reconcile.affected import affected_keys
from moyai.testing.daemons import daemon_definition, deploy_daemon, provider_instance
from moyai.testing.world import Builder


@pytest.fixture
def build():
    return Builder()


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
