"""The finding of ``moyai doctor`` about tasks that run and soon end by themselves."""

from __future__ import annotations

from moyai.domain.ecs.task import StopCode, TaskStatus
from tests.unit.plan.tasks import put, settled_service
from tests.unit.plan.test_doctor import findings_with, kinds


def test_tasks_that_end_soon_after_their_start_are_found():
    build, front = settled_service(3)
    first, *others = build.tasks(front)
    ended = {"last_status": TaskStatus.STOPPED, "stop_code": StopCode.ESSENTIAL_CONTAINER_EXITED}
    soon = build.clock.now() + 59
    for task in others:
        put(build, task.arn, **ended, stopped_reason="It exited.", stopped_at=soon)
    put(build, first.arn, **ended, stopped_at=build.clock.now() + 61)
    assert kinds(build) == []
    put(build, first.arn, stopped_at=soon - 1)
    ((severity, kind, message),) = findings_with(build)
    assert (severity, kind) == ("warning", "tasks-end-early")
    assert message.startswith("3 of its tasks ended by themselves")
    assert message.endswith("Last: It exited.")
