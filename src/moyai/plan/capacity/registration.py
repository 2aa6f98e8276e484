"""New container instances: those that a client registers, and those that represent this machine.

Promise: an instance is complete when it is created: its id, its zone (the one with fewest of the cluster's instances,
where none is named), its interface in a subnet of the default VPC, and the attributes that every instance has. The
machine's own instances have the same ids after each restart, so that no restart registers them twice.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html (attributes)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.cluster import MOST_INSTANCES, Cluster, ClusterSetting, ClusterStatus
from moyai.domain.ecs.container_instance import Attribute, ContainerInstance, Resources, VersionInfo
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_security_group, default_vpc_of
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Change, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ClusterArn, ContainerInstanceArn, Ids, TaskId
from moyai.plan.network.interfaces import new_interface
from moyai.plan.placement.constraints import CAPABILITIES

EC2, EXTERNAL = "EC2", "EXTERNAL"
INSTANCE_TYPE = "moyai.local"
"""The attribute ``ecs.instance-type`` where the request has none."""


class RegistrationImpossible(MoyaiError):
    """The instance can't be registered: no default VPC, no such zone, no address, or too many instances."""


class ContainerInstanceRequest(msgspec.Struct, frozen=True):
    """The request for a new container instance; None = the default."""

    cluster: ClusterArn
    resources: Resources
    launch_type: str = EC2
    zone: str | None = None
    ec2_instance_id: str | None = None
    instance_type: str = INSTANCE_TYPE
    architecture: str = "x86_64"
    attributes: tuple[Attribute, ...] = ()
    version_info: VersionInfo = VersionInfo()
    tags: Mapping[str, str] = {}


class Machine(msgspec.Struct, frozen=True):
    """This machine as ``count`` container instances of a cluster, each with these resources."""

    cluster: ClusterArn
    count: int
    resources: Resources
    architecture: str
    version_info: VersionInfo


def new_container_instance(
    world: World, request: ContainerInstanceRequest, now: Instant, ids: Ids
) -> ContainerInstance:
    """The instance to record. Raises RegistrationImpossible."""
    scope = scope_of(request.cluster)
    present = [i for i in world.container_instances.by("cluster", request.cluster) if not i.gone]
    if len(present) >= MOST_INSTANCES:
        raise RegistrationImpossible(f"A cluster has at most {MOST_INSTANCES} container instances here.")
    subnet = _subnet(world, request, present)
    group = default_security_group(world, scope, subnet.vpc)
    groups = () if group is None else (group.id,)
    interface = new_interface(world, subnet, groups, ids, public=subnet.map_public_ip_on_launch)
    if interface is None:
        raise RegistrationImpossible(f"The subnet {subnet.id} has no free address.")
    identity = TaskId(ids.hex(32))
    name = request.cluster.rpartition("/")[2]
    prefix = "mi" if request.launch_type == EXTERNAL else "i"
    instance = ContainerInstance(
        arn=ContainerInstanceArn(arn("ecs", scope, f"container-instance/{name}/{identity}")),
        id=identity,
        cluster=request.cluster,
        ec2_instance_id=request.ec2_instance_id or f"{prefix}-{ids.hex(17)}",
        registered_at=now,
        availability_zone=subnet.zone,
        interface=interface,
        resources=request.resources,
        launch_type=request.launch_type,
        version_info=request.version_info,
        tags=request.tags,
    )
    return replace(instance, attributes=_attributes(instance, request))


def register_machine(world: World, machine: Machine, now: Instant, ids: Ids) -> tuple[Change, ...]:
    """The next change until all of the machine's instances are registered; none when they are.

    Instances beyond ``count`` stay until they are deregistered. Raises RegistrationImpossible.
    """
    if not machine.count:
        return ()
    cluster = world.clusters.get(machine.cluster)
    if cluster is None or cluster.status is not ClusterStatus.ACTIVE:
        return (Put(_active_cluster(machine.cluster, cluster, now)),)
    for number in range(machine.count):
        name = machine_instance_id(machine.cluster, number)
        instance = next(iter(world.container_instances.by("ec2_instance", name)), None)
        if instance is None:
            request = ContainerInstanceRequest(
                cluster=machine.cluster,
                resources=machine.resources,
                ec2_instance_id=name,
                architecture=machine.architecture,
                version_info=machine.version_info,
            )
            return (Put(new_container_instance(world, request, now, ids)),)
        current = replace(instance, resources=machine.resources, version_info=machine.version_info)
        if current != instance:
            return (Put(replace(current, version=instance.version + 1)),)
    return ()


def machine_instance_id(cluster: ClusterArn, number: int) -> str:
    """The EC2 instance id of the machine's instance with this number, counted from 0."""
    return f"i-{sha256(f'{cluster} {number}'.encode()).hexdigest()[:17]}"


def _active_cluster(key: ClusterArn, inactive_cluster: Cluster | None, now: Instant) -> Cluster:
    if inactive_cluster is not None:
        return replace(inactive_cluster, status=ClusterStatus.ACTIVE, inactive_at=None)
    settings = (ClusterSetting("containerInsights", "disabled"),)
    return Cluster(arn=key, name=key.rpartition("/")[2], created_at=now, settings=settings)


def _subnet(world: World, request: ContainerInstanceRequest, present: list[ContainerInstance]) -> Subnet:
    scope = scope_of(request.cluster)
    vpc = default_vpc_of(world, scope)
    if vpc is None:
        raise RegistrationImpossible(
            "Container instances are placed in the default VPC, and there is none. Create it first."
        )
    subnets = [s for s in all_in_vpc(world, Subnet, scope, vpc.id) if request.zone in {None, s.zone}]
    if not subnets:
        where = "" if request.zone is None else f" in {request.zone}"
        raise RegistrationImpossible(f"The default VPC has no subnet{where}.")
    in_zone = Counter(i.availability_zone for i in present)
    return min(subnets, key=lambda s: (in_zone[s.zone], s.zone, s.id))


def _attributes(instance: ContainerInstance, request: ContainerInstanceRequest) -> tuple[Attribute, ...]:
    """The attributes of the request and those that describe the instance, which take precedence."""
    built_in = {
        "ecs.availability-zone": instance.availability_zone,
        "ecs.cpu-architecture": request.architecture,
        "ecs.instance-type": request.instance_type,
        "ecs.os-family": "LINUX",
        "ecs.os-type": "linux",
        "ecs.subnet-id": instance.interface.subnet,
        "ecs.vpc-id": instance.interface.vpc,
    }
    requested = {a.name: a.value for a in request.attributes}
    attributes = {**dict.fromkeys(CAPABILITIES), **requested, **built_in}
    return tuple(Attribute(name, attributes[name]) for name in sorted(attributes))
