"""The names in a running task's hosts file, updated with the namespace (see ``service_connect.live_names``)."""

from __future__ import annotations

from ipaddress import IPv4Address

from msgspec.structs import replace

from moyai.domain.connect.names import is_virtual
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Observed, World
from moyai.kernel.clock import Instant
from moyai.plan.action import WriteHosts, earliest
from moyai.plan.network.sandbox_network import base_hosts
from moyai.plan.service_connect.garbage_collection import garbage_collect_names
from moyai.plan.service_connect.live_names import callable_hosts, may_follow, next_forgotten_at, without_forgotten_names
from moyai.plan.task.context import TaskStep


def with_hosts_update(world: World, step: TaskStep, observed: Observed, now: Instant) -> TaskStep:
    """The step, with the new hosts file where names have changed; otherwise without the names whose time is over.

    A new name is written only when the task's proxy has acknowledged its routes; a name that goes is removed at once.
    """
    task = step.task
    sandbox = observed.sandboxes.get(task.id)
    if task.view is None or sandbox is None or not may_follow(task) or task.last_status is TaskStatus.PROVISIONING:
        return step
    present = frozenset(host for host in sandbox.hosts if is_virtual(host.address))
    callable_names = callable_hosts(world, task.view, present)
    next_hosts = callable_names if task.id in observed.with_acked_routes else callable_names & present
    if next_hosts != present:
        base = base_hosts(task, world.task_definitions[task.task_definition])
        names = sorted(next_hosts, key=lambda host: (IPv4Address(host.address), host.name))
        return replace(step, effects=(*step.effects, WriteHosts(task.id, (*base, *names))))
    view = without_forgotten_names(task.view, now)
    wake_at = earliest(step.wake_at, next_forgotten_at(view))
    if view == task.view:
        return replace(step, wake_at=wake_at)
    forgotten = {name.target for name in task.view.names} - {name.target for name in view.names}
    task = replace(task, view=view)
    changes = (*step.changes, *garbage_collect_names(world, task, forgotten))
    return replace(step, task=task, changes=changes, wake_at=wake_at)
