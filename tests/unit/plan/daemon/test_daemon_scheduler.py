"""The scheduler of managed daemons on worlds without a runtime: placement, alarms, tags and the rest of a request."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.daemon import (
    DaemonAlarms,
    DaemonDeploymentConfiguration,
    DaemonDeploymentStatus,
    DaemonPropagateTags,
)
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.kernel.ids import TaskArn
from moyai.plan.daemon.deployment import failure_threshold
from moyai.plan.daemon.scheduler import plan_daemon
from moyai.testing.daemons import daemon_definition, deploy_daemon, provider_instance
from moyai.testing.records import put_alarm

S = DaemonDeploymentStatus


def connected_instance(build):
    record = replace(provider_instance(build), agent_connected=True)
    build.book.apply([Put(record)])
    return record


def settle(build, daemon):
    """Plan until nothing moves; what is started runs, and what is stopped is gone."""
    for _ in range(30):
        plan = plan_daemon(build.world, daemon, build.clock.now(), build.ids)
        build.book.apply(plan.changes)
        moving = [t for t in build.world.tasks.by("daemon", daemon) if not t.stopped]
        stopped = [t for t in moving if t.desired_status is DesiredStatus.STOPPED]
        started = [t for t in moving if t.last_status is not TaskStatus.RUNNING and t not in stopped]
        now = build.clock.now()
        running = {"last_status": TaskStatus.RUNNING, "started_at": now, "ready_at": now}
        build.book.apply([Put(replace(t, last_status=TaskStatus.STOPPED, stopped_at=now)) for t in stopped])
        build.book.apply([Put(replace(t, **running)) for t in started])
        if not plan.changes and not stopped and not started:
            return
    raise AssertionError("it never settles")


def tasks(build, daemon):
    return [t for t in build.world.tasks.by("daemon", daemon) if not t.stopped]


def newest(build, daemon):
    return build.world.daemon_deployments[build.world.daemons[daemon].deployment]


def test_an_instance_that_is_not_connected_delays_no_other(build):
    absent = provider_instance(build)
    present = connected_instance(build)
    daemon = deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    assert [t.container_instance for t in tasks(build, daemon)] == [present.arn]
    assert newest(build, daemon).status is S.IN_PROGRESS
    build.book.apply([Put(replace(absent, agent_connected=True))])
    settle(build, daemon)
    assert newest(build, daemon).status is S.SUCCESSFUL


def test_an_instance_that_disconnects_while_it_is_updated_delays_no_other(build):
    hosts = [connected_instance(build) for _ in range(2)]
    daemon = deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    deploy_daemon(build, daemon_definition(build))
    for _ in range(2):
        build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    [stopping] = [t for t in tasks(build, daemon) if t.desired_status is DesiredStatus.STOPPED]
    lost = build.world.container_instances[stopping.container_instance]
    build.book.apply([Put(replace(lost, agent_connected=False))])
    build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    stopped_on = {t.container_instance for t in tasks(build, daemon) if t.desired_status is DesiredStatus.STOPPED}
    assert stopped_on == {host.arn for host in hosts}


def test_a_deployment_does_not_wait_for_a_draining_instance_with_other_tasks(build):
    drained, _ = connected_instance(build), connected_instance(build)
    daemon = deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    [agent] = [t for t in tasks(build, daemon) if t.container_instance == drained.arn]
    other = replace(agent, arn=TaskArn(f"{agent.arn}0"), daemon=None, daemon_revision=None)
    draining = replace(build.world.container_instances[drained.arn], status=ContainerInstanceStatus.DRAINING)
    build.book.apply([Put(other), Put(draining)])
    deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    assert newest(build, daemon).status is S.SUCCESSFUL
    assert agent.arn in [t.arn for t in tasks(build, daemon)]
    build.book.apply([Put(replace(other, last_status=TaskStatus.STOPPED))])
    settle(build, daemon)
    assert agent.arn not in [t.arn for t in tasks(build, daemon)]


def test_stop_task_drains_no_instance(build):
    host = connected_instance(build)
    daemon = deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    [agent] = tasks(build, daemon)
    build.stop(agent.arn)
    build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    assert build.world.container_instances[host.arn].status is ContainerInstanceStatus.ACTIVE
    settle(build, daemon)
    assert len(tasks(build, daemon)) == 1


def test_tasks_have_what_the_revision_says(build):
    connected_instance(build)
    daemon = deploy_daemon(
        build,
        daemon_definition(build),
        enable_execute_command=True,
        propagate_tags=DaemonPropagateTags.DAEMON,
        enable_ecs_managed_tags=True,
    )
    build.book.apply([Put(replace(build.world.daemons[daemon], tags={"team": "a"}))])
    settle(build, daemon)
    [task] = tasks(build, daemon)
    assert task.enable_execute_command
    assert task.tags == {"team": "a", "aws:ecs:clusterName": "default"}
    assert (task.group, task.capacity_provider, task.launch_type) == ("daemon:agent", "machines", "EC2")


def test_an_unhealthy_task_is_replaced_and_counts_as_a_failure(build):
    connected_instance(build)
    daemon = deploy_daemon(build, daemon_definition(build))
    build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    [task] = tasks(build, daemon)
    sick = {"last_status": TaskStatus.RUNNING, "started_at": build.clock.now(), "health_status": Health.UNHEALTHY}
    build.book.apply([Put(replace(task, **sick))])
    build.book.apply(plan_daemon(build.world, daemon, build.clock.now(), build.ids).changes)
    [stopped] = tasks(build, daemon)
    assert stopped.stopped_reason == "Task failed container health checks"
    build.book.apply([Put(replace(stopped, last_status=TaskStatus.STOPPED, stopped_at=build.clock.now()))])
    plan = plan_daemon(build.world, daemon, build.clock.now(), build.ids)
    build.book.apply(plan.changes)
    assert newest(build, daemon).failures == 1
    assert plan.wake_at == build.clock.now() + 5


def test_alarms_that_are_absent_or_disabled_do_not_matter(build):
    connected_instance(build)
    for alarms in (DaemonAlarms(("absent",), enable=True), DaemonAlarms(("absent",), enable=False)):
        configuration = DaemonDeploymentConfiguration(alarms=alarms)
        daemon = deploy_daemon(build, daemon_definition(build), configuration=configuration)
        settle(build, daemon)
        assert newest(build, daemon).status is S.SUCCESSFUL
        assert bool(newest(build, daemon).alarms) is alarms.enable


def test_an_alarm_rolls_back_also_during_the_bake_time(build):
    connected_instance(build)
    daemon = deploy_daemon(build, daemon_definition(build))
    settle(build, daemon)
    first = newest(build, daemon).target
    put_alarm(build, "errors", AlarmState.OK)
    put_alarm(build, "known", AlarmState.ALARM)
    alarms = DaemonAlarms(("errors", "known"), enable=True)
    configuration = DaemonDeploymentConfiguration(alarms=alarms, bake_time_in_minutes=10)
    deploy_daemon(build, daemon_definition(build), configuration=configuration)
    settle(build, daemon)
    assert newest(build, daemon).baking_since is not None
    put_alarm(build, "errors", AlarmState.ALARM)
    settle(build, daemon)
    record = newest(build, daemon)
    assert record.status is S.ROLLBACK_SUCCESSFUL
    assert [name.rpartition(":")[2] for name in record.triggered_alarms] == ["errors"]
    assert {t.daemon_revision for t in tasks(build, daemon)} == {first}


@pytest.mark.parametrize(("hosts", "expected"), [(0, 3), (1, 3), (6, 3), (7, 4), (250, 125), (1000, 200)])
def test_the_circuit_breaker_trips_at_half_of_the_instances(hosts, expected):
    assert failure_threshold(hosts) == expected
