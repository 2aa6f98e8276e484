"""Tags of namespaces and services.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import InvalidInput, ResourceNotFound, TooManyTags
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.keys import scope_of
from moyai.domain.world import Put

MAX_TAGS = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag."""

    key: str
    value: str


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags, or give those there are another value."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    resource_arn: str


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidInput or TooManyTags."""
    all_tags = {**(had or {}), **{tag.key: tag.value for tag in tags}}
    if any(key.lower().startswith("aws:") for key in all_tags):
        raise InvalidInput("Tag keys that begin with aws: are reserved.")
    if len(all_tags) > MAX_TAGS:
        raise TooManyTags(f"A resource can have {MAX_TAGS} tags.")
    return all_tags


def tag_resource(ctx: Context, request: TagResourceRequest) -> None:
    """Tag a namespace or a service."""
    found = _resource(ctx, request.resource_arn)
    ctx.store.apply([Put(msgspec.structs.replace(found, tags=checked_tags(request.tags, found.tags)))])


def untag_resource(ctx: Context, request: UntagResourceRequest) -> None:
    """Take tags from a namespace or a service; keys it does not have are passed over."""
    found = _resource(ctx, request.resource_arn)
    left = {key: value for key, value in found.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(msgspec.structs.replace(found, tags=left))])


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a namespace or a service."""
    found = _resource(ctx, request.resource_arn)
    return {"tags": [{"key": key, "value": value} for key, value in sorted(found.tags.items())]}


def _resource(ctx: Context, arn: str) -> Namespace | DiscoveryService:
    world = ctx.store.world
    found = world.namespaces.get(arn) or world.discovery_services.get(arn)
    if found is None or scope_of(found.arn) != ctx.scope:
        raise ResourceNotFound(f"There is no resource {arn[:200]}.")
    return found
