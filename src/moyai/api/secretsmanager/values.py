"""Values of secrets: put, get, move labels.

Promise: a version never changes; repeated requests with the same token and value create it once.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import save_secret, secret_of
from moyai.domain.secretsmanager.errors import InvalidParameter, InvalidRequest, ResourceExists, ResourceNotFound
from moyai.domain.secretsmanager.secret import (
    CURRENT,
    MAX_STAGES,
    ManagedSecret,
    SecretVersion,
    move_labels,
    with_version,
)
from moyai.kernel.secret import Secret

_CANT_FIND = "Secrets Manager can't find the specified secret value for"


class Value(msgspec.Struct, frozen=True):
    """The value in a request, and the request's token."""

    string: str | None = None
    binary: bytes | None = None
    token: str | None = None

    @property
    def has_value(self) -> bool:
        """Whether the request has a value."""
        return self.string is not None or self.binary is not None


class PutSecretValueRequest(msgspec.Struct, frozen=True):
    secret_id: str
    client_request_token: str | None = None
    secret_binary: bytes | None = None
    secret_string: str | None = None
    version_stages: tuple[str, ...] = (CURRENT,)


class GetSecretValueRequest(msgspec.Struct, frozen=True):
    secret_id: str
    version_id: str | None = None
    version_stage: str | None = None


class UpdateSecretVersionStageRequest(msgspec.Struct, frozen=True):
    secret_id: str
    version_stage: str
    remove_from_version_id: str | None = None
    move_to_version_id: str | None = None


def put_secret_value(ctx: Context, request: PutSecretValueRequest) -> dict[str, object]:
    """Add a version to a secret."""
    secret = secret_of(ctx, request.secret_id)
    value = Value(request.secret_string, request.secret_binary, request.client_request_token)
    if not value.has_value:
        raise InvalidRequest("You must provide either SecretString or SecretBinary.")
    version = new_version(ctx, secret, value, request.version_stages)
    changed_secret = with_new_version(ctx, secret, version)
    if changed_secret != secret:
        save_secret(ctx, changed_secret)
    stages = next((v.stages for v in changed_secret.versions if v.id == version.id), ())
    return {"arn": secret.arn, "name": secret.name, "version_id": version.id, "version_stages": stages}


def get_secret_value(ctx: Context, request: GetSecretValueRequest) -> dict[str, object]:
    """The value of a version, by default the current one."""
    secret = secret_of(ctx, request.secret_id)
    version = _requested_version(secret, request)
    value = version.value.reveal()
    return {
        "arn": secret.arn,
        "name": secret.name,
        "version_id": version.id,
        "secret_binary": b64decode(value) if version.binary else None,
        "secret_string": None if version.binary else value,
        "version_stages": version.stages,
        "created_date": version.created_at,
    }


def update_secret_version_stage(ctx: Context, request: UpdateSecretVersionStageRequest) -> dict[str, object]:
    """Move a staging label from one version to another."""
    secret, stage = secret_of(ctx, request.secret_id), request.version_stage
    holder = secret.version_with_label(stage)
    target, source = request.move_to_version_id, request.remove_from_version_id
    for identity in (target, source):
        if identity is not None and secret.version(identity) is None:
            raise ResourceNotFound(f"{_CANT_FIND} VersionId: {identity}")
    if holder is not None and holder.id not in {source, target}:
        raise InvalidParameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version "
            f"{holder.id}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if target is None and stage == CURRENT:
        raise InvalidParameter(f"You can't remove the staging label {CURRENT}; move it to another version.")
    if target is not None:
        versions = move_labels(secret.versions, target, (stage,))
    else:
        versions = tuple(replace(v, stages=tuple(s for s in v.stages if s != stage)) for v in secret.versions)
    _check_stages(versions)
    if versions != secret.versions:
        save_secret(ctx, replace(secret, versions=versions, changed_at=ctx.now))
    return {"arn": secret.arn, "name": secret.name}


def new_version(ctx: Context, secret: ManagedSecret, value: Value, stages: tuple[str, ...]) -> SecretVersion:
    """The version with a value. Raises InvalidParameter, ResourceExists."""
    if value.string is not None and value.binary is not None:
        raise InvalidParameter(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    binary = value.binary is not None
    text = b64encode(value.binary or b"").decode() if binary else value.string or ""
    token = value.token or ctx.ids.uuid()
    existing = secret.version(token)
    if existing is not None and (existing.value, existing.binary) != (Secret(text), binary):
        raise ResourceExists(
            f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret "
            f"{secret.arn}."
        )
    return existing or SecretVersion(token, Secret(text), ctx.now, stages, binary)


def with_new_version(ctx: Context, secret: ManagedSecret, version: SecretVersion) -> ManagedSecret:
    """The secret with this version; unchanged when it has it already."""
    if secret.version(version.id) is not None:
        return secret
    changed = with_version(secret, version, ctx.now)
    _check_stages(changed.versions)
    return changed


def _check_stages(versions: tuple[SecretVersion, ...]) -> None:
    if sum(len(v.stages) for v in versions) > MAX_STAGES:
        raise InvalidParameter(f"A secret can have {MAX_STAGES} staging labels.")


def _requested_version(secret: ManagedSecret, request: GetSecretValueRequest) -> SecretVersion:
    stage = request.version_stage or CURRENT
    if request.version_id is None:
        version = secret.version_with_label(stage)
        if version is None:
            raise ResourceNotFound(f"{_CANT_FIND} staging label: {stage}")
        return version
    version = secret.version(request.version_id)
    if version is None:
        raise ResourceNotFound(f"{_CANT_FIND} VersionId: {request.version_id}")
    if request.version_stage is not None and request.version_stage not in version.stages:
        raise InvalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
    return version
