"""Tags of secrets.

Refuses: more than 50 tags, keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import keep, secret_of
from moyai.api.tag_requests import Tag, tag_map
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


def tag(ctx: Context, request: TagRequest) -> None:
    """Add tags, or give those there are another value."""
    found = secret_of(ctx, request.secret_id)
    keep(ctx, replace(found, tags=RULES.added(found.tags, tag_map(request.tags))))


def untag(ctx: Context, request: UntagRequest) -> None:
    """Take tags away."""
    found = secret_of(ctx, request.secret_id)
    keep(ctx, replace(found, tags=without(found.tags, request.tag_keys)))
