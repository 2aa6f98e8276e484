"""Tags of namespaces and services.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.tag_requests import ListTagsForResourceRequest, TagListRequest, UntagResourceRequest, tag_list, tag_map
from moyai.domain.cloudmap.errors import InvalidInput, ResourceNotFound, TooManyTags
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.keys import scope_of
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put

RULES: Final = TagRules("Cloud Map resource", InvalidInput, TooManyTags)


def tag_resource(ctx: Context, request: TagListRequest) -> None:
    """Tag a namespace or a service."""
    found = _resource(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(found, tags=RULES.added(found.tags, tag_map(request.tags))))])


def untag_resource(ctx: Context, request: UntagResourceRequest) -> None:
    """Take tags from a namespace or a service; keys it does not have are passed over."""
    found = _resource(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(found, tags=without(found.tags, request.tag_keys)))])


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a namespace or a service."""
    found = _resource(ctx, request.resource_arn)
    return {"tags": tag_list(dict(sorted(found.tags.items())))}


def _resource(ctx: Context, arn: str) -> Namespace | DiscoveryService:
    world = ctx.store.world
    found = world.namespaces.get(arn) or world.discovery_services.get(arn)
    if found is None or scope_of(found.arn) != ctx.scope:
        raise ResourceNotFound(f"There is no resource {arn[:200]}.")
    return found
