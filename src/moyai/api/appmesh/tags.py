"""Tags of everything in a mesh, and of meshes.

Refuses: more than 50 tags, keys that begin with ``aws:``, and settings of moyai's that are none. More than 50 at once
are a BadRequest, more than 50 together TooManyTags; then none is set.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from moyai.api.appmesh.kind import AnyResource
from moyai.api.operation import Context
from moyai.api.tag_requests import TagListRequest, UntagResourceRequest, tag_list, tag_map
from moyai.domain.appmesh.errors import BadRequest, Forbidden, NotFound, TooManyTags
from moyai.domain.paging import BadToken, page
from moyai.domain.table import Table
from moyai.domain.tagging import MAX_TAGS, TagRules, without
from moyai.domain.world import Put, World
from moyai.kernel.arn import parse_arn


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """A page of a resource's tags."""

    resource_arn: str
    limit: int | None = None
    next_token: str | None = None


def rules_of(kind: str) -> TagRules:
    """How tags of a kind of resource, as ARNs call it, are refused."""
    return TagRules(kind, BadRequest, TooManyTags)


def tag_resource(ctx: Context, request: TagListRequest) -> dict[str, object]:
    """Tag a resource of the caller's."""
    found = _resource(ctx, request.resource_arn)
    tags = rules_of(_kind(found.arn)).added(found.tags, tag_map(request.tags))
    ctx.store.apply([Put(replace(found, tags=tags))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a resource of the caller's; keys it does not have are passed over."""
    found = _resource(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(found, tags=without(found.tags, request.tag_keys)))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a resource of the caller's, by key."""
    found = _resource(ctx, request.resource_arn)
    try:
        shown = page(found.tags, ("Tags", found.arn), request.next_token, request.limit or MAX_TAGS)
    except BadToken as error:
        raise BadRequest(str(error)) from error
    return {
        "tags": tag_list({key: found.tags[key] for key in shown.keys}),
        "next_token": shown.next_token,
    }


def _resource(ctx: Context, arn: str) -> AnyResource:
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "appmesh" or not parsed.path:
        raise BadRequest(f"resourceArn: {arn[:200]!r} is not the ARN of a resource of App Mesh.")
    if parsed.scope != ctx.scope:
        raise Forbidden(f"{arn[:200]} is another account's, or another region's.")
    found = _by_arn(ctx.store.world, arn)
    if found is None:
        raise NotFound(f"There is no resource {arn[:200]}.")
    return found


def _by_arn(world: World, arn: str) -> AnyResource | None:
    tables: tuple[Table[Any], ...] = (
        world.meshes,
        world.virtual_nodes,
        world.virtual_services,
        world.virtual_routers,
        world.routes,
        world.virtual_gateways,
        world.gateway_routes,
    )
    return next((table[arn] for table in tables if arn in table), None)


def _kind(arn: str) -> str:
    """What ARNs call it: the part before the name."""
    return arn.split("/")[-2].rpartition(":")[2]
