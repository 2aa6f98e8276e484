"""Tags of certificate authorities.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_TagCertificateAuthority.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import listed, undeleted
from moyai.api.operation import Context
from moyai.domain.pca.errors import InvalidTag, TooManyTags
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

MAX_TAGS = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag. To take one away, without a value: whatever it is."""

    key: str
    value: str | None = None


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add, or to take away."""

    certificate_authority_arn: str
    tags: tuple[Tag, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Whose tags, a page at a time."""

    certificate_authority_arn: str
    max_results: int | None = None
    next_token: str | None = None


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidTag or TooManyTags."""
    all_tags = {**(had or {}), **{tag.key: tag.value or "" for tag in tags}}
    if any(key.lower().startswith("aws:") for key in all_tags):
        raise InvalidTag("Tag keys that begin with aws: are reserved.")
    if len(all_tags) > MAX_TAGS:
        raise TooManyTags(f"A certificate authority can have {MAX_TAGS} tags.")
    return all_tags


def tag(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = undeleted(ctx, request.certificate_authority_arn)
    ctx.store.apply([Put(replace(found, tags=checked_tags(request.tags, found.tags)))])


def untag(ctx: Context, request: TagsRequest) -> None:
    """Take tags away; one that is given with a value only if that is its value."""
    found = undeleted(ctx, request.certificate_authority_arn)
    gone = {t.key for t in request.tags if t.value is None or found.tags.get(t.key) == t.value}
    ctx.store.apply([Put(replace(found, tags={k: v for k, v in found.tags.items() if k not in gone}))])


def list_tags(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of an authority, by key."""
    found = undeleted(ctx, request.certificate_authority_arn)
    listing = ("ListTags", found.arn)
    shown = listed(found.tags, listing, request.next_token, request.max_results, fault=InvalidInput)
    tags = [{"key": key, "value": found.tags[key]} for key in shown.keys]
    return {"tags": tags, "next_token": shown.next_token}
