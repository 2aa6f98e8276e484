"""KMS keys and data protection of log groups. A key is recorded and has no effect; nothing is masked.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.logs.lookup import group_of
from moyai.api.operation import Context
from moyai.domain.world import Put


class AssociateKmsKeyRequest(msgspec.Struct, frozen=True):
    """The key that a log group is to have."""

    kms_key_id: str
    log_group_name: str | None = None
    resource_identifier: str | None = None


class DisassociateKmsKeyRequest(msgspec.Struct, frozen=True):
    """The log group that is to have no key."""

    log_group_name: str | None = None
    resource_identifier: str | None = None


class DataProtectionRequest(msgspec.Struct, frozen=True):
    """The log group whose policy is asked for."""

    log_group_identifier: str


def associate_kms_key(ctx: Context, request: AssociateKmsKeyRequest) -> None:
    """Record a group's key."""
    group = group_of(ctx, request.log_group_name, request.resource_identifier)
    ctx.store.apply([Put(replace(group, kms_key_id=request.kms_key_id))])


def disassociate_kms_key(ctx: Context, request: DisassociateKmsKeyRequest) -> None:
    """Record that a group has no key."""
    group = group_of(ctx, request.log_group_name, request.resource_identifier)
    ctx.store.apply([Put(replace(group, kms_key_id=None))])


def get_data_protection_policy(ctx: Context, request: DataProtectionRequest) -> dict[str, object]:
    """The group alone: it has no policy."""
    group_of(ctx, None, request.log_group_identifier)
    return {"log_group_identifier": request.log_group_identifier}
