"""Tags of namespaces and services.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import ListTagOperations, ListTagsForResourceRequest, tag_list
from moyai.domain.cloudmap.errors import InvalidInput, ResourceNotFound, TooManyTags
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.keys import scope_of
from moyai.domain.tagging import TagRules


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a namespace or a service, by key."""
    return {"tags": tag_list(dict(sorted(TAGS.get(ctx, request.resource_arn).items())))}


def _resource(ctx: Context, arn: str) -> Namespace | DiscoveryService:
    world = ctx.store.world
    resource = world.namespaces.get(arn) or world.discovery_services.get(arn)
    if resource is None or scope_of(resource.arn) != ctx.scope:
        raise ResourceNotFound(f"There is no resource {arn[:200]}.")
    return resource


RULES: Final = TagRules("Cloud Map resource", InvalidInput, TooManyTags)
TAGS: Final = ListTagOperations(_resource, RULES)
