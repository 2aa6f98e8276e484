"""Values under which records are found: scopes out of ARNs, families of task definitions."""

from __future__ import annotations

from moyai.kernel.arn import parse_arn
from moyai.kernel.scope import Scope


def scope_of(arn: str) -> Scope:
    """The scope inside an ARN of ours."""
    parsed = parse_arn(arn)
    if parsed is None:
        msg = f"not an ARN: {arn!r}"
        raise ValueError(msg)
    return parsed.scope


def scope_key(scope: Scope) -> str:
    """A scope as the value of an index."""
    return f"{scope.account}/{scope.region}"


def named_key(scope: Scope, name: str) -> str:
    """A name of a scope as the value of an index."""
    return f"{scope_key(scope)}/{name}"


def family_key(scope: Scope, family: str) -> str:
    """The key of a family: its revisions' ARN without the number."""
    return f"arn:aws:ecs:{scope.region}:{scope.account}:task-definition/{family}"


def wanted_key(cluster: str, status: str) -> str:
    """How the index ``wanted`` of tasks calls those of a cluster with this desiredStatus."""
    return f"{status} {cluster}"
