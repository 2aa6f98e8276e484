"""Tags of certificates.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acm.lookup import certificate_of
from moyai.api.operation import Context
from moyai.domain.acm.errors import InvalidTag, TooManyTags
from moyai.domain.world import Put

_MAX_TAGS: Final = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag. To take one away, without a value: whatever it is."""

    key: str
    value: str | None = None


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add, or to take away."""

    certificate_arn: str
    tags: tuple[Tag, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    certificate_arn: str


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidTag or TooManyTags."""
    found = {**(had or {}), **{tag.key: tag.value or "" for tag in tags}}
    if any(key.lower().startswith("aws:") for key in found):
        raise InvalidTag("Tag keys that begin with aws: are reserved.")
    if len(found) > _MAX_TAGS:
        raise TooManyTags(f"A certificate can have {_MAX_TAGS} tags.")
    return found


def add(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = certificate_of(ctx, request.certificate_arn)
    ctx.store.apply([Put(replace(found, tags=checked_tags(request.tags, found.tags)))])


def remove(ctx: Context, request: TagsRequest) -> None:
    """Take tags away; one that is given with a value only if that is its value."""
    found = certificate_of(ctx, request.certificate_arn)
    gone = {t.key for t in request.tags if t.value is None or found.tags.get(t.key) == t.value}
    ctx.store.apply([Put(replace(found, tags={k: v for k, v in found.tags.items() if k not in gone}))])


def list_all(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a certificate, by key."""
    found = certificate_of(ctx, request.certificate_arn)
    return {"tags": [{"key": key, "value": value} for key, value in sorted(found.tags.items())]}
