"""Resource policies of CloudWatch Logs, as records: nothing evaluates them.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.logs.lookup import MOST, page_of
from moyai.api.operation import Context
from moyai.domain.keys import scope_key
from moyai.domain.logs.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from moyai.domain.logs.event import milliseconds
from moyai.domain.logs.resource_policy import LogsResourcePolicy
from moyai.domain.world import Delete, Put

_MOST_POLICIES: Final = 10


class PutResourcePolicyRequest(msgspec.Struct, frozen=True):
    policy_name: str | None = None
    policy_document: str | None = None


class DescribeResourcePoliciesRequest(msgspec.Struct, frozen=True):
    """All policies of the account, whose scope is ACCOUNT."""

    policy_scope: str | None = None
    next_token: str | None = None
    limit: int = MOST


class DeleteResourcePolicyRequest(msgspec.Struct, frozen=True):
    """The policy to delete."""

    policy_name: str | None = None


def put_resource_policy(ctx: Context, request: PutResourcePolicyRequest) -> dict[str, object]:
    """Create or replace a policy."""
    if not request.policy_name or not request.policy_document:
        raise InvalidParameter("policyName and policyDocument must be specified.")
    policy = LogsResourcePolicy(ctx.scope, request.policy_name, request.policy_document, ctx.now)
    policies = ctx.store.world.logs_resource_policies
    if policy.key not in policies and policies.count("scope", scope_key(ctx.scope)) >= _MOST_POLICIES:
        raise LimitExceeded(f"Resource limit exceeded: a region can have {_MOST_POLICIES} resource policies.")
    ctx.store.apply([Put(policy)])
    return {"resource_policy": _view(policy)}


def describe_resource_policies(ctx: Context, request: DescribeResourcePoliciesRequest) -> dict[str, object]:
    """The policies in the order of their names."""
    includes_account = request.policy_scope in {None, "ACCOUNT"}
    own = ctx.store.world.logs_resource_policies.by("scope", scope_key(ctx.scope)) if includes_account else ()
    policies = {policy.name: policy for policy in own}
    page = page_of(policies, ("DescribeResourcePolicies", request.policy_scope), request.next_token, request.limit)
    return {"resource_policies": [_view(policies[key]) for key in page.keys], "next_token": page.next_token}


def delete_resource_policy(ctx: Context, request: DeleteResourcePolicyRequest) -> None:
    """Delete the policy of this name, if there is one; otherwise raise ResourceNotFound."""
    own = ctx.store.world.logs_resource_policies.by("scope", scope_key(ctx.scope))
    policy = next((policy for policy in own if policy.name == request.policy_name), None)
    if policy is None:
        raise ResourceNotFound(f"Policy with name [{(request.policy_name or '')[:200]}] does not exist")
    ctx.store.apply([Delete(LogsResourcePolicy, policy.key)])


def _view(policy: LogsResourcePolicy) -> dict[str, object]:
    return {
        "policy_name": policy.name,
        "policy_document": policy.document,
        "last_updated_time": milliseconds(policy.updated_at),
        "policy_scope": "ACCOUNT",
    }
