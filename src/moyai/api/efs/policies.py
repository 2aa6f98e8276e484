"""The policies of a file system: who may use it, when its files move to other storage classes, and backups.

Promise: they are checked and recorded; none has an effect, as there are neither users nor storage classes nor backups.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_PutFileSystemPolicy.html, API_PutLifecycleConfiguration.html,
API_PutBackupPolicy.html
"""

from __future__ import annotations

from collections import Counter

import msgspec
from msgspec.structs import replace

from moyai.api.efs.lookup import FileSystemRequest, available_file_system, file_system_of
from moyai.api.operation import Context
from moyai.api.policy_documents import policy_fault
from moyai.domain.efs.errors import BadRequest, InvalidPolicy, PolicyNotFound
from moyai.domain.efs.file_system import DISABLED, ENABLED, StorageTransition
from moyai.domain.world import Put


class PutFileSystemPolicyRequest(FileSystemRequest, frozen=True):
    """Input of PutFileSystemPolicy. ``bypass_policy_lockout_safety_check`` has no effect, because no policy locks its
    author out here.
    """

    policy: str
    bypass_policy_lockout_safety_check: bool = False


class PutLifecycleConfigurationRequest(FileSystemRequest, frozen=True):
    lifecycle_policies: tuple[StorageTransition, ...]


class BackupPolicy(msgspec.Struct, frozen=True):
    """Whether AWS Backup would back up the file system."""

    status: str


class PutBackupPolicyRequest(FileSystemRequest, frozen=True):
    backup_policy: BackupPolicy


def put_file_system_policy(ctx: Context, request: PutFileSystemPolicyRequest) -> dict[str, object]:
    """Record a file system's policy."""
    file_system = available_file_system(ctx, request.file_system_id)
    if fault := policy_fault(request.policy, needs_statements=True):
        raise InvalidPolicy(fault)
    ctx.store.apply([Put(replace(file_system, policy=request.policy))])
    return {"file_system_id": file_system.id, "policy": request.policy}


def describe_file_system_policy(ctx: Context, request: FileSystemRequest) -> dict[str, object]:
    """The text of a file system's policy. Raises PolicyNotFound."""
    file_system = file_system_of(ctx, request.file_system_id)
    if file_system.policy is None:
        raise PolicyNotFound(f"File system '{file_system.id}' has no policy: the default one applies.")
    return {"file_system_id": file_system.id, "policy": file_system.policy}


def delete_file_system_policy(ctx: Context, request: FileSystemRequest) -> None:
    """Delete a file system's policy, if it has one."""
    ctx.store.apply([Put(replace(available_file_system(ctx, request.file_system_id), policy=None))])


def put_lifecycle_configuration(ctx: Context, request: PutLifecycleConfigurationRequest) -> dict[str, object]:
    """Replace the lifecycle policies of a file system."""
    file_system, policies = available_file_system(ctx, request.file_system_id), request.lifecycle_policies
    transitions = [
        [name for name, value in msgspec.structs.asdict(policy).items() if value is not None] for policy in policies
    ]
    if any(len(names) != 1 for names in transitions):
        raise BadRequest("Each LifecyclePolicy has exactly one transition.")
    if any(count > 1 for count in Counter(names[0] for names in transitions).values()):
        raise BadRequest("Each kind of transition can be in one LifecyclePolicy only.")
    ctx.store.apply([Put(replace(file_system, lifecycle_policies=policies))])
    return {"lifecycle_policies": policies}


def describe_lifecycle_configuration(ctx: Context, request: FileSystemRequest) -> dict[str, object]:
    """The lifecycle policies of a file system; none by default."""
    return {"lifecycle_policies": file_system_of(ctx, request.file_system_id).lifecycle_policies}


def put_backup_policy(ctx: Context, request: PutBackupPolicyRequest) -> dict[str, object]:
    """Record whether backups of a file system are wanted."""
    file_system, status = available_file_system(ctx, request.file_system_id), request.backup_policy.status
    if status not in {ENABLED, DISABLED}:
        raise BadRequest(f"The status of a backup policy can be set to {ENABLED} or {DISABLED}, not {status}.")
    ctx.store.apply([Put(replace(file_system, backup=status == ENABLED))])
    return {"backup_policy": {"status": status}}


def describe_backup_policy(ctx: Context, request: FileSystemRequest) -> dict[str, object]:
    """Whether backups of a file system are wanted."""
    backup = file_system_of(ctx, request.file_system_id).backup
    return {"backup_policy": {"status": ENABLED if backup else DISABLED}}
