"""Resource policies of secrets, as records: nothing evaluates them.

Promise: a policy is a JSON object with a Statement, of at most 20,480 characters.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.policy_documents import policy_fault
from moyai.api.secretsmanager.lookup import save_secret, secret_of
from moyai.domain.secretsmanager.errors import MalformedPolicyDocument

_LONGEST = 20_480


class PutResourcePolicyRequest(msgspec.Struct, frozen=True):
    """A policy. No caller is public here, so ``block_public_policy`` blocks none."""

    secret_id: str
    resource_policy: str
    block_public_policy: bool = False


class ResourcePolicyRequest(msgspec.Struct, frozen=True):
    """The secret whose policy is asked for or deleted."""

    secret_id: str


class ValidateResourcePolicyRequest(msgspec.Struct, frozen=True):
    resource_policy: str
    secret_id: str | None = None


def put_resource_policy(ctx: Context, request: PutResourcePolicyRequest) -> dict[str, object]:
    """Record a secret's policy."""
    secret = secret_of(ctx, request.secret_id)
    if not _is_policy(request.resource_policy):
        raise MalformedPolicyDocument("This resource policy contains invalid JSON or has no Statement.")
    save_secret(ctx, replace(secret, policy=request.resource_policy))
    return {"arn": secret.arn, "name": secret.name}


def get_resource_policy(ctx: Context, request: ResourcePolicyRequest) -> dict[str, object]:
    """A secret's policy, if it has one."""
    secret = secret_of(ctx, request.secret_id, deletion_message=None)
    return {"arn": secret.arn, "name": secret.name, "resource_policy": secret.policy}


def delete_resource_policy(ctx: Context, request: ResourcePolicyRequest) -> dict[str, object]:
    """Delete a secret's policy."""
    secret = secret_of(ctx, request.secret_id)
    save_secret(ctx, replace(secret, policy=None))
    return {"arn": secret.arn, "name": secret.name}


def validate_resource_policy(ctx: Context, request: ValidateResourcePolicyRequest) -> dict[str, object]:
    """Whether a text is a policy."""
    if request.secret_id is not None:
        secret_of(ctx, request.secret_id)
    is_valid = _is_policy(request.resource_policy)
    errors = [] if is_valid else [{"check_name": "Syntax", "error_message": "It is not JSON with a Statement."}]
    return {"policy_validation_passed": is_valid, "validation_errors": errors}


def _is_policy(text: str) -> bool:
    return len(text) <= _LONGEST and policy_fault(text) is None
