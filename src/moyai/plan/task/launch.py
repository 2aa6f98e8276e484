"""The launch of a task: its record, with everything about it decided.

Promise: the scheduler and RunTask create tasks only here, and nothing about a task is chosen later: its ids, its
container instance (``placement``) or its zone and subnet (spread over the zones of the subnets it may use), its
address, its containers. A task with a Service Connect view gets a proxy as one more container; an App Mesh proxy is a
container of its definition.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.load_balancer import TaskTarget
from moyai.domain.ecs.mesh_proxy import appmesh_identity, mesh_proxy
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import Container, NetworkInterface, Task, TaskOverride
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import vpc_and_subnet
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    CapacityProviderName,
    ClusterArn,
    ContainerArn,
    ContainerInstanceArn,
    DaemonArn,
    DaemonRevisionArn,
    DeploymentId,
    Ids,
    Pool,
    ServiceArn,
    TaskArn,
    TaskId,
)
from moyai.plan.network.host_ports import PortBindings, bridge_address, port_bindings
from moyai.plan.placement.batch import PlacementBatch
from moyai.plan.placement.choose import FARGATE_PROVIDERS, InstanceRequirements, choose_instance, choose_provider
from moyai.plan.placement.reasons import Reason, Refusal, Unplaced
from moyai.plan.task.launch_interface import InterfaceRequest, choose_interface, usable_subnets
from moyai.plan.task.shared_proxy import shares_proxy

FARGATE = "FARGATE"
FARGATE_PLATFORM = "1.4.0"
"""The version that platformVersion LATEST means for a Linux task."""


class LaunchRequest(msgspec.Struct, frozen=True):
    """The request for a new task. ``network`` None = any subnet of the default VPC."""

    cluster: ClusterArn
    definition: TaskDefinition
    group: str
    network: AwsVpcConfiguration | None = None
    service: ServiceArn | None = None
    deployment: DeploymentId | None = None
    pool: Pool = Pool("")
    view: ConnectView | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()
    targets: tuple[TaskTarget, ...] = ()
    daemon: DaemonArn | None = None
    daemon_revision: DaemonRevisionArn | None = None
    started_by: str | None = None
    client_token: str | None = None
    overrides: TaskOverride = TaskOverride()
    launch_type: str = FARGATE
    providers: tuple[CapacityProviderStrategyItem, ...] = ()
    """Used instead of ``launch_type`` if not empty."""
    constraints: tuple[PlacementConstraint, ...] = ()
    strategy: tuple[PlacementStrategy, ...] = ()
    instance: ContainerInstanceArn | None = None
    """The container instance that the request names; the task is launched there or not at all."""
    enable_execute_command: bool = False
    tags: Mapping[str, str] = {}


class _Placement(NamedTuple):
    """The place of a new task: its launch type, its container instance if it has one, its interface and ports."""

    interface: NetworkInterface
    zone: str
    launch_type: str
    instance: ContainerInstance | None = None
    provider: CapacityProviderName | None = None
    bindings: PortBindings = PortBindings()
    bridge_address: str | None = None
    gpus: tuple[str, ...] = ()


def launch(world: World, request: LaunchRequest, now: Instant, ids: Ids, batch: Sequence[Task] = ()) -> Task:
    """The task to record. ``batch``: tasks of the same plan, which the world does not have yet.

    Raises NoInterface or Unplaced.
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
        shares_proxy=shares_proxy(world, request.cluster, request.view, request.definition.network_mode),
        connect_attachment=None if request.view is None else ids.uuid(),
        service_registries=request.service_registries,
        targets=request.targets,
        daemon=request.daemon,
        daemon_revision=request.daemon_revision,
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


def _containers(request: LaunchRequest, task: TaskId, ids: Ids, place: _Placement) -> tuple[Container, ...]:
    gpus, bindings = iter(place.gpus), place.bindings
    proxy = mesh_proxy(request.definition, request.overrides)
    containers = [
        Container(
            _container_arn(request.cluster, task, ids),
            c.name,
            is_proxy=c == proxy,
            network_bindings=bindings.containers.get(c.name, ()),
            gpu_ids=tuple(islice(gpus, c.gpus)),
        )
        for c in request.definition.container_definitions
    ]
    if request.view is not None:
        name = f"ecs-service-connect-{ids.alphanumeric(5)}"
        proxy_arn = _container_arn(request.cluster, task, ids)
        containers.append(Container(proxy_arn, name, is_proxy=True, network_bindings=bindings.proxy))
    return tuple(containers)


