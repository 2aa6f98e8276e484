"""The proxy of a task that shares the host's: it has started when the host's Envoy has acknowledged all of the task's
resources, and has stopped when that Envoy has removed them.

Promise: the task's containers start after its listeners are acknowledged, as with an Envoy of its own. The task's
network namespace is removed after its listeners, unless the Envoy does not answer within LEAVE_LIMIT. When the Envoy
can't open a port of the task in several attempts (it is in use, or the network namespace is gone), the task ends with
Envoy's reason, at its start or when the Envoy has started again: otherwise it would run without answering anybody.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.config import ProxyLogLevel
from moyai.domain.connect.names import ConnectView
from moyai.domain.defaults import ProxyTopology
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, ContainerStatus, Task
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.domain.own_tags import PROXY
from moyai.domain.sandbox.state import Health
from moyai.domain.world import ProxyState, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ClusterArn

CANNOT_LISTEN = "CannotStartContainerError: the proxy that tasks share can't open a port of this task"
LEAVE_LIMIT = 10.0
"""Seconds that the host's Envoy gets to acknowledge the removal of a task."""


def shares_proxy(world: World, cluster: ClusterArn, view: ConnectView | None, mode: NetworkMode) -> bool:
    """Whether a new task shares the host's proxy: by its cluster's tag, else by the installation's default. A task with
    the network mode host can't, because the network is its container instance's. A task whose proxy logs at the debug
    level has a proxy of its own, because a shared proxy's debug log would show the requests of other tasks.
    """
    record = world.clusters.get(cluster)
    tag = None if record is None else record.tags.get(PROXY)
    topology = world.defaults.proxy if tag is None else ProxyTopology(tag)
    if view is None or view.proxy_log_level is ProxyLogLevel.DEBUG:
        return False
    return mode is not NetworkMode.HOST and topology is ProxyTopology.NODE


def observe_shared_proxy(task: Task, container: Container, state: ProxyState | None, now: Instant) -> Container:
    """The task's proxy container, as the host's Envoy shows it."""
    if container.last_status is ContainerStatus.PENDING and state is not None and state.synced:
        return replace(
            container,
            last_status=ContainerStatus.RUNNING,
            health_status=Health.HEALTHY,
            runtime_id=runtime_id(container.arn),
            started_at=now,
        )
    if container.last_status is ContainerStatus.RUNNING and state is not None and state.lacks_listener:
        reason = f"{CANNOT_LISTEN}: {state.rejection}"
        return replace(container, last_status=ContainerStatus.STOPPED, exit_code=1, reason=reason, finished_at=now)
    leaves = container.last_status is ContainerStatus.RUNNING and task.proxy_leaves_at is not None
    if leaves and (state is None or now >= later(task.proxy_leaves_at or now, LEAVE_LIMIT)):
        return replace(container, last_status=ContainerStatus.STOPPED, exit_code=0, finished_at=now)
    return container
