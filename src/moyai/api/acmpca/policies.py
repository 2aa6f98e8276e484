"""Resource policies of authorities, as records: nothing evaluates them.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_PutPolicy.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import undeleted_authority_of
from moyai.api.operation import Context
from moyai.api.policy_documents import policy_fault
from moyai.domain.pca.errors import InvalidPolicy, ResourceNotFound
from moyai.domain.world import Put


class PutPolicyRequest(msgspec.Struct, frozen=True):
    resource_arn: str
    policy: str


class PolicyRequest(msgspec.Struct, frozen=True):
    """The authority whose policy is asked for or deleted."""

    resource_arn: str


def put_policy(ctx: Context, request: PutPolicyRequest) -> None:
    """Record an authority's policy."""
    authority = undeleted_authority_of(ctx, request.resource_arn)
    if fault := policy_fault(request.policy):
        raise InvalidPolicy(fault)
    ctx.store.apply([Put(replace(authority, policy=request.policy))])


def get_policy(ctx: Context, request: PolicyRequest) -> dict[str, str]:
    """An authority's policy. Raises ResourceNotFound if it has none."""
    authority = undeleted_authority_of(ctx, request.resource_arn)
    if authority.policy is None:
        raise ResourceNotFound(f"Could not find a policy for resource {authority.arn}.")
    return {"policy": authority.policy}


def delete_policy(ctx: Context, request: PolicyRequest) -> None:
    """Delete an authority's policy."""
    authority = undeleted_authority_of(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(authority, policy=None))])
