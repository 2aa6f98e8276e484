"""Mount targets: create, describe, delete, and their security groups.

Promise: a file system has at most one in a zone, and all in one VPC. Each has an address of its subnet, at which
nothing answers: tasks get the file system's directory without a network in between, if the security groups would let
NFS pass.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html, API_DescribeMountTargets.html,
API_ModifyMountTargetSecurityGroups.html, API_DeleteMountTarget.html
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.efs.lookup import access_point_of, available_file_system, file_system_of, mount_target_of, page_of
from moyai.api.operation import Context
from moyai.domain.efs.errors import (
    AvailabilityZonesMismatch,
    BadRequest,
    IpAddressInUse,
    MountTargetConflict,
    NoFreeAddressesInSubnet,
    SecurityGroupLimitExceeded,
    SecurityGroupNotFound,
    SubnetNotFound,
)
from moyai.domain.efs.file_system import FileSystem, MountTarget
from moyai.domain.queries.vpc import default_security_group, find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import MountTargetId, NetworkInterfaceId, SecurityGroupId, VpcId
from moyai.plan.network.interfaces import is_address_free, private_address

MAX_SECURITY_GROUPS: Final = 5
_ID_DIGITS: Final = 17
_IPV4_ONLY: Final = "IPV4_ONLY"


class CreateMountTargetRequest(msgspec.Struct, frozen=True):
    file_system_id: str
    subnet_id: str
    ip_address: str | None = None
    ip_address_type: str = _IPV4_ONLY
    security_groups: tuple[str, ...] = ()


class DescribeMountTargetsRequest(msgspec.Struct, frozen=True):
    max_items: int | None = None
    marker: str | None = None
    file_system_id: str | None = None
    mount_target_id: str | None = None
    access_point_id: str | None = None


class MountTargetRequest(msgspec.Struct, frozen=True):
    mount_target_id: str


class ModifyMountTargetSecurityGroupsRequest(MountTargetRequest, frozen=True):
    security_groups: tuple[str, ...] | None = None


def create_mount_target(ctx: Context, request: CreateMountTargetRequest) -> dict[str, object]:
    """Create a mount target of a file system in a subnet."""
    if request.ip_address_type != _IPV4_ONLY:
        raise BadRequest(f"IpAddressType: {request.ip_address_type} is not supported by moyai: use {_IPV4_ONLY}.")
    file_system = available_file_system(ctx, request.file_system_id)
    subnet = find_in_scope(ctx.store.world, Subnet, ctx.scope, request.subnet_id)
    if subnet is None:
        raise SubnetNotFound(f"The subnet ID '{request.subnet_id}' does not exist")
    _check_place(ctx, file_system, subnet)
    target = MountTarget(
        id=MountTargetId(f"fsmt-{ctx.ids.hex(_ID_DIGITS)}"),
        scope=ctx.scope,
        file_system=file_system.id,
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        zone_id=subnet.zone_id,
        address=_address(ctx, subnet, request.ip_address),
        interface=NetworkInterfaceId(f"eni-{ctx.ids.hex(_ID_DIGITS)}"),
        security_groups=_security_groups(ctx, subnet.vpc, request.security_groups),
    )
    ctx.store.apply([Put(target)])
    return {**_view(target), "life_cycle_state": "creating"}


def describe_mount_targets(ctx: Context, request: DescribeMountTargetsRequest) -> dict[str, object]:
    """The mount target with this id, or all of a file system, which the request names itself or by an access point."""
    identifiers = [request.file_system_id, request.mount_target_id, request.access_point_id]
    if sum(name is not None for name in identifiers) != 1:
        raise BadRequest("Give exactly one of FileSystemId, MountTargetId and AccessPointId.")
    table = ctx.store.world.mount_targets
    if request.mount_target_id is not None:
        keys = [mount_target_of(ctx, request.mount_target_id).id]
    elif request.access_point_id is not None:
        keys = [t.id for t in table.by("file_system", access_point_of(ctx, request.access_point_id).file_system)]
    else:
        keys = [t.id for t in table.by("file_system", file_system_of(ctx, request.file_system_id or "").id)]
    on_page = page_of(keys, ("DescribeMountTargets", *identifiers), request.marker, request.max_items)
    return {
        "marker": request.marker,
        "mount_targets": [_view(table[key]) for key in on_page.keys],
        "next_marker": on_page.next_token,
    }


def delete_mount_target(ctx: Context, request: MountTargetRequest) -> None:
    """Delete a mount target. Tasks that have mounted the file system keep it; later ones in the zone can't mount it."""
    ctx.store.apply([Delete(MountTarget, mount_target_of(ctx, request.mount_target_id).id)])


