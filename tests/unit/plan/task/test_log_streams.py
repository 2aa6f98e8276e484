"""The streams of a task: there before it starts, or it does not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import StopCode, TaskStatus
from moyai.domain.ecs.task_definition import LogConfiguration
from moyai.domain.logs.driver import fault_in
from moyai.domain.logs.group import LogGroup, LogStream, group_arn, stream_arn
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import later
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.kernel.scope import Scope
from moyai.plan.action import PrepareSandbox
from moyai.plan.retention import LogDeletion, plan_log_deletion
from moyai.plan.task.container_spec import container_spec
from moyai.testing.records import PROXY, with_app_mesh_proxy
from moyai.testing.world import container
from tests.unit.plan.tasks import case_of, step

NEEDED = {"awslogs-region": "eu-west-1", "awslogs-group": "/shop"}
SCOPE = Scope("123456789012", "eu-west-1")  # type: ignore[arg-type]
GROUP = LogGroup(group_arn(SCOPE, "/shop"), LogGroupId("g"), "/shop", 1.0)  # type: ignore[arg-type]


def awslogs(**options):
    return LogConfiguration("awslogs", {**NEEDED, **options})


def launch_task(build, *logs):
    made = [replace(container(f"c{n}"), port_mappings=(), log_configuration=log) for n, log in enumerate(logs)]
    return build.run(build.definition("logged", *made))


def test_log_streams_are_created_before_the_sandbox_in_the_configured_region(build):
    build.book.apply([Put(GROUP)])
    task = launch_task(build, awslogs(**{"awslogs-stream-prefix": "p"}), None, LogConfiguration("json-file"))
    plan = step(build, task, gone=True)
    assert [type(effect) for effect in plan.effects] == [PrepareSandbox]
    (stream,) = build.world.log_streams
    assert stream.arn == f"{GROUP.arn}:log-stream:p/c0/{build.world.tasks[task].id}"
    assert step(build, task, gone=True).changes == ()


def test_an_app_mesh_proxy_logs_to_its_containers_stream(build):
    build.book.apply([Put(GROUP)])
    logged_container = replace(container(PROXY), log_configuration=awslogs(**{"awslogs-stream-prefix": "p"}))
    task = build.run(with_app_mesh_proxy(build, build.definition("meshed", container(), logged_container)))
    assert build.world.tasks[task].mesh_proxy is not None
    step(build, task, gone=True)
    assert [s.name for s in build.world.log_streams] == [f"p/{PROXY}/{build.world.tasks[task].id}"]


def test_a_log_group_is_created_once_if_configured(build):
    asked = awslogs(**{"awslogs-create-group": "true", "awslogs-stream-prefix": "p"})
    task = launch_task(build, asked, asked)
    step(build, task, gone=True)
    assert [group.arn for group in build.world.log_groups] == [GROUP.arn]
    assert len(build.world.log_streams) == 2


def test_a_task_without_its_log_group_fails_to_start(build):
    task = launch_task(build, awslogs())
    plan = step(build, task, gone=True)
    current_task = build.world.tasks[task]
    assert plan.effects == ()
    assert (current_task.last_status, current_task.stop_code) == (
        TaskStatus.DEPROVISIONING,
        StopCode.TASK_FAILED_TO_START,
    )
    assert current_task.stopped_reason is not None
    assert current_task.stopped_reason.startswith("ResourceInitializationError: failed to validate logger args")
    assert not build.world.log_streams


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (LogConfiguration("splunk"), "splunk is not supported"),
        (LogConfiguration("fluentd"), "fluentd is not supported"),
        (LogConfiguration("json-file", {"max-size": "1m"}), "max-size"),
        (LogConfiguration("awslogs", {"awslogs-group": "g"}), "requires options: awslogs-region, awslogs-group"),
        (awslogs(**{"awslogs-endpoint": "x"}), "Log driver awslogs disallows options: awslogs-endpoint"),
        (awslogs(**{"awslogs-datetime-format": "%Y"}), "awslogs-datetime-format not supported"),
        (awslogs(**{"awslogs-group": "a b"}), "awslogs-group"),
        (awslogs(**{"awslogs-region": "Mars!"}), "awslogs-region"),
        (awslogs(**{"awslogs-stream-prefix": "a:b"}), "awslogs-stream-prefix"),
        (awslogs(**{"awslogs-create-group": "yes"}), "awslogs-create-group"),
        (awslogs(mode="blocking"), "mode"),
        (awslogs(**{"max-buffer-size": "257m"}), "max-buffer-size"),
        (awslogs(**{"max-buffer-size": "lots"}), "max-buffer-size"),
    ],
)
def test_unsupported_log_options_are_refused_by_name(log, words):
    assert words in (fault_in(log) or "")


@pytest.mark.parametrize(
    "log", [LogConfiguration("json-file"), awslogs(mode="non-blocking", **{"max-buffer-size": "25m"}), awslogs()]
)
def test_supported_log_options_are_accepted(log):
    assert fault_in(log) is None


def test_events_of_deleted_streams_and_expired_days_are_trimmed(build):
    stream = LogStream(stream_arn(GROUP.arn, "s"), LogStreamId("s"), GROUP.arn, "s", build.clock.now())
    changed_group = replace(GROUP, retention_days=1)
    build.book.apply([Put(changed_group), Put(stream)])
    task = build.world.tasks[launch_task(build, awslogs())]
    now = later(build.clock.now(), 2 * 86400)
    sources = (f"{task.id}/c0", "gone/app")
    yesterday = int(now * 1000) - 86400 * 1000
    deletion = LogDeletion((LogStreamId("t"),), ("gone/app",), ((LogGroupId("g"), yesterday),))
    assert plan_log_deletion(build.world, {LogStreamId("s"), LogStreamId("t")}, sources, now) == deletion
    build.book.apply([Delete(LogStream, stream.key), Put(GROUP)])
    assert plan_log_deletion(build.world, {"s"}, (), now) == LogDeletion(("s",))  # type: ignore[arg-type]


def test_a_containers_log_buffer_has_the_configured_size(build):
    task = build.world.tasks[launch_task(build, awslogs(**{"max-buffer-size": "25m"}), None)]
    assert [container_spec(case_of(build.world, task), c).held_output for c in task.containers] == [25 * 1024**2, 0]
