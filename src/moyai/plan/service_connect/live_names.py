"""Live names: the names that a running task can call follow its namespace, where its cluster's tag enables that.

Promise: a name that is new to a running task is written to its hosts file when an instance is registered behind it and
the task's proxy has acknowledged it. A name that leaves the namespace is removed from the file LINGER seconds before
the proxy forgets it. So a caller that finds a name can connect: after the acknowledgement, each worker of the proxy
applies the name before it accepts a connection (docs/decisions/workers-accept-one-at-a-time.md). A name keeps its
virtual address for as long as the task lives, and no other name ever gets that address. Where the setting is off, as on
AWS, a task has the names that its deployment froze; when it is switched off, running tasks keep their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView, SeenName, allocate_more_addresses
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.own_tags import LIVE_ENDPOINTS, ON
from moyai.domain.sandbox.network import HostName
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ClusterArn, DiscoveryServiceArn
from moyai.plan.action import earliest
from moyai.plan.service_connect.endpoints import endpoints_in

LINGER = 30.0
"""Seconds for which a proxy still routes a name that is no longer in its task's hosts file."""

_FOLLOWING = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING, TaskStatus.RUNNING})


def follows_namespace(world: World, cluster: ClusterArn) -> bool:
    """Whether the cluster's running tasks see new names: by its own tag, else by the installation's default."""
    record = world.clusters.get(cluster)
    tag = None if record is None else record.tags.get(LIVE_ENDPOINTS)
    return world.defaults.live_endpoints if tag is None else tag == ON


def follow_namespace(world: World, task: Task, now: Instant) -> Task:
    """The task with a view of its namespace as it is now; the task itself where its cluster does not follow it."""
    if task.view is None or not may_follow(task) or not follows_namespace(world, task.cluster):
        return task
    view = _view_of_namespace(world, task.view, now)
    return task if view == task.view else replace(task, view=view)


def may_follow(task: Task) -> bool:
    """Whether the task is in a state in which its names can change."""
    return task.desired_status is DesiredStatus.RUNNING and task.last_status in _FOLLOWING


def callable_hosts(world: World, view: ConnectView, present: AbstractSet[HostName]) -> frozenset[HostName]:
    """The hosts that the hosts file is to have: of the names that are offered, those that it has already (``present``)
    and those behind which an instance is registered.
    """
    hosts = ((_host(name), name) for name in view.names if name.left_at is None)
    return frozenset(host for host, name in hosts if host in present or has_instances(world, name.target))


def without_forgotten_names(view: ConnectView, now: Instant) -> ConnectView:
    """The view without names that left the hosts file LINGER seconds ago."""
    names = tuple(n for n in view.names if n.left_at is None or now < later(n.left_at, LINGER))
    return view if names == view.names else replace(view, names=names)


def next_forgotten_at(view: ConnectView) -> Instant | None:
    """When the proxy forgets the next name."""
    return earliest(*(later(n.left_at, LINGER) for n in view.names if n.left_at is not None))


def unlisted_endpoints(world: World, task: Task, hosts: Iterable[HostName]) -> frozenset[tuple[str, int]]:
    """The virtual addresses and ports of names that have instances and are not in the task's hosts file yet."""
    if task.view is None or not may_follow(task):
        return frozenset()
    present = frozenset(hosts)
    missing = [n for n in task.view.names if n.left_at is None and _host(n) not in present]
    return frozenset((n.address, n.port) for n in missing if has_instances(world, n.target))


def has_instances(world: World, target: DiscoveryServiceArn) -> bool:
    """Whether any instance is registered for the discovery service."""
    return next(world.discovery_instances.each("service", target), None) is not None


def _host(name: SeenName) -> HostName:
    return HostName(name.address, name.dns_name)


def _view_of_namespace(world: World, view: ConnectView, now: Instant) -> ConnectView:
    endpoints = endpoints_in(world, view.namespace, leaving=True)
    if endpoints == {(n.dns_name, n.port): n.target for n in view.names if n.left_at is None}:
        return view
    addresses, allotted_count = allocate_more_addresses(view, (name for name, _ in endpoints))
    before = {(n.dns_name, n.port): n for n in view.names}
    departed = [replace(n, left_at=n.left_at or now) for endpoint, n in before.items() if endpoint not in endpoints]
    present = [SeenName(name, port, addresses[name], target) for (name, port), target in endpoints.items()]
    names = tuple(sorted((*departed, *present), key=lambda n: (n.dns_name, n.port)))
    return replace(view, names=names, allotted_count=allotted_count)
