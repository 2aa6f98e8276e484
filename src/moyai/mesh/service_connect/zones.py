"""Zone-aware routing: the peers that share a caller's load, and the number of endpoints from which it applies.

Promise: a service's callers are its RUNNING tasks that have a proxy, whether or not they offer anything. The threshold
depends on the zones in which the called service may be placed, not on where its tasks are, so a failing zone does not
change how the others are called.
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
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import TaskDefinitionArn
from moyai.mesh.ir import EndpointGroup, Member
from moyai.mesh.service_connect.projections import ConnectTask
from moyai.mesh.service_connect.traffic_split import CalledService

_ENDPOINTS_PER_ZONE = 2
_LOW_HALF = 0xFFFF
"""The part of an address that differs between tasks of one container instance."""


def peers_name(namespace: Namespace, task: ConnectTask) -> str | None:
    """The name of the endpoint group of a task's peers, the tasks of its service. None for a task without a service."""
    return None if task.service is None else f"peers/{namespace.id}/{task.service}"


def peer_groups(
    namespace: Namespace, tasks: Iterable[ConnectTask], ports: Mapping[TaskDefinitionArn, ProxyPorts]
) -> dict[str, EndpointGroup]:
    """The peer groups of these tasks, also of services without a RUNNING task. ``ports``: those of their proxies."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for task in tasks:
        name = peers_name(namespace, task)
        if name is None:
            continue
        members = groups[name]
        if task.is_caller:
            members.append(Member(task.zone, task.address, _distinguishing_port(task, ports[task.task_definition])))
    return {name: EndpointGroup(name, tuple(sorted(members))) for name, members in groups.items()}


def _distinguishing_port(task: ConnectTask, ports: ProxyPorts) -> int:
    """A port that distinguishes the caller from others at its address; callers are counted, and never connected to."""
    if task.bridge_address is not None:
        return int(IPv4Address(task.bridge_address)) & _LOW_HALF
    return ports.egress


def zone_aware_from(world: World, callee: CalledService) -> int:
    """The number of endpoints from which routing is zone-aware: two for each zone that the service may be placed in."""
    scope = scope_of(callee.service.arn)
    own = () if callee.owner is None else callee.owner.subnets
    subnets = [s for s in (find_in_scope(world, Subnet, scope, i) for i in own) if s is not None]
    return _ENDPOINTS_PER_ZONE * len({s.zone for s in subnets or all_in_scope(world, Subnet, scope)})