def _place(world: World, request: LaunchRequest, task: TaskId, ids: Ids, batch: Sequence[Task]) -> _Placement:
    """The place of the task: on FARGATE an interface of its own, otherwise a container instance."""
    peers = _peers(world, request, batch)
    launch_type, provider = _launch_type(request, peers, batch)
    interfaces = InterfaceRequest(scope_of(request.cluster), request.network, peers, request.deployment)
    if launch_type == FARGATE:
        return _Placement(*choose_interface(world, interfaces, ids, batch), launch_type, provider=provider)
    has_interface = request.definition.network_mode is NetworkMode.AWSVPC
    subnets = usable_subnets(world, interfaces)
    requirements = InstanceRequirements(
        cluster=request.cluster,
        definition=request.definition,
        launch_type=launch_type,
        task=task,
        peers=tuple(peers),
        view=request.view,
        deployment=request.deployment,
        overrides=request.overrides,
        constraints=request.constraints,
        strategy=request.strategy,
        zones=frozenset(s.zone for s in subnets) if has_interface else None,
        provider=provider,
        instance=request.instance,
    )
    batch = PlacementBatch.of(world, batch)
    instance = choose_instance(world, requirements, batch, ids)
    resources = batch.at(instance).remaining
    if has_interface:
        interface, zone = choose_interface(world, interfaces, ids, batch, instance.availability_zone)
        return _Placement(interface, zone, launch_type, instance, provider, gpus=resources.gpus)
    return _Placement(
        interface=instance.interface,
        zone=instance.availability_zone,
        launch_type=launch_type,
        instance=instance,
        provider=provider,
        bindings=port_bindings(request.definition, task, resources.taken_ports, request.view) or PortBindings(),
        bridge_address=_bridge_address(world, request, task, instance, batch),
        gpus=resources.gpus,
    )


def _bridge_address(
    world: World, request: LaunchRequest, task: TaskId, instance: ContainerInstance, batch: Sequence[Task]
) -> str | None:
    """The task's address behind its instance, which only the network mode bridge has."""
    if request.definition.network_mode is not NetworkMode.BRIDGE:
        return None
    vpc, _ = vpc_and_subnet(world, scope_of(request.cluster), instance.interface)
    address = bridge_address(world, instance, vpc.cidr, task, batch)
    if address is None:
        raise Unplaced((Refusal(instance.arn, Reason.ENI),))
    return address


def _launch_type(
    request: LaunchRequest, peers: Iterable[Task], batch: Iterable[Task]
) -> tuple[str, CapacityProviderName | None]:
    """The launch type, and the capacity provider where a strategy decides."""
    if not request.providers:
        return request.launch_type, None
    counted = batch if request.service is None else (t for t in peers if t.deployment == request.deployment)
    counts: Counter[str] = Counter(t.capacity_provider for t in counted if t.capacity_provider is not None)
    provider = choose_provider(request.providers, counts)
    return (FARGATE if provider in FARGATE_PROVIDERS else "EC2"), provider


def _container_arn(cluster: ClusterArn, task: TaskId, ids: Ids) -> ContainerArn:
    name = cluster.rpartition("/")[2]
    return ContainerArn(arn("ecs", scope_of(cluster), f"container/{name}/{task}/{ids.uuid()}"))


def _peers(world: World, request: LaunchRequest, batch: Sequence[Task]) -> list[Task]:
    """The tasks from which this one is spread: those of its service, else of its group, that are not stopping."""
    if request.service is not None:
        stored_tasks = world.tasks.by("service", request.service)
    else:
        stored_tasks = world.tasks.by("group", f"{request.cluster}/{request.group}")
    return [t for t in (*stored_tasks, *batch) if t.stopping_at is None and not t.stopped]