def describe_mount_target_security_groups(ctx: Context, request: MountTargetRequest) -> dict[str, object]:
    """The security groups of a mount target."""
    return {"security_groups": mount_target_of(ctx, request.mount_target_id).security_groups}


def modify_mount_target_security_groups(ctx: Context, request: ModifyMountTargetSecurityGroupsRequest) -> None:
    """Replace the security groups of a mount target; without any it has the VPC's default one."""
    target = mount_target_of(ctx, request.mount_target_id)
    groups = _security_groups(ctx, target.vpc, request.security_groups or ())
    ctx.store.apply([Put(replace(target, security_groups=groups))])


def _check_place(ctx: Context, file_system: FileSystem, subnet: Subnet) -> None:
    if file_system.zone not in {None, subnet.zone}:
        raise AvailabilityZonesMismatch(
            f"The file system '{file_system.id}' is in the Availability Zone {file_system.zone}, and the subnet "
            f"'{subnet.id}' in {subnet.zone}."
        )
    for other in ctx.store.world.mount_targets.by("file_system", file_system.id):
        if other.vpc != subnet.vpc:
            raise MountTargetConflict(
                "requested subnet for new mount target is not in the same VPC as existing mount targets"
            )
        if other.zone == subnet.zone:
            raise MountTargetConflict("mount target already exists in this AZ")


def _address(ctx: Context, subnet: Subnet, requested_address: str | None) -> str:
    """The requested address, or a free one. Raises BadRequest, IpAddressInUse, NoFreeAddressesInSubnet."""
    if requested_address is None:
        free = private_address(ctx.store.world, subnet, ())
        if free is None:
            raise NoFreeAddressesInSubnet(f"The subnet '{subnet.id}' has no free address.")
        return free
    try:
        is_inside = IPv4Address(requested_address) in IPv4Network(subnet.cidr)
    except AddressValueError:
        is_inside = False
    if not is_inside:
        raise BadRequest(f"Address {requested_address} does not fall within the subnet's address range")
    if not is_address_free(ctx.store.world, subnet, requested_address):
        raise IpAddressInUse(f"Address {requested_address} is in use or reserved.")
    return requested_address


def _security_groups(ctx: Context, vpc: VpcId, names: tuple[str, ...]) -> tuple[SecurityGroupId, ...]:
    """The groups of these ids, or the VPC's default one. Raises SecurityGroupNotFound, SecurityGroupLimitExceeded."""
    world = ctx.store.world
    if not names:
        default = default_security_group(world, ctx.scope, vpc)
        return () if default is None else (default.id,)
    if len(set(names)) > MAX_SECURITY_GROUPS:
        raise SecurityGroupLimitExceeded(f"A mount target has at most {MAX_SECURITY_GROUPS} security groups.")
    for name in names:
        group = find_in_scope(world, SecurityGroup, ctx.scope, name)
        if group is None or group.vpc != vpc:
            raise SecurityGroupNotFound(f"The SecurityGroup ID '{name}' does not exist in {vpc}.")
    return tuple(SecurityGroupId(name) for name in dict.fromkeys(names))


def _view(target: MountTarget) -> dict[str, object]:
    return {
        "owner_id": target.scope.account,
        "mount_target_id": target.id,
        "file_system_id": target.file_system,
        "subnet_id": target.subnet,
        "life_cycle_state": "available",
        "ip_address": target.address,
        "network_interface_id": target.interface,
        "availability_zone_id": target.zone_id,
        "availability_zone_name": target.zone,
        "vpc_id": target.vpc,
    }
