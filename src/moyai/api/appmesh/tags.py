"""Tags of everything in a mesh, and of meshes.

Refuses: more than 50 tags, keys that begin with ``aws:``, and settings of moyai's that are none. More than 50 at once
are a BadRequest, more than 50 together TooManyTags; then none is set.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.api.appmesh.kind import AnyResource
from moyai.api.appmesh.requests import Tag
from moyai.api.operation import Context
from moyai.domain.appmesh.errors import BadRequest, Forbidden, NotFound, TooManyTags
from moyai.domain.own_tags import fault_in
from moyai.domain.paging import BadToken, page
from moyai.domain.table import Table
from moyai.domain.world import Put, World
from moyai.kernel.arn import parse_arn

MAX_TAGS: Final = 50


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags, or give those there are another value."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """A page of a resource's tags."""

    resource_arn: str
    limit: int | None = None
    next_token: str | None = None


def checked_tags(kind: str, tags: Iterable[Tag]) -> dict[str, str]:
    """The tags as a mapping; ``kind`` as ARNs call it. Raises BadRequest."""
    found = {tag.key: tag.value for tag in tags}
    if any(key.lower().startswith("aws:") for key in found):
        raise BadRequest("tags: keys that begin with aws: are reserved.")
    if (wrong := fault_in(kind, found)) is not None:
        raise BadRequest(wrong)
    return found


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag a resource of the caller's."""
    found = _resource(ctx, request.resource_arn)
    tags = {**found.tags, **checked_tags(_kind(found.arn), request.tags)}
    if len(tags) > MAX_TAGS:
        raise TooManyTags(f"A resource can have {MAX_TAGS} tags; there would be {len(tags)}.")
    ctx.store.apply([Put(replace(found, tags=tags))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a resource of the caller's; keys it does not have are passed over."""
    found = _resource(ctx, request.resource_arn)
    left = {key: value for key, value in found.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(replace(found, tags=left))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of a resource of the caller's, by key."""
    found = _resource(ctx, request.resource_arn)
    try:
        shown = page(found.tags, ("Tags", found.arn), request.next_token, request.limit or MAX_TAGS)
    except BadToken as error:
        raise BadRequest(str(error)) from error
    return {
        "tags": [{"key": key, "value": found.tags[key]} for key in shown.keys],
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
