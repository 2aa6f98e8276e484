"""Tags of meshes and of all resources in them.

Refuses: more than 50 tags, keys that begin with ``aws:``, and invalid settings of moyai's. More than 50 tags in a
request are a BadRequest, more than 50 of a resource TooManyTags; then none is set.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from moyai.api.appmesh.kind import AnyResource
from moyai.api.operation import Context
from moyai.api.tagging import ListTagOperations, tag_list
from moyai.domain.appmesh.errors import BadRequest, Forbidden, NotFound, TooManyTags
from moyai.domain.paging import BadToken, page
from moyai.domain.table import Table
from moyai.domain.tagging import MAX_TAGS, TagRules
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """A page of a resource's tags."""

    resource_arn: str
    limit: int | None = None
    next_token: str | None = None


def tag_rules(kind: str) -> TagRules:
    """The tag rules of a kind of resource, as ARNs name it."""
    return TagRules(kind, BadRequest, TooManyTags)


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """A page of the tags of a resource that the caller owns, by key."""
    tags = TAGS.get(ctx, request.resource_arn)
    try:
        keys, token = page(tags, ("Tags", request.resource_arn), request.next_token, request.limit or MAX_TAGS)
    except BadToken as error:
        raise BadRequest(str(error)) from error
    return {"tags": tag_list({key: tags[key] for key in keys}), "next_token": token}


def _resource(ctx: Context, arn: str) -> AnyResource:
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "appmesh" or not parsed.path:
        raise BadRequest(f"resourceArn: {arn[:200]!r} is not the ARN of a resource of App Mesh.")
    if parsed.scope != ctx.scope:
        raise Forbidden(f"{arn[:200]} is another account's, or another region's.")
    resource = _by_arn(ctx.store.world, arn)
    if resource is None:
        raise NotFound(f"There is no resource {arn[:200]}.")
    return resource


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


def _rules(resource: AnyResource) -> TagRules:
    return tag_rules(resource.arn.split("/")[-2].rpartition(":")[2])


TAGS: Final = ListTagOperations(_resource, _rules)
