"""New container instances: those that somebody registers, and those that this machine registers of itself.

Promise: an instance is made whole: its id, its zone (the one with fewest of the cluster's, where none is named), its
interface in a subnet of the default VPC, and the attributes that every instance has. What the machine registers of
itself has the same name each time, so that it is registered once over any number of restarts.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html (attributes)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.cluster import MOST_INSTANCES, Cluster, ClusterStatus, Setting
from moyai.domain.ecs.container_instance import Attribute, ContainerInstance, Resources, VersionInfo
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_security_group, default_vpc_of
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import Change, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ClusterArn, ContainerInstanceArn, Ids, TaskId
from moyai.plan.interfaces import new_interface
from moyai.plan.placement.capabilities import CAPABILITIES

EC2, EXTERNAL = "EC2", "EXTERNAL"
INSTANCE_TYPE = "moyai.local"
"""What ``ecs.instance-type`` is where nobody says."""


class NoPlace(MoyaiError):
    """No instance can be had: there is no default VPC, no such zone, no address, or there are too many."""


class NewInstance(msgspec.Struct, frozen=True):
    """What is asked of a new container instance; None = as it comes."""

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
    """This machine as so many container instances of a cluster, each with these resources."""

    cluster: ClusterArn
    count: int
    resources: Resources
    architecture: str
    version_info: VersionInfo


def enrolled(world: World, wanted: NewInstance, now: Instant, ids: Ids) -> ContainerInstance:
    """The instance to record. Raises NoPlace."""
    scope = scope_of(wanted.cluster)
    present = [i for i in world.container_instances.by("cluster", wanted.cluster) if not i.gone]
    if len(present) >= MOST_INSTANCES:
        raise NoPlace(f"A cluster has at most {MOST_INSTANCES} container instances here.")
    subnet = _subnet(world, wanted, present)
    group = default_security_group(world, scope, subnet.vpc)
    groups = () if group is None else (group.id,)
    interface = new_interface(world, subnet, groups, ids, public=subnet.map_public_ip_on_launch)
    if interface is None:
        raise NoPlace(f"The subnet {subnet.id} has no free address.")
    identity = TaskId(ids.hex(32))
    name = wanted.cluster.rpartition("/")[2]
    prefix = "mi" if wanted.launch_type == EXTERNAL else "i"
    instance = ContainerInstance(
        arn=ContainerInstanceArn(arn("ecs", scope, f"container-instance/{name}/{identity}")),
        id=identity,
        cluster=wanted.cluster,
        ec2_instance_id=wanted.ec2_instance_id or f"{prefix}-{ids.hex(17)}",
        registered_at=now,
        availability_zone=subnet.zone,
        interface=interface,
        resources=wanted.resources,
        launch_type=wanted.launch_type,
        version_info=wanted.version_info,
        tags=wanted.tags,
    )
    return replace(instance, attributes=_attributes(instance, wanted))


def next_of(world: World, machine: Machine, now: Instant, ids: Ids) -> tuple[Change, ...]:
    """The next change on the way to where all of the machine's instances are registered; none when they are.

    Instances beyond ``count`` stay: they are deregistered by name. Raises NoPlace.
    """
    if not machine.count:
        return ()
    cluster = world.clusters.get(machine.cluster)
    if cluster is None or cluster.status is not ClusterStatus.ACTIVE:
        return (Put(_cluster(machine.cluster, cluster, now)),)
    for number in range(machine.count):
        name = own_id(machine.cluster, number)
        known = next(iter(world.container_instances.by("ec2_instance", name)), None)
        if known is None:
            wanted = NewInstance(
                cluster=machine.cluster,
                resources=machine.resources,
                ec2_instance_id=name,
                architecture=machine.architecture,
                version_info=machine.version_info,
            )
            return (Put(enrolled(world, wanted, now, ids)),)
        current = replace(known, resources=machine.resources, version_info=machine.version_info)
        if current != known:
            return (Put(replace(current, version=known.version + 1)),)
    return ()


def own_id(cluster: ClusterArn, number: int) -> str:
    """The instance id of the machine's instance with this number, counted from 0."""
    return f"i-{sha256(f'{cluster} {number}'.encode()).hexdigest()[:17]}"


def _cluster(key: ClusterArn, known: Cluster | None, now: Instant) -> Cluster:
    if known is not None:
        return replace(known, status=ClusterStatus.ACTIVE, inactive_at=None)
    settings = (Setting("containerInsights", "disabled"),)
    return Cluster(arn=key, name=key.rpartition("/")[2], created_at=now, settings=settings)


def _subnet(world: World, wanted: NewInstance, present: list[ContainerInstance]) -> Subnet:
    scope = scope_of(wanted.cluster)
    vpc = default_vpc_of(world, scope)
    if vpc is None:
        raise NoPlace("Container instances stand in the default VPC, and there is none. Create it first.")
    subnets = [s for s in all_in_vpc(world, Subnet, scope, vpc.id) if wanted.zone in {None, s.zone}]
    if not subnets:
        where = "" if wanted.zone is None else f" in {wanted.zone}"
        raise NoPlace(f"The default VPC has no subnet{where}.")
    crowd = Counter(i.availability_zone for i in present)
    return min(subnets, key=lambda s: (crowd[s.zone], s.zone, s.id))


def _attributes(instance: ContainerInstance, wanted: NewInstance) -> tuple[Attribute, ...]:
    """Those that were given, and over them those that say what the instance is."""
    built_in = {
        "ecs.availability-zone": instance.availability_zone,
        "ecs.cpu-architecture": wanted.architecture,
        "ecs.instance-type": wanted.instance_type,
        "ecs.os-family": "LINUX",
        "ecs.os-type": "linux",
        "ecs.subnet-id": instance.interface.subnet,
        "ecs.vpc-id": instance.interface.vpc,
    }
    given = {a.name: a.value for a in wanted.attributes}
    found = {**dict.fromkeys(CAPABILITIES), **given, **built_in}
    return tuple(Attribute(name, found[name]) for name in sorted(found))
