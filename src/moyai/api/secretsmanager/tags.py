"""Tags of secrets.

Refuses: more than 50 tags, keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.secretsmanager.lookup import keep, secret_of
from moyai.domain.secretsmanager.errors import InvalidParameter

MAX_TAGS = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag."""

    key: str = ""
    value: str = ""


class TagRequest(msgspec.Struct, frozen=True):
    """Input of TagResource."""

    secret_id: str
    tags: tuple[Tag, ...]


class UntagRequest(msgspec.Struct, frozen=True):
    """Input of UntagResource."""

    secret_id: str
    tag_keys: tuple[str, ...]


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidParameter."""
    all_tags = {**(had or {}), **{tag.key: tag.value for tag in tags}}
    if any(not key or key.lower().startswith("aws:") for key in all_tags):
        raise InvalidParameter("A tag has a key, and keys that begin with aws: are reserved.")
    if len(all_tags) > MAX_TAGS:
        raise InvalidParameter(f"A secret can have {MAX_TAGS} tags.")
    return all_tags


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API shows them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag(ctx: Context, request: TagRequest) -> None:
    """Add tags, or give those there are another value."""
    found = secret_of(ctx, request.secret_id)
    keep(ctx, replace(found, tags=checked_tags(request.tags, found.tags)))


def untag(ctx: Context, request: UntagRequest) -> None:
    """Take tags away."""
    found = secret_of(ctx, request.secret_id)
    keep(ctx, replace(found, tags={k: v for k, v in found.tags.items() if k not in request.tag_keys}))
