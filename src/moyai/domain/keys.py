"""Keys and index values that are made from a scope, an ARN or a name."""

from __future__ import annotations

from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.scope import Scope


def scope_of(arn: str) -> Scope:
    """The account and region in the ARN of a moyai resource. Raises ValueError."""
    arn_parts = parse_arn(arn)
    if arn_parts is None:
        msg = f"not an ARN: {arn!r}"
        raise ValueError(msg)
    return arn_parts.scope


def scope_key(scope: Scope) -> str:
    """A scope as the value of an index."""
    return f"{scope.account}/{scope.region}"


def named_key(scope: Scope, name: str) -> str:
    """A name of a scope as the value of an index."""
    return f"{scope_key(scope)}/{name}"


def client_token_keys(scope: Scope, token: str | None) -> tuple[str, ...]:
    """The values of the index ``request`` for a request with this client token: one, or none without a token."""
    return () if token is None else (named_key(scope, token),)


def family_key(scope: Scope, family: str, kind: str = "task-definition") -> str:
    """The key of a family of task definitions: their ARN without the revision."""
    return arn("ecs", scope, f"{kind}/{family}")


def wanted_key(cluster: str, status: str) -> str:
    """A cluster and a desiredStatus, as the value of the index ``wanted`` of tasks."""
    return f"{status} {cluster}"
