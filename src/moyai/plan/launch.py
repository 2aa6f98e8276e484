"""A new task, with everything about it decided.

Promise: the one place where a task comes from, for the scheduler and for RunTask: its ids, its container instance
(``placement``) or its zone and subnet (spread over the zones of the subnets it may go to), its address, its
containers. Nothing about it is chosen later. A task with a Service Connect view gets a proxy as one more container; an
App Mesh proxy is a container of its definition.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.mesh_proxy import appmesh_identity, mesh_proxy
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import Container, NetworkInterface, Task, TaskOverride
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_security_group, default_vpc_of, find_in_scope, vpc_and_subnet
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import (
    CapacityProviderName,
    ClusterArn,
    ContainerArn,
    ContainerInstanceArn,
    DeploymentId,
    Ids,
    Pool,
    SecurityGroupId,
    ServiceArn,
    TaskArn,
    TaskId,
)
from moyai.kernel.scope import Scope
from moyai.plan import events
from moyai.plan.addresses import ipv6_address
from moyai.plan.host_ports import Bindings, bindings, bridge_address
from moyai.plan.interfaces import new_interface
from moyai.plan.placement.batch import Batch
from moyai.plan.placement.capacity import FARGATE_PROVIDERS, next_provider
from moyai.plan.placement.choose import Seat, choose
from moyai.plan.placement.reasons import Reason, Refusal, Unplaced

FARGATE = "FARGATE"
FARGATE_PLATFORM = "1.4.0"
"""What platformVersion LATEST means for a Linux task."""


class NoRoom(MoyaiError):
    """The task can't have a network interface: no free address in any of its subnets, or a security group is gone.
    ``reason`` is RunTask's failure reason.
    """

    reason = "RESOURCE:ENI"

    @property
    def event(self) -> str:
        """What the service says of it."""
        return events.unplaced(str(self))


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
    providers: tuple[CapacityProviderStrategyItem, ...] = ()
    """Instead of ``launch_type``, where there are any."""
    constraints: tuple[PlacementConstraint, ...] = ()
    strategy: tuple[PlacementStrategy, ...] = ()
    instance: ContainerInstanceArn | None = None
    """The only container instance that will do, where one was named."""
    enable_execute_command: bool = False
    tags: Mapping[str, str] = {}


class _Place(NamedTuple):
    """Where a new task goes."""

    interface: NetworkInterface
    zone: str
    launch_type: str
    instance: ContainerInstance | None = None
    provider: CapacityProviderName | None = None
    bindings: Bindings = Bindings()
    bridge_address: str | None = None
    gpus: tuple[str, ...] = ()


def launch(world: World, request: LaunchRequest, now: Instant, ids: Ids, batch: Sequence[Task] = ()) -> Task:
    """The task to record. ``batch``: tasks made in the same breath that the world doesn't know yet.

    Raises NoRoom or Unplaced.
    """
    scope = scope_of(request.cluster)
    cluster = request.cluster.rpartition("/")[2]
    task = TaskId(ids.hex(32))
    place = _place(world, request, task, ids, batch)
    return Task(
        arn=TaskArn(arn("ecs", scope, f"task/{cluster}/{task}")),
        id=task,
        cluster=request.cluster,
        task_definition=request.definition.arn,
        created_at=now,
        group=request.group,
        availability_zone=place.zone,
        interface=place.interface,
        containers=_containers(request, task, ids, place),
        service=request.service,
        deployment=request.deployment,
        pool=request.pool,
        view=request.view,
        identity=appmesh_identity(request.definition, request.overrides, scope),
        connect_attachment=None if request.view is None else ids.uuid(),
        service_registries=request.service_registries,
        started_by=request.started_by,
        client_token=request.client_token,
        launch_type=place.launch_type,
        capacity_provider=place.provider,
        container_instance=None if place.instance is None else place.instance.arn,
        network_mode=request.definition.network_mode,
        bridge_address=place.bridge_address,
        platform_version=FARGATE_PLATFORM if place.launch_type == FARGATE else None,
        cpu=request.overrides.cpu or request.definition.cpu,
        memory=request.overrides.memory or request.definition.memory,
        enable_execute_command=request.enable_execute_command,
        overrides=request.overrides,
        tags=request.tags,
    )


def _containers(request: LaunchRequest, task: TaskId, ids: Ids, place: _Place) -> tuple[Container, ...]:
    free, bound = iter(place.gpus), place.bindings
    proxy = mesh_proxy(request.definition, request.overrides)
    containers = [
        Container(
            _container_arn(request.cluster, task, ids),
            c.name,
            is_proxy=c == proxy,
            network_bindings=bound.containers.get(c.name, ()),
            gpu_ids=tuple(islice(free, c.gpus)),
        )
        for c in request.definition.container_definitions
    ]
    if request.view is not None:
        name = f"ecs-service-connect-{ids.alphanumeric(5)}"
        own = _container_arn(request.cluster, task, ids)
        containers.append(Container(own, name, is_proxy=True, network_bindings=bound.proxy))
    return tuple(containers)


def _place(world: World, request: LaunchRequest, task: TaskId, ids: Ids, batch: Sequence[Task]) -> _Place:
    """The launch type, and with another one than FARGATE the container instance."""
    peers = _peers(world, request, batch)
    kind, provider = _kind(request, peers, batch)
    if kind == FARGATE:
        return _Place(*_interface(world, request, ids, batch), kind, provider=provider)
    own = request.definition.network_mode is NetworkMode.AWSVPC
    subnets = _subnets(world, scope_of(request.cluster), request.network)
    seat = Seat(
        cluster=request.cluster,
        definition=request.definition,
        launch_type=kind,
        task=task,
        peers=tuple(peers),
        view=request.view,
        deployment=request.deployment,
        overrides=request.overrides,
        constraints=request.constraints,
        strategy=request.strategy,
        zones=frozenset(s.zone for s in subnets) if own else None,
        provider=provider,
        instance=request.instance,
    )
    batch = Batch.of(world, batch)
    instance = choose(world, seat, batch, ids)
    left = batch.at(instance).left
    if own:
        interface, zone = _interface(world, request, ids, batch, instance.availability_zone)
        return _Place(interface, zone, kind, instance, provider, gpus=left.gpus)
    bound = bindings(request.definition, task, left.taken, request.view) or Bindings()
    address = _behind(world, request, task, instance, batch)
    return _Place(instance.interface, instance.availability_zone, kind, instance, provider, bound, address, left.gpus)


def _behind(
    world: World, request: LaunchRequest, task: TaskId, instance: ContainerInstance, batch: Sequence[Task]
) -> str | None:
    """The address behind the instance, which only bridge has."""
    if request.definition.network_mode is not NetworkMode.BRIDGE:
        return None
    vpc, _ = vpc_and_subnet(world, scope_of(request.cluster), instance.interface)
    address = bridge_address(world, instance, vpc.cidr, task, batch)
    if address is None:
        raise Unplaced((Refusal(instance.arn, Reason.ENI),))
    return address


def _kind(
    request: LaunchRequest, peers: Iterable[Task], batch: Iterable[Task]
) -> tuple[str, CapacityProviderName | None]:
    """The launch type, and the capacity provider where a strategy has to say."""
    if not request.providers:
        return request.launch_type, None
    made = batch if request.service is None else (t for t in peers if t.deployment == request.deployment)
    counts: Counter[str] = Counter(t.capacity_provider for t in made if t.capacity_provider is not None)
    provider = next_provider(request.providers, counts)
    return (FARGATE if provider in FARGATE_PROVIDERS else "EC2"), provider


def _container_arn(cluster: ClusterArn, task: TaskId, ids: Ids) -> ContainerArn:
    name = cluster.rpartition("/")[2]
    return ContainerArn(arn("ecs", scope_of(cluster), f"container/{name}/{task}/{ids.uuid()}"))


def _interface(
    world: World, request: LaunchRequest, ids: Ids, batch: Sequence[Task], zone: str | None = None
) -> tuple[NetworkInterface, str]:
    """The interface and its zone: this one, or else the emptiest that still has an address."""
    scope, wanted = scope_of(request.cluster), request.network
    subnets = tuple(s for s in _subnets(world, scope, wanted) if zone in {None, s.zone})
    for subnet in _by_preference(subnets, _peers(world, request, batch), request.deployment):
        public = wanted is not None and wanted.assign_public_ip == "ENABLED"
        groups = _groups(world, subnet, wanted)
        interface = new_interface(world, subnet, groups, ids, public=public, batch=batch)
        if interface is not None:
            return replace(interface, ipv6_address=ipv6_address(world, subnet, interface.address)), subnet.zone
    raise NoRoom(f"no subnet of {', '.join(s.id for s in subnets) or 'those that were named'} has a free address")


def _subnets(world: World, scope: Scope, wanted: AwsVpcConfiguration | None) -> tuple[Subnet, ...]:
    """Where the task may go. A subnet that was deleted since it was named is none."""
    if wanted is None:
        vpc = default_vpc_of(world, scope)
        return () if vpc is None else tuple(all_in_vpc(world, Subnet, scope, vpc.id))
    return tuple(s for s in (find_in_scope(world, Subnet, scope, i) for i in wanted.subnets) if s is not None)


def _groups(world: World, subnet: Subnet, wanted: AwsVpcConfiguration | None) -> tuple[SecurityGroupId, ...]:
    """The security groups that were named, or else the VPC's default one."""
    if wanted is not None and wanted.security_groups:
        gone = [one for one in wanted.security_groups if find_in_scope(world, SecurityGroup, subnet.scope, one) is None]
        if gone:
            raise NoRoom(f"the security groups {', '.join(gone)} do not exist any more")
        return wanted.security_groups
    group = default_security_group(world, subnet.scope, subnet.vpc)
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
