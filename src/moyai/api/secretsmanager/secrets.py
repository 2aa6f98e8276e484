"""Secrets: create, update, describe, delete, restore.

Promise: a deleted secret can be restored until its recovery window is over; after that, the next change of any secret
of its account and region removes its record and values.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import TAG_RULES, expired_deletions, save_secret, secret_of
from moyai.api.secretsmanager.rotation import rotation_view
from moyai.api.secretsmanager.values import Value, new_version, with_new_version
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.keys import scope_key
from moyai.domain.queries.secrets import find_secret
from moyai.domain.secretsmanager.errors import (
    InvalidParameter,
    InvalidRequest,
    LimitExceeded,
    ResourceExists,
    ResourceNotFound,
)
from moyai.domain.secretsmanager.secret import CURRENT, SUFFIX_LENGTH, ManagedSecret, secret_resource
from moyai.domain.world import Delete
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import SecretArn

MAX_SECRETS = 10_000
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
_DAY = 86400.0
_WINDOW = range(7, 31)
_DEFAULT_WINDOW = 30


class CreateSecretRequest(msgspec.Struct, frozen=True):
    name: str
    client_request_token: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    secret_binary: bytes | None = None
    secret_string: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateSecretRequest(msgspec.Struct, frozen=True):
    secret_id: str
    client_request_token: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    secret_binary: bytes | None = None
    secret_string: str | None = None


class SecretRequest(msgspec.Struct, frozen=True):
    """The secret to describe or to restore."""

    secret_id: str


class DeleteSecretRequest(msgspec.Struct, frozen=True):
    secret_id: str
    recovery_window_in_days: int | None = None
    force_delete_without_recovery: bool = False


def create_secret(ctx: Context, request: CreateSecretRequest) -> dict[str, object]:
    """Create a secret, with or without a value."""
    if not _NAME.fullmatch(request.name):
        raise InvalidParameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        )
    value = Value(request.secret_string, request.secret_binary, request.client_request_token)
    existing = find_secret(ctx.store.world, ctx.scope, request.name, ctx.now)
    if existing is not None:
        return _repeated_creation(ctx, existing, request, value)
    if ctx.store.world.secrets.count("scope", scope_key(ctx.scope)) >= MAX_SECRETS:
        raise LimitExceeded(f"There can be {MAX_SECRETS} secrets in an account and region.")
    suffix = ctx.ids.alphanumeric(SUFFIX_LENGTH)
    secret = ManagedSecret(
        arn=SecretArn(arn("secretsmanager", ctx.scope, secret_resource(request.name, suffix))),
        name=request.name,
        created_at=ctx.now,
        changed_at=ctx.now,
        description=request.description,
        kms_key_id=request.kms_key_id,
        tags=checked_tags(TAG_RULES, request.tags),
    )
    return _with_value(ctx, secret, value)


def update_secret(ctx: Context, request: UpdateSecretRequest) -> dict[str, object]:
    """Change the description or the key of a secret, and add a version for a new value."""
    secret = secret_of(ctx, request.secret_id)
    changed_secret = replace(
        secret,
        description=secret.description if request.description is None else request.description,
        kms_key_id=secret.kms_key_id if request.kms_key_id is None else request.kms_key_id,
        changed_at=ctx.now,
    )
    value = Value(request.secret_string, request.secret_binary, request.client_request_token)
    return _with_value(ctx, changed_secret, value)


def describe_secret(ctx: Context, request: SecretRequest) -> dict[str, object]:
    """Everything about a secret except its values."""
    secret = secret_of(ctx, request.secret_id, deletion_message=None)
    return {
        **summary(secret),
        "version_ids_to_stages": {v.id: v.stages for v in secret.versions if v.stages},
    }


def delete_secret(ctx: Context, request: DeleteSecretRequest) -> dict[str, object]:
    """Mark a secret for deletion, or delete it at once."""
    days, force = request.recovery_window_in_days, request.force_delete_without_recovery
    if force and days is not None:
        raise InvalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    if days is not None and days not in _WINDOW:
        raise InvalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
    marked = None if force else "You tried to perform the operation on a secret that's currently marked deleted."
    try:
        secret = secret_of(ctx, request.secret_id, deletion_message=marked)
    except ResourceNotFound:
        if not force:
            raise
        return {"name": request.secret_id, "deletion_date": ctx.now}
    if force:
        ctx.store.apply(
            [Delete(ManagedSecret, secret.key), *(d for d in expired_deletions(ctx) if d.key != secret.key)]
        )
        return {"arn": secret.arn, "name": secret.name, "deletion_date": ctx.now}
    until: Instant = later(ctx.now, (days or _DEFAULT_WINDOW) * _DAY)
    save_secret(ctx, replace(secret, deleted_at=ctx.now, purge_at=until))
    return {"arn": secret.arn, "name": secret.name, "deletion_date": until}


def restore_secret(ctx: Context, request: SecretRequest) -> dict[str, object]:
    """Cancel the deletion of a secret, if there is one."""
    secret = secret_of(ctx, request.secret_id, deletion_message=None)
    save_secret(ctx, replace(secret, deleted_at=None, purge_at=None))
    return {"arn": secret.arn, "name": secret.name}


def summary(secret: ManagedSecret) -> dict[str, object]:
    """A secret as it is listed."""
    return {
        "arn": secret.arn,
        "name": secret.name,
        "description": secret.description,
        "kms_key_id": secret.kms_key_id,
        "last_changed_date": secret.changed_at,
        "created_date": secret.created_at,
        "deleted_date": secret.deleted_at,
        **rotation_view(secret.rotation),
        "tags": tag_list(secret.tags),
    }


def _repeated_creation(
    ctx: Context, existing: ManagedSecret, request: CreateSecretRequest, value: Value
) -> dict[str, object]:
    """The secret that an equal request created before. Raises InvalidRequest, ResourceExists."""
    if existing.deleted_at is not None:
        raise InvalidRequest(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    token = request.client_request_token
    if token is None or existing.version(token) is None:
        raise ResourceExists(f"The operation failed because the secret {request.name} already exists.")
    version = new_version(ctx, existing, value, (CURRENT,))
    return {"arn": existing.arn, "name": existing.name, "version_id": version.id}


def _with_value(ctx: Context, secret: ManagedSecret, value: Value) -> dict[str, object]:
    answer: dict[str, object] = {"arn": secret.arn, "name": secret.name}
    if not value.has_value:
        save_secret(ctx, secret)
        return answer
    version = new_version(ctx, secret, value, (CURRENT,))
    save_secret(ctx, with_new_version(ctx, secret, version))
    return {**answer, "version_id": version.id}
