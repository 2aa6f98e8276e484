"""A new task, with everything about it decided.

Promise: the one place where a task comes from, for the scheduler and for RunTask: its ids, its zone
and subnet (spread over the zones of the subnets it may go to), its address, its containers. Nothing
about it is chosen later. A task with a Service Connect view gets a proxy as one more container.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import Container, NetworkInterface, Task, TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.vpc.lookup import default_group, find, inside, the_default
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import (
    ClusterArn,
    ContainerArn,
    DeploymentId,
    Ids,
    Pool,
    SecurityGroupId,
    ServiceArn,
    TaskArn,
    TaskId,
)
from moyai.kernel.scope import Scope
from moyai.plan.interfaces import new_interface

FARGATE = "FARGATE"
FARGATE_PLATFORM = "1.4.0"
"""What platformVersion LATEST means for a Linux task."""


class NoRoom(MoyaiError):
    """The task can't have a network interface: no free address in any of its subnets, or a security group is gone.
    ``reason`` is RunTask's failure reason.
    """

    reason = "RESOURCE:ENI"


class LaunchRequest(msgspec.Struct, frozen=True):
    """What is asked of a new task. ``network`` None = any subnet of the default VPC."""

    cluster: ClusterArn
    definition: TaskDefinition
    group: str
    network: AwsVpcConfiguration | None = None
    service: ServiceArn | None = None
    deployment: DeploymentId | None = None
    pool: Pool = Pool("")
    view: ConnectView | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()
    started_by: str | None = None
    client_token: str | None = None
    overrides: TaskOverride = TaskOverride()
    launch_type: str = FARGATE
    enable_execute_command: bool = False
    tags: Mapping[str, str] = {}


def launch(world: World, request: LaunchRequest, now: Instant, ids: Ids, batch: Sequence[Task] = ()) -> Task:
    """The task to record. ``batch``: tasks made in the same breath that the world doesn't know yet.

    Raises NoRoom.
    """
    scope = scope_of(request.cluster)
    cluster = request.cluster.rpartition("/")[2]
    task = TaskId(ids.hex(32))
    interface, zone = _interface(world, request, ids, batch)
    names = [c.name for c in request.definition.container_definitions]
    containers = [Container(_container_arn(request.cluster, task, ids), name) for name in names]
    if request.view is not None:
        proxy = f"ecs-service-connect-{ids.alphanumeric(5)}"
        containers.append(Container(_container_arn(request.cluster, task, ids), proxy, is_proxy=True))
    return Task(
        arn=TaskArn(arn("ecs", scope, f"task/{cluster}/{task}")),
        id=task,
        cluster=request.cluster,
        task_definition=request.definition.arn,
        created_at=now,
        group=request.group,
        availability_zone=zone,
        interface=interface,
        containers=tuple(containers),
        service=request.service,
        deployment=request.deployment,
        pool=request.pool,
        view=request.view,
        connect_attachment=None if request.view is None else ids.uuid(),
        service_registries=request.service_registries,
        started_by=request.started_by,
        client_token=request.client_token,
        launch_type=request.launch_type,
        platform_version=FARGATE_PLATFORM if request.launch_type == FARGATE else None,
        cpu=request.overrides.cpu or request.definition.cpu,
        memory=request.overrides.memory or request.definition.memory,
        enable_execute_command=request.enable_execute_command,
        overrides=request.overrides,
        tags=request.tags,
    )


def _container_arn(cluster: ClusterArn, task: TaskId, ids: Ids) -> ContainerArn:
    name = cluster.rpartition("/")[2]
    return ContainerArn(arn("ecs", scope_of(cluster), f"container/{name}/{task}/{ids.uuid()}"))


def _interface(world: World, request: LaunchRequest, ids: Ids, batch: Sequence[Task]) -> tuple[NetworkInterface, str]:
    """The interface and its zone: the emptiest zone that still has an address."""
    scope, wanted = scope_of(request.cluster), request.network
    subnets = _subnets(world, scope, wanted)
    for subnet in _by_preference(subnets, _peers(world, request, batch), request.deployment):
        public = wanted is not None and wanted.assign_public_ip == "ENABLED"
        interface = new_interface(world, subnet, _groups(world, subnet, wanted), ids, public=public, batch=batch)
        if interface is not None:
            return interface, subnet.zone
    raise NoRoom(f"no subnet of {', '.join(s.id for s in subnets) or 'those that were named'} has a free address")


def _subnets(world: World, scope: Scope, wanted: AwsVpcConfiguration | None) -> tuple[Subnet, ...]:
    """Where the task may go. A subnet that was deleted since it was named is none."""
    if wanted is None:
        vpc = the_default(world, scope)
        return () if vpc is None else tuple(inside(world, Subnet, scope, vpc.id))
    return tuple(s for s in (find(world, Subnet, scope, i) for i in wanted.subnets) if s is not None)


def _groups(world: World, subnet: Subnet, wanted: AwsVpcConfiguration | None) -> tuple[SecurityGroupId, ...]:
    """The security groups that were named, or else the VPC's default one."""
    if wanted is not None and wanted.security_groups:
        gone = [one for one in wanted.security_groups if find(world, SecurityGroup, subnet.scope, one) is None]
        if gone:
            raise NoRoom(f"the security groups {', '.join(gone)} do not exist any more")
        return wanted.security_groups
    group = default_group(world, subnet.scope, subnet.vpc)
    return () if group is None else (group.id,)


def _peers(world: World, request: LaunchRequest, batch: Sequence[Task]) -> list[Task]:
    """The live tasks that this one should stand apart from: its service's, else its group's."""
    if request.service is not None:
        known = world.tasks.by("service", request.service)
    else:
        known = world.tasks.by("group", f"{request.cluster}/{request.group}")
    return [t for t in (*known, *batch) if t.stopping_at is None and not t.stopped]


def _by_preference(subnets: tuple[Subnet, ...], peers: list[Task], deployment: DeploymentId | None) -> list[Subnet]:
    """Subnets, best first: fewest of the same deployment in the zone, then fewest peers, then as given."""
    same = Counter(t.availability_zone for t in peers if t.deployment == deployment)
    zones = Counter(t.availability_zone for t in peers)
    within = Counter(t.interface.subnet for t in peers)
    return sorted(subnets, key=lambda s: (same[s.zone], zones[s.zone], within[s.id]))
