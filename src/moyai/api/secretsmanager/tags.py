"""Tags of secrets.

Refuses: more than 50 tags, keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import save_secret, secret_of
from moyai.api.tagging import Tag, tag_map
from moyai.domain.secretsmanager.errors import InvalidParameter
from moyai.domain.tagging import TagRules, without

RULES: Final = TagRules("secret", InvalidParameter, InvalidParameter)


class TagRequest(msgspec.Struct, frozen=True):
    """Input of TagResource."""

    secret_id: str
    tags: tuple[Tag, ...]


class UntagRequest(msgspec.Struct, frozen=True):
    """Input of UntagResource."""

    secret_id: str
    tag_keys: tuple[str, ...]


def tag_resource(ctx: Context, request: TagRequest) -> None:
    """Add tags, or replace their values."""
    secret = secret_of(ctx, request.secret_id)
    save_secret(ctx, replace(secret, tags=RULES.add_to(secret.tags, tag_map(request.tags))))


def untag_resource(ctx: Context, request: UntagRequest) -> None:
    """Remove tags; keys that the secret does not have are ignored."""
    secret = secret_of(ctx, request.secret_id)
    save_secret(ctx, replace(secret, tags=without(secret.tags, request.tag_keys)))
