"""Finds the secret that a request names.

Promise: secrets of other accounts and regions are unknown.
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.queries.secrets import find_secret
from moyai.domain.secretsmanager.errors import InvalidParameter, InvalidRequest, ResourceNotFound
from moyai.domain.secretsmanager.secret import ManagedSecret
from moyai.domain.tagging import TagRules
from moyai.domain.world import Delete, Put

NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


def secret_of(ctx: Context, identifier: str, *, deletion_message: str | None = MARKED) -> ManagedSecret:
    """The secret with this name or ARN. ``deletion_message``: the error for one that is marked for
    deletion; None accepts it.

    Raises ResourceNotFound, InvalidRequest.
    """
    secret = find_secret(ctx.store.world, ctx.scope, identifier, ctx.now)
    if secret is None or scope_of(secret.arn) != ctx.scope:
        raise ResourceNotFound(NOT_FOUND)
    if secret.deleted_at is not None and deletion_message is not None:
        raise InvalidRequest(deletion_message)
    return secret


def save_secret(ctx: Context, secret: ManagedSecret) -> None:
    """Store a secret, and delete those whose recovery window is over."""
    ctx.store.apply([Put(secret), *expired_deletions(ctx)])


def expired_deletions(ctx: Context) -> tuple[Delete, ...]:
    """The changes that delete secrets whose recovery window is over."""
    secrets = ctx.store.world.secrets.by("scope", scope_key(ctx.scope))
    return tuple(Delete(ManagedSecret, s.key) for s in secrets if s.is_purged(ctx.now))


TAG_RULES: Final = TagRules("secret", InvalidParameter, InvalidParameter)
TAGS: Final = TagOperations(
    secret_of, TAG_RULES, names=("TagResource", "UntagResource"), resource=("secret_id",), save=save_secret
)
