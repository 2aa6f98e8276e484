"""Repository policies and lifecycle policies.

Promise: a repository policy is recorded and not evaluated, because moyai has no IAM. A lifecycle policy is checked, and
carried out once an hour (``plan/registry.py``).
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html,
API_PutLifecyclePolicy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecr.lookup import RepositoryRequest, repository_members, repository_of
from moyai.api.operation import Context
from moyai.api.policy_documents import policy_fault
from moyai.domain.ecr.errors import InvalidParameter, LifecyclePolicyNotFound, RepositoryPolicyNotFound
from moyai.domain.ecr.lifecycle import BadLifecyclePolicy, parse_policy
from moyai.domain.ecr.repository import Repository
from moyai.domain.world import Put


class SetRepositoryPolicyRequest(RepositoryRequest, frozen=True, kw_only=True):
    """Input of SetRepositoryPolicy. ``force`` has no effect, because no policy locks its author out here."""

    policy_text: str
    force: bool = False


class PutLifecyclePolicyRequest(RepositoryRequest, frozen=True, kw_only=True):
    lifecycle_policy_text: str


def set_repository_policy(ctx: Context, request: SetRepositoryPolicyRequest) -> dict[str, object]:
    """Record a repository's policy."""
    repository = repository_of(ctx, request)
    if fault := policy_fault(request.policy_text, needs_statements=True):
        raise InvalidParameter(f"Invalid parameter at 'PolicyText': {fault}")
    ctx.store.apply([Put(replace(repository, policy=request.policy_text))])
    return {**repository_members(repository), "policy_text": request.policy_text}


def get_repository_policy(ctx: Context, request: RepositoryRequest) -> dict[str, object]:
    """The text of a repository's policy. Raises RepositoryPolicyNotFound."""
    repository = repository_of(ctx, request)
    if repository.policy is None:
        raise RepositoryPolicyNotFound(_missing("Repository policy", repository))
    return {**repository_members(repository), "policy_text": repository.policy}


def delete_repository_policy(ctx: Context, request: RepositoryRequest) -> dict[str, object]:
    """Delete a repository's policy."""
    view = get_repository_policy(ctx, request)
    ctx.store.apply([Put(replace(repository_of(ctx, request), policy=None))])
    return view


def put_lifecycle_policy(ctx: Context, request: PutLifecyclePolicyRequest) -> dict[str, object]:
    """Give a repository a lifecycle policy."""
    repository = repository_of(ctx, request)
    try:
        parse_policy(request.lifecycle_policy_text)
    except BadLifecyclePolicy as error:
        raise InvalidParameter(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            f"'Lifecycle policy validation failure: {error}'"
        ) from error
    ctx.store.apply(
        [Put(replace(repository, lifecycle_policy=request.lifecycle_policy_text, lifecycle_evaluated_at=None))]
    )
    return {**repository_members(repository), "lifecycle_policy_text": request.lifecycle_policy_text}


def get_lifecycle_policy(ctx: Context, request: RepositoryRequest) -> dict[str, object]:
    """A repository's lifecycle policy."""
    repository = repository_of(ctx, request)
    if repository.lifecycle_policy is None:
        raise LifecyclePolicyNotFound(_missing("Lifecycle policy", repository))
    return {
        **repository_members(repository),
        "lifecycle_policy_text": repository.lifecycle_policy,
        "last_evaluated_at": repository.lifecycle_evaluated_at,
    }


def delete_lifecycle_policy(ctx: Context, request: RepositoryRequest) -> dict[str, object]:
    """Delete a repository's lifecycle policy."""
    view = get_lifecycle_policy(ctx, request)
    changed = replace(repository_of(ctx, request), lifecycle_policy=None, lifecycle_evaluated_at=None)
    ctx.store.apply([Put(changed)])
    return view


def _missing(policy: str, repository: Repository) -> str:
    return (
        f"{policy} does not exist for the repository with name '{repository.name}' in the registry with id "
        f"'{repository.registry_id}'"
    )
