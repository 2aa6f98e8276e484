"""Zones: who shares a caller's load, and from how many endpoints on a zone's own ones are enough.

Promise: a service's callers are its RUNNING tasks that have a proxy, whether or not they offer anything; the
threshold hangs on where the called service may be placed, not on where its tasks are by now, so a zone that
fails does not change how its neighbours are called.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-zone-aware-routing.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.connect.names import ProxyPorts
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_scope, find_in_scope
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import TaskDefinitionArn
from moyai.mesh.ir import EndpointGroup, Member
from moyai.mesh.service_connect.called import Called
from moyai.mesh.service_connect.projections import ConnectTask

_ENDPOINTS_PER_ZONE = 2
_LOW_HALF = 0xFFFF
"""What differs among the addresses behind one container instance."""


def peers_name(namespace: Namespace, task: ConnectTask) -> str | None:
    """The group of those that call as the task does: its service's. None for a task of no service."""
    return None if task.service is None else f"peers/{namespace.id}/{task.service}"


def peer_groups(
    namespace: Namespace, tasks: Iterable[ConnectTask], ports: Mapping[TaskDefinitionArn, ProxyPorts]
) -> dict[str, EndpointGroup]:
    """The groups of all these tasks; a service of which none is RUNNING has one, too. ``ports``: of their proxies."""
    found: dict[str, list[Member]] = defaultdict(list)
    for task in tasks:
        name = peers_name(namespace, task)
        if name is None:
            continue
        members = found[name]
        if task.is_caller:
            members.append(Member(task.zone, task.address, _distinct(task, ports[task.task_definition])))
    return {name: EndpointGroup(name, tuple(sorted(members))) for name, members in found.items()}


def _distinct(task: ConnectTask, ports: ProxyPorts) -> int:
    """A port that tells the caller from others at its address; nobody connects to it, callers are only counted."""
    if task.bridge_address is not None:
        return int(IPv4Address(task.bridge_address)) & _LOW_HALF
    return ports.egress


def zone_aware_from(world: World, called: Called) -> int:
    """Two endpoints for each zone that the service's owner may use; where that can't be told, for each there is."""
    scope = scope_of(called.service.arn)
    named = () if called.owner is None else called.owner.subnets
    subnets = [s for s in (find_in_scope(world, Subnet, scope, i) for i in named) if s is not None]
    return _ENDPOINTS_PER_ZONE * len({s.zone for s in subnets or all_in_scope(world, Subnet, scope)})
