"""Tasks that share the host's proxy: what they wait for at their start and at their end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.defaults import Defaults, ProxyTopology
from moyai.domain.ecs.task import ContainerStatus, DesiredStatus, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.domain.own_tags import PROXY, fault_in
from moyai.domain.sandbox.state import Health
from moyai.domain.world import ProxyState, Put
from moyai.plan.action import ReleaseSandbox, StartContainer, StartProxy, StopContainer
from moyai.plan.task.container_start import PROXY_START_TIMEOUT
from moyai.plan.task.shared_proxy import CANNOT_LISTEN, LEAVE_LIMIT, shares_proxy
from moyai.plan.task.stop import ESSENTIAL_EXITED
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import down, put, schedule, step, up

SYNCED = ProxyState(connected=True, synced=True)
CONNECTED = ProxyState(connected=True)


def server():
    """A task that offers a port behind the host's proxy, newly made."""
    build = Builder()
    build.book.apply([Put(Defaults(proxy=ProxyTopology.NODE))])
    service = build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"])
    schedule(build, service)
    (task,) = build.tasks(service)
    return build, task.arn


def running():
    """The same, RUNNING."""
    build, task = server()
    for _ in range(4):
        step(build, task, up(build, "api", Health.HEALTHY), proxy=SYNCED)
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING
    return build, task


def test_containers_start_when_the_hosts_proxy_has_acknowledged_the_task():
    build, task = server()
    step(build, task)
    effects = step(build, task, proxy=CONNECTED).effects
    assert not [e for e in effects if isinstance(e, StartContainer | StartProxy)]
    effects = step(build, task, proxy=SYNCED).effects
    assert [e.container.name for e in effects if isinstance(e, StartContainer)] == ["api"]
    assert not [e for e in effects if isinstance(e, StartProxy)]
    proxy = build.world.tasks[task].connect_proxy
    assert (proxy.last_status, proxy.health_status) == (ContainerStatus.RUNNING, Health.HEALTHY)


def test_a_task_whose_listeners_are_rejected_fails_with_the_proxys_reason():
    build, task = server()
    step(build, task)
    refused = ProxyState(connected=True, rejection="the port is in use")
    step(build, task, proxy=refused)
    build.clock.jump(PROXY_START_TIMEOUT + 1)
    step(build, task, proxy=refused)
    assert "the port is in use" in build.world.tasks[task].stopped_reason


UNOPENED = ProxyState(connected=True, rejection="cannot bind '0.0.0.0:15000'", lacks_listener=True)


def test_a_task_whose_port_can_not_be_opened_fails_at_once_with_the_proxys_reason():
    build, task = server()
    step(build, task)
    step(build, task, proxy=UNOPENED)
    reason = build.world.tasks[task].stopped_reason
    assert reason == f"{CANNOT_LISTEN}: cannot bind '0.0.0.0:15000'"


def test_a_task_whose_port_can_not_be_opened_again_ends_with_the_proxys_reason():
    build, task = running()
    step(build, task, up(build, "api", Health.HEALTHY), proxy=UNOPENED)
    record = build.world.tasks[task]
    assert record.desired_status is DesiredStatus.STOPPED
    assert record.stopped_reason == ESSENTIAL_EXITED
    assert record.connect_proxy.reason == f"{CANNOT_LISTEN}: cannot bind '0.0.0.0:15000'"


def test_the_end_of_the_hosts_proxy_ends_no_task():
    build, task = running()
    step(build, task, up(build, "api", Health.HEALTHY), proxy=ProxyState())
    assert build.world.tasks[task].last_status is TaskStatus.RUNNING


def stopping():
    """A task whose application has ended, and whose proxy has reported since."""
    build, task = running()
    put(build, task, desired_status=DesiredStatus.STOPPED, last_status=TaskStatus.STOPPING)
    build.clock.jump(1)
    ended = down(build, "api")
    build.clock.jump(1)
    reported = replace(SYNCED, reported_at=build.clock.now())
    assert not [e for e in step(build, task, ended, proxy=reported).effects if isinstance(e, StopContainer)]
    assert build.world.tasks[task].proxy_leaves_at == build.clock.now()
    return build, task, ended


def test_the_sandbox_is_released_after_the_proxy_has_removed_the_task():
    build, task, ended = stopping()
    step(build, task, ended, proxy=CONNECTED)
    assert build.world.tasks[task].last_status is TaskStatus.STOPPING
    step(build, task, ended, proxy=None)
    plan = step(build, task, ended, proxy=None)
    assert [type(e) for e in plan.effects] == [ReleaseSandbox]


def test_a_proxy_that_does_not_answer_is_waited_for_only_so_long():
    build, task, ended = stopping()
    build.clock.jump(LEAVE_LIMIT + 1)
    step(build, task, ended, proxy=CONNECTED)
    assert build.world.tasks[task].last_status is TaskStatus.DEPROVISIONING


@pytest.mark.parametrize(
    ("tag", "default", "mode", "expected"),
    [
        (None, ProxyTopology.SIDECAR, NetworkMode.AWSVPC, False),
        (None, ProxyTopology.NODE, NetworkMode.AWSVPC, True),
        ("node", ProxyTopology.SIDECAR, NetworkMode.BRIDGE, True),
        ("sidecar", ProxyTopology.NODE, NetworkMode.AWSVPC, False),
        ("node", ProxyTopology.NODE, NetworkMode.HOST, False),
    ],
)
def test_the_clusters_tag_decides_before_the_default(tag, default, mode, expected):
    build, task = server()
    record = build.world.tasks[task]
    cluster = build.world.clusters[record.cluster]
    build.book.apply([Put(Defaults(proxy=default)), Put(replace(cluster, tags={} if tag is None else {PROXY: tag}))])
    assert shares_proxy(build.world, record.cluster, record.view, mode) is expected
    assert not shares_proxy(build.world, record.cluster, None, mode)


def test_a_misspelt_topology_is_refused():
    assert fault_in("cluster", {PROXY: "nodes"}) == "The tag moyai:proxy is sidecar or node, not 'nodes'."
