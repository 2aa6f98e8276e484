"""The file systems of Amazon EFS that a task mounts, and why it can't.

Promise: a task can mount a file system if that has a mount target in the task's VPC and zone, whose security groups and
the task's own let NFS pass. A task that can't ends with the message of Fargate's mount helper, and with the cause in
brackets where that message lacks it. A mount that exists stays until its task has stopped.
Source: https://docs.aws.amazon.com/efs/latest/ug/troubleshooting-efs-mounting.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.ecs.volume import EfsVolume
from moyai.domain.efs.file_system import NFS_PORT, AccessPoint, CreationInfo, MountTarget, host_name
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import rules_for_tcp
from moyai.domain.sandbox.spec import DirectoryOwner, FileSystemMount, FileSystemUser
from moyai.domain.vpc.security_group import SecurityGroupRule
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId
from moyai.kernel.scope import Scope
from moyai.plan.task.environment import Unresolved

_FAILED = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
_MORE = "See https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail."


def _file_system_mount(world: World, task: Task, volume: EfsVolume) -> FileSystemMount:
    scope = scope_of(task.arn)
    server = host_name(volume.file_system_id, scope.region)
    target = _mount_target(world, task, volume.file_system_id)
    if target is None:
        raise Unresolved(
            f'{_FAILED}Failed to resolve "{server}" - check that your file system ID is correct, and ensure that the'
            f" VPC has an EFS mount target for this file system ID. {_MORE} : unsuccessful EFS utils command"
            f" execution; code: 1 ({_missing_part(world, task, volume.file_system_id)})"
        )
    if not _nfs_passes(world, scope, task.interface, target):
        raise Unresolved(
            f"{_FAILED}b'mount.nfs4: Connection timed out' : unsuccessful EFS utils command execution; code: 32 (TCP"
            f" port {NFS_PORT} must be allowed by the security groups of the mount target {target.id} for the task's"
            f" {', '.join(task.interface.security_groups)}, and the other way round)"
        )
    if volume.access_point is None:
        return FileSystemMount(volume.file_system_id, server, volume.root_directory)
    access_point = world.access_points.get(volume.access_point)
    if access_point is None or access_point.file_system != volume.file_system_id:
        raise Unresolved(
            f"{_FAILED}b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils"
            f" command execution; code: 32 (the file system has no access point {volume.access_point})"
        )
    return _access_point_mount(access_point, server)


def file_system_mounts(world: World, task: Task, definition: TaskDefinition) -> Mapping[str, FileSystemMount]:
    """The mounts of the task's volumes, by name. Raises Unresolved."""
    configurations = {volume.name: volume.efs_volume_configuration for volume in definition.volumes}
    return {name: _file_system_mount(world, task, efs) for name, efs in configurations.items() if efs is not None}


def is_file_system_used(world: World, file_system: str) -> bool:
    """Whether a task that has not stopped mounts the file system."""
    return any(
        volume.efs_volume_configuration is not None and volume.efs_volume_configuration.file_system_id == file_system
        for task in world.tasks
        if not task.stopped
        for volume in world.task_definitions[task.task_definition].volumes
    )


def _mount_target(world: World, task: Task, identity: str) -> MountTarget | None:
    """The mount target at which the task reaches the file system."""
    file_system = world.file_systems.get(identity)
    if file_system is None or file_system.scope != scope_of(task.arn) or file_system.deleted_at is not None:
        return None
    targets = world.mount_targets.by("file_system", identity)
    here = (t for t in targets if (t.vpc, t.zone) == (task.interface.vpc, task.availability_zone))
    return next(here, None)


def _missing_part(world: World, task: Task, identity: str) -> str:
    file_system = world.file_systems.get(identity)
    if file_system is None or file_system.scope != scope_of(task.arn):
        return f"there is no file system {identity} in the task's account and region"
    if file_system.deleted_at is not None:
        return f"the file system {identity} is being deleted"
    return f"it has no mount target in {task.availability_zone} of {task.interface.vpc}"


def _access_point_mount(access_point: AccessPoint, server: str) -> FileSystemMount:
    creation, user = access_point.root.creation_info, access_point.user
    return FileSystemMount(
        access_point.file_system,
        server,
        access_point.root.path,
        None if creation is None else _owner(creation),
        None if user is None else FileSystemUser(user.uid, user.gid, user.secondary_gids),
    )


def _owner(creation: CreationInfo) -> DirectoryOwner:
    return DirectoryOwner(creation.owner_uid, creation.owner_gid, int(creation.permissions, 8))


def _nfs_passes(world: World, scope: Scope, interface: NetworkInterface, target: MountTarget) -> bool:
    """Whether the security groups of the task and of the mount target allow NFS from one to the other."""
    own, other = interface.security_groups, target.security_groups
    leaving = rules_for_tcp(world, scope, own, NFS_PORT, egress=True)
    entering = rules_for_tcp(world, scope, other, NFS_PORT, egress=False)
    leaves = any(_is_peer(rule, target.address, other) for rule in leaving)
    return leaves and any(_is_peer(rule, interface.address, own) for rule in entering)


def _is_peer(rule: SecurityGroupRule, address: str, groups: tuple[SecurityGroupId, ...]) -> bool:
    """Whether a rule is about a peer that has this address and these groups."""
    if rule.group is not None:
        return rule.group.id in groups
    return rule.cidr_ipv4 is not None and ip_address(address) in ip_network(rule.cidr_ipv4)
