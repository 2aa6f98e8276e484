"""The network interfaces of tasks, of container instances and of load balancers' nodes.

Promise: a task's interface exists from its start until it has stopped, a node's as long as its load balancer.
``Association.PublicIp`` is the address at which all TCP ports of a task with ``assignPublicIp``, of a container
instance's tasks, or of an internet-facing load balancer answer; it belongs to this machine's loopback, not to the
internet. The description names the attachment, in ECS's form, or the load balancer, so that clients can find the owner
of an interface.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.api.ec2.select import ALWAYS, DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task, TaskStatus
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.queries.vpc import all_in_scope, find_in_scope
from moyai.domain.vpc.not_found import NetworkInterfaceNotFound
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_AWS: Final = "amazon-aws"
_ECS: Final = "ecs"
_ELB: Final = "amazon-elb"


class AttachedInterface(NamedTuple):
    """An interface, and the members of its description that depend on its owner."""

    interface: NetworkInterface
    scope: Scope
    zone: str
    description: str
    attached_at: Instant
    requester: str = _ECS
    instance_owner: str = _ECS
    address_owner: str = _AWS
    type: str = "interface"
    device_index: int = 1
    status: str = "in-use"
    tags: Mapping[str, str] = MappingProxyType({})

    @property
    def attachment_id(self) -> str:
        """The id of the interface's attachment to its owner."""
        return "eni-attach-" + self.interface.id.removeprefix("eni-")


class DescribeNetworkInterfacesRequest(PagedRequest, frozen=True):
    """The interfaces to describe. AWS's services manage all of them, so ``include_managed_resources`` adds none."""

    include_managed_resources: bool = False
    network_interface_ids: tuple[str, ...] = ()


def describe_network_interfaces(ctx: Context, request: DescribeNetworkInterfacesRequest) -> dict[str, object]:
    """The interfaces of the scope's container instances, load balancers, and tasks that have not stopped."""
    world = ctx.store.world
    candidates = (
        _with_ids(ctx, request.network_interface_ids) if request.network_interface_ids else attached_interfaces(ctx)
    )
    page = select(_INTERFACES, candidates, request.network_interface_ids, request)
    return {"network_interfaces": [_view(world, item) for item in page.items], "next_token": page.next_token}


def attached_interfaces(ctx: Context) -> Iterator[AttachedInterface]:
    """Every interface of the scope."""
    world = ctx.store.world
    vpcs = all_in_scope(world, Vpc, ctx.scope)
    for vpc in vpcs:
        yield from map(_task_interface, world.tasks.each("vpc", vpc.id))
        yield from map(_instance_interface, world.container_instances.each("vpc", vpc.id))
    yield from _balancer_interfaces(ctx)


def _with_ids(ctx: Context, ids: tuple[str, ...]) -> Iterator[AttachedInterface]:
    world = ctx.store.world
    for identity in ids:
        tasks = (task for task in world.tasks.by("interface", identity) if not task.stopped)
        instances = world.container_instances.by("interface", identity)
        attached = (*map(_task_interface, tasks), *map(_instance_interface, instances))
        yield from (interface for interface in attached if interface.scope == ctx.scope)
    yield from (attached for attached in _balancer_interfaces(ctx) if attached.interface.id in ids)


def _task_interface(task: Task) -> AttachedInterface:
    tags = _tags(task) if task.service is None else {**_tags(task), "aws:ecs:serviceName": _name(task.service)}
    return AttachedInterface(
        interface=task.interface,
        scope=scope_of(task.arn),
        zone=task.availability_zone,
        description=_ecs_description(task),
        attached_at=task.created_at,
        status="detaching" if task.last_status is TaskStatus.DEPROVISIONING else "in-use",
        tags=tags,
    )


def _instance_interface(instance: ContainerInstance) -> AttachedInterface:
    return AttachedInterface(
        interface=instance.interface,
        scope=scope_of(instance.arn),
        zone=instance.availability_zone,
        description=_ecs_description(instance),
        attached_at=instance.registered_at,
        device_index=0,
        tags=_tags(instance),
    )


def _balancer_interfaces(ctx: Context) -> Iterator[AttachedInterface]:
    for balancer in ctx.store.world.load_balancers.each("scope", scope_key(ctx.scope)):
        yield from _node_interfaces(balancer)


def _node_interfaces(balancer: LoadBalancer) -> Iterator[AttachedInterface]:
    is_network = balancer.type is LoadBalancerType.NETWORK
    for node in balancer.nodes:
        yield AttachedInterface(
            interface=node.interface,
            scope=scope_of(balancer.arn),
            zone=node.zone,
            description=f"ELB {balancer.dimension}",
            attached_at=balancer.created_at,
            requester=_ELB,
            instance_owner=_AWS if is_network else _ELB,
            address_owner=_ELB,
            type="network_load_balancer" if is_network else "interface",
        )


