"""The network interfaces of tasks and of container instances.

Promise: a task's interface is there from its start until it has stopped. ``Association.PublicIp`` is where all TCP
ports of a task with ``assignPublicIp``, or of the tasks behind an instance, answer: an address of this machine's
loopback, not of the internet. The description names the attachment, as ECS writes it, so that interface and task find
each other.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from moyai.api.ec2.select import ALWAYS, DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_scope, find_in_scope
from moyai.domain.vpc.not_found import NetworkInterfaceNotFound
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.arn import arn

Holder = Task | ContainerInstance
"""Whoever has an interface of its own."""

_OWNER = "amazon-aws"
_REQUESTER = "ecs"


class DescribeNetworkInterfacesRequest(PagedRequest, frozen=True):
    """Which interfaces. Those of tasks are all managed by the caller, so ``include_managed_resources`` adds none."""

    include_managed_resources: bool = False
    network_interface_ids: tuple[str, ...] = ()


def describe_network_interfaces(ctx: Context, request: DescribeNetworkInterfacesRequest) -> dict[str, object]:
    """The interfaces of the scope's tasks that have not stopped, and of its container instances that are there."""
    page = select(_INTERFACES, _candidates(ctx, request), request.network_interface_ids, request)
    return {
        "network_interfaces": [_interface(ctx.store.world, holder) for holder in page.items],
        "next_token": page.next_token,
    }


def _candidates(ctx: Context, request: DescribeNetworkInterfacesRequest) -> Iterable[Holder]:
    """Those with the interfaces that are asked for by id, or all that have one."""
    world = ctx.store.world
    if not request.network_interface_ids:
        vpcs = all_in_scope(world, Vpc, ctx.scope)
        tasks = [task for vpc in vpcs for task in world.tasks.each("vpc", vpc.id)]
        return [
            *tasks,
            *(
                container_instance
                for vpc in vpcs
                for container_instance in world.container_instances.each("vpc", vpc.id)
            ),
        ]
    holders_with_ids: list[Holder] = []
    for identity in request.network_interface_ids:
        holders_with_ids += [task for task in world.tasks.by("interface", identity) if not task.stopped]
        holders_with_ids += world.container_instances.by("interface", identity)
    return [holder for holder in holders_with_ids if scope_of(holder.arn) == ctx.scope]


def _interface(world: World, holder: Holder) -> dict[str, object]:
    interface = holder.interface
    scope = scope_of(holder.arn)
    association = _association(holder)
    groups = [find_in_scope(world, SecurityGroup, scope, group) for group in interface.security_groups]
    subnet = find_in_scope(world, Subnet, scope, interface.subnet)
    return {
        "network_interface_id": interface.id,
        "interface_type": "interface",
        "description": _description(holder),
        "status": _status(holder),
        "owner_id": scope.account,
        "requester_id": _REQUESTER,
        "requester_managed": True,
        "source_dest_check": True,
        "vpc_id": interface.vpc,
        "subnet_id": interface.subnet,
        "availability_zone": holder.availability_zone,
        "availability_zone_id": None if subnet is None else subnet.zone_id,
        "mac_address": interface.mac,
        "private_ip_address": interface.address,
        "private_dns_name": interface.private_dns_name,
        "ipv6_address": interface.ipv6_address,
        "ipv6_addresses": [{"ipv6_address": address, "is_primary_ipv6": False} for address in _ipv6(holder)],
        "private_ip_addresses": [
            {
                "primary": True,
                "private_ip_address": interface.address,
                "private_dns_name": interface.private_dns_name,
                "association": association,
            }
        ],
        "association": association,
        "attachment": _attachment(holder),
        "groups": [{"group_id": group.id, "group_name": group.name} for group in groups if group is not None],
        "tag_set": tag_list(_tags(holder)),
    }


def _association(holder: Holder) -> dict[str, object] | None:
    address = holder.interface.public_address
    return None if address is None else {"ip_owner_id": _OWNER, "public_ip": address}


def _attachment(holder: Holder) -> dict[str, object]:
    return {
        "attachment_id": _attachment_id(holder),
        "attach_time": holder.created_at if isinstance(holder, Task) else holder.registered_at,
        "delete_on_termination": True,
        "device_index": 1 if isinstance(holder, Task) else 0,
        "network_card_index": 0,
        "instance_owner_id": _REQUESTER,
        "status": "attached",
    }


def _attachment_id(holder: Holder) -> str:
    return "eni-attach-" + holder.interface.id.removeprefix("eni-")


def _description(holder: Holder) -> str:
    return arn("ecs", scope_of(holder.arn), f"attachment/{holder.interface.attachment}")


def _status(holder: Holder) -> str:
    leaves = isinstance(holder, Task) and holder.last_status is TaskStatus.DEPROVISIONING
    return "detaching" if leaves else "in-use"


def _tags(holder: Holder) -> dict[str, str]:
    """The tags that ECS puts on an interface it manages."""
    tags = {"aws:ecs:clusterName": holder.cluster.rpartition("/")[2]}
    if isinstance(holder, Task) and holder.service is not None:
        tags["aws:ecs:serviceName"] = holder.service.rpartition("/")[2]
    return tags


def _ipv6(holder: Holder) -> Iterator[str]:
    if holder.interface.ipv6_address is not None:
        yield holder.interface.ipv6_address


def _public(holder: Holder) -> Iterator[str]:
    if holder.interface.public_address is not None:
        yield holder.interface.public_address


_INTERFACES = DescribedKind[Holder](
    "network interfaces",
    lambda holder: holder.interface.id,
    MappingProxyType(
        {
            "network-interface-id": lambda t: (t.interface.id,),
            "vpc-id": lambda t: (t.interface.vpc,),
            "subnet-id": lambda t: (t.interface.subnet,),
            "availability-zone": lambda t: (t.availability_zone,),
            "group-id": lambda t: t.interface.security_groups,
            "mac-address": lambda t: (t.interface.mac,),
            "private-ip-address": lambda t: (t.interface.address,),
            "ipv6-addresses.ipv6-address": _ipv6,
            "addresses.private-ip-address": lambda t: (t.interface.address,),
            "addresses.primary": lambda _: ALWAYS,
            "addresses.association.public-ip": _public,
            "association.public-ip": _public,
            "association.ip-owner-id": lambda t: (_OWNER,) if t.interface.public_address else (),
            "private-dns-name": lambda t: (t.interface.private_dns_name,),
            "attachment.attachment-id": lambda t: (_attachment_id(t),),
            "attachment.status": lambda _: ("attached",),
            "description": lambda t: (_description(t),),
            "interface-type": lambda _: ("interface",),
            "owner-id": lambda t: (scope_of(t.arn).account,),
            "requester-managed": lambda _: ALWAYS,
            "status": lambda t: (_status(t),),
        }
    ),
    NetworkInterfaceNotFound,
    _tags,
)
