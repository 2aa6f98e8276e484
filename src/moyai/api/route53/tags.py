"""Tags of hosted zones.

Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.route53.lookup import bare_id, changeable_zone, zone_of
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.route53.errors import InvalidRoute53Input
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put

_RULES: Final = TagRules("hostedzone", InvalidRoute53Input, InvalidRoute53Input)
_ZONE: Final = "hostedzone"


class ChangeTagsForResourceRequest(msgspec.Struct, frozen=True):
    resource_type: str
    resource_id: str
    add_tags: tuple[Tag, ...] = ()
    remove_tag_keys: tuple[str, ...] = ()


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    resource_type: str
    resource_id: str


class ListTagsForResourcesRequest(msgspec.Struct, frozen=True):
    resource_type: str
    resource_ids: tuple[str, ...]


def change_tags_for_resource(ctx: Context, request: ChangeTagsForResourceRequest) -> dict[str, object]:
    """Add tags to a zone and remove some."""
    _check_type(request.resource_type)
    zone = changeable_zone(ctx, request.resource_id)
    tags = checked_tags(_RULES, request.add_tags, without(zone.tags, request.remove_tag_keys))
    ctx.store.apply([Put(replace(zone, tags=tags))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a zone."""
    _check_type(request.resource_type)
    return {"resource_tag_set": _tag_set(ctx, request.resource_id)}


def list_tags_for_resources(ctx: Context, request: ListTagsForResourcesRequest) -> dict[str, object]:
    """The tags of up to ten zones."""
    _check_type(request.resource_type)
    return {"resource_tag_sets": [_tag_set(ctx, identity) for identity in request.resource_ids]}


def _tag_set(ctx: Context, identity: str) -> dict[str, object]:
    tags = tag_list(zone_of(ctx, identity).tags)
    return {"resource_type": _ZONE, "resource_id": bare_id(identity), "tags": tags}


def _check_type(resource_type: str) -> None:
    if resource_type != _ZONE:
        raise InvalidRoute53Input("moyai has no health checks, so only hosted zones have tags.")