def _ecs_description(holder: Task | ContainerInstance) -> str:
    return arn("ecs", scope_of(holder.arn), f"attachment/{holder.interface.attachment}")


def _tags(holder: Task | ContainerInstance) -> dict[str, str]:
    """The tags that ECS sets on all interfaces that it manages."""
    return {"aws:ecs:clusterName": _name(holder.cluster)}


def _name(resource: str) -> str:
    return resource.rpartition("/")[2]


def _view(world: World, attached: AttachedInterface) -> dict[str, object]:
    interface = attached.interface
    association = _association(attached)
    groups = [find_in_scope(world, SecurityGroup, attached.scope, group) for group in interface.security_groups]
    subnet = find_in_scope(world, Subnet, attached.scope, interface.subnet)
    return {
        "network_interface_id": interface.id,
        "interface_type": attached.type,
        "description": attached.description,
        "status": attached.status,
        "owner_id": attached.scope.account,
        "requester_id": attached.requester,
        "requester_managed": True,
        "source_dest_check": True,
        "vpc_id": interface.vpc,
        "subnet_id": interface.subnet,
        "availability_zone": attached.zone,
        "availability_zone_id": None if subnet is None else subnet.zone_id,
        "mac_address": interface.mac,
        "private_ip_address": interface.address,
        "private_dns_name": interface.private_dns_name,
        "ipv6_address": interface.ipv6_address,
        "ipv6_addresses": [{"ipv6_address": address, "is_primary_ipv6": False} for address in _ipv6(attached)],
        "private_ip_addresses": [
            {
                "primary": True,
                "private_ip_address": interface.address,
                "private_dns_name": interface.private_dns_name,
                "association": association,
            }
        ],
        "association": association,
        "attachment": _attachment(attached),
        "groups": [{"group_id": group.id, "group_name": group.name} for group in groups if group is not None],
        "tag_set": tag_list(attached.tags),
    }


def _association(attached: AttachedInterface) -> dict[str, object] | None:
    address = attached.interface.public_address
    return None if address is None else {"ip_owner_id": attached.address_owner, "public_ip": address}


def _attachment(attached: AttachedInterface) -> dict[str, object]:
    return {
        "attachment_id": attached.attachment_id,
        "attach_time": attached.attached_at,
        "delete_on_termination": True,
        "device_index": attached.device_index,
        "network_card_index": 0,
        "instance_owner_id": attached.instance_owner,
        "status": "attached",
    }


def _ipv6(attached: AttachedInterface) -> Iterator[str]:
    if attached.interface.ipv6_address is not None:
        yield attached.interface.ipv6_address


def _public(attached: AttachedInterface) -> Iterator[str]:
    if attached.interface.public_address is not None:
        yield attached.interface.public_address


_INTERFACES = DescribedKind[AttachedInterface](
    "network interfaces",
    lambda a: a.interface.id,
    MappingProxyType(
        {
            "network-interface-id": lambda a: (a.interface.id,),
            "vpc-id": lambda a: (a.interface.vpc,),
            "subnet-id": lambda a: (a.interface.subnet,),
            "availability-zone": lambda a: (a.zone,),
            "group-id": lambda a: a.interface.security_groups,
            "mac-address": lambda a: (a.interface.mac,),
            "private-ip-address": lambda a: (a.interface.address,),
            "ipv6-addresses.ipv6-address": _ipv6,
            "addresses.private-ip-address": lambda a: (a.interface.address,),
            "addresses.primary": lambda _: ALWAYS,
            "addresses.association.public-ip": _public,
            "association.public-ip": _public,
            "association.ip-owner-id": lambda a: (a.address_owner,) if a.interface.public_address else (),
            "private-dns-name": lambda a: (a.interface.private_dns_name,),
            "attachment.attachment-id": lambda a: (a.attachment_id,),
            "attachment.instance-owner-id": lambda a: (a.instance_owner,),
            "attachment.status": lambda _: ("attached",),
            "description": lambda a: (a.description,),
            "interface-type": lambda a: (a.type,),
            "owner-id": lambda a: (a.scope.account,),
            "requester-id": lambda a: (a.requester,),
            "requester-managed": lambda _: ALWAYS,
            "status": lambda a: (a.status,),
        }
    ),
    NetworkInterfaceNotFound,
    lambda a: a.tags,
)
