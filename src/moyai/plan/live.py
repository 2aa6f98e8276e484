"""Live endpoints: what a running task can call follows its namespace, where its cluster wants that.

Promise: a name that is new to a running task appears in its hosts file when somebody answers behind it and its proxy
has acknowledged that, and is gone from there for LINGER before the proxy forgets it; so whoever finds a name gets
through: a worker of the proxy takes no connection that is newer than the acknowledgement before it has followed
(docs/decisions/workers-accept-one-at-a-time.md). A name keeps its virtual address for
as long as the task lives, and no other name ever gets it. Where the setting is off, as on AWS, a task's names are what
its deployment froze; one that is switched off leaves its running tasks with the names they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from ipaddress import IPv4Address

from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView, SeenName, allot_more, is_virtual
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.sandbox.spec import HostName
from moyai.domain.world import Observed, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DiscoveryServiceArn
from moyai.plan.action import Name, earliest
from moyai.plan.connect import endpoints
from moyai.plan.mode import is_live
from moyai.plan.networks import own_hosts
from moyai.plan.retire import forgotten
from moyai.plan.step import Step

LINGER = 30.0
"""Seconds for which a proxy still leads on what its task no longer finds by name."""

_FOLLOWING = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING, TaskStatus.RUNNING})


def followed(world: World, task: Task, now: Instant) -> Task:
    """The task, its view as its namespace is now; itself where it doesn't follow."""
    if task.view is None or not _follows(task) or not is_live(world, task.cluster):
        return task
    view = _follow(world, task.view, now)
    return task if view == task.view else replace(task, view=view)


def named(world: World, step: Step, observed: Observed, now: Instant) -> Step:
    """The step, and what is due of the task's hosts file and of names that have left it."""
    task = step.task
    sandbox = observed.sandboxes.get(task.id)
    if task.view is None or sandbox is None or not _follows(task) or task.last_status is TaskStatus.PROVISIONING:
        return step
    found = frozenset(h for h in sandbox.hosts if is_virtual(h.address))
    wanted = _findable(world, task.view, found)
    shown = wanted if task.id in observed.carried else wanted & found
    if shown != found:
        own = own_hosts(task, world.task_definitions[task.task_definition])
        hosts = (*own, *sorted(shown, key=lambda h: (IPv4Address(h.address), h.name)))
        return replace(step, effects=(*step.effects, Name(task.id, hosts)))
    names = tuple(n for n in task.view.names if n.left_at is None or now < later(n.left_at, LINGER))
    leaving = (later(n.left_at, LINGER) for n in names if n.left_at is not None)
    due = earliest(step.wake_at, *leaving)
    if names == task.view.names:
        return replace(step, wake_at=due)
    following = replace(task, view=replace(task.view, names=names))
    dropped = {n.target for n in task.view.names} - {n.target for n in names}
    changes = (*step.changes, *forgotten(world, following, dropped))
    return replace(step, task=following, changes=changes, wake_at=due)


def hidden(world: World, task: Task, hosts: Iterable[HostName]) -> frozenset[tuple[str, int]]:
    """The virtual addresses and ports of names that somebody answers and that the task doesn't find yet."""
    if task.view is None or not _follows(task):
        return frozenset()
    found = frozenset(hosts)
    missing = [n for n in task.view.names if n.left_at is None and _host(n) not in found]
    return frozenset((n.address, n.port) for n in missing if is_answered(world, n.target))


def is_answered(world: World, target: DiscoveryServiceArn) -> bool:
    """Whether anybody is registered for the discovery service."""
    return next(world.discovery_instances.each("service", target), None) is not None


def _follows(task: Task) -> bool:
    return task.desired_status is DesiredStatus.RUNNING and task.last_status in _FOLLOWING


def _findable(world: World, view: ConnectView, found: AbstractSet[HostName]) -> frozenset[HostName]:
    """What the task is to find: of what is offered, all that it found before, and what is answered."""
    offered = (n for n in view.names if n.left_at is None)
    return frozenset(h for n in offered if (h := _host(n)) in found or is_answered(world, n.target))


def _host(name: SeenName) -> HostName:
    return HostName(name.address, name.dns_name)


def _follow(world: World, view: ConnectView, now: Instant) -> ConnectView:
    there = endpoints(world, view.namespace, leaving=True)
    if there == {(n.dns_name, n.port): n.target for n in view.names if n.left_at is None}:
        return view
    addresses, allotted = allot_more(view, (name for name, _ in there))
    kept = {(n.dns_name, n.port): n for n in view.names}
    left = [replace(n, left_at=n.left_at or now) for place, n in kept.items() if place not in there]
    present = [SeenName(name, port, addresses[name], target) for (name, port), target in there.items()]
    names = tuple(sorted((*left, *present), key=lambda n: (n.dns_name, n.port)))
    return replace(view, names=names, allotted=allotted)
