"""Tags of meshes and of all resources in them.

Refuses: more than 50 tags, keys that begin with ``aws:``, and invalid settings of moyai's. More than 50 tags in a
request are a BadRequest, more than 50 of a resource TooManyTags; then none is set.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any, Final

from moyai.api.appmesh.kind import AnyResource
from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.appmesh.errors import BadRequest, Forbidden, NotFound, TooManyTags
from moyai.domain.table import Table
from moyai.domain.tagging import TagRules
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn


def tag_rules(kind: str) -> TagRules:
    """The tag rules of a kind of resource, as ARNs name it."""
    return TagRules(kind, BadRequest, TooManyTags)


def _resource(ctx: Context, arn: str) -> AnyResource:
    resource_arn = parse_arn(arn)
    if resource_arn is None or resource_arn.service != "appmesh" or not resource_arn.path:
        raise BadRequest(f"resourceArn: {arn[:200]!r} is not the ARN of a resource of App Mesh.")
    if resource_arn.scope != ctx.scope:
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


TAGS: Final = TagOperations(_resource, _rules, limit="limit", token_fault=BadRequest)
