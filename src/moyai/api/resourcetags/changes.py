"""TagResources and UntagResources: tags of several resources of any service.

Promise: each resource gets all of its tags or none, and the answer has an error for each that does not get them.
Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.tagging import checked_tags
from moyai.domain.queries.tagged import TaggedResource, tagged_resources
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.resourcetags.errors import InvalidTagRequest
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import ClientFault

_MAX_ARNS = 20
_NOT_FOUND = "The resource does not exist, or is not one of this account and region that can have tags."
Retag = Callable[[TaggedResource], Mapping[str, str]]
"""The new tags of a resource."""


class TagResourcesRequest(msgspec.Struct, frozen=True):
    """The resources, and the tags to add to each."""

    resource_arn_list: tuple[str, ...]
    tags: Mapping[str, str]


class UntagResourcesRequest(msgspec.Struct, frozen=True):
    """The resources, and the keys of the tags to remove from each."""

    resource_arn_list: tuple[str, ...]
    tag_keys: tuple[str, ...]


def tag_resources(ctx: Context, request: TagResourcesRequest) -> dict[str, object]:
    """Add tags to resources, or replace their values."""
    return _retag(ctx, request.resource_arn_list, lambda r: checked_tags(_rules(r), request.tags, r.tags))


def untag_resources(ctx: Context, request: UntagResourcesRequest) -> dict[str, object]:
    """Remove tags from resources; unknown keys are ignored."""
    return _retag(ctx, request.resource_arn_list, lambda r: without(r.tags, set(request.tag_keys)))


def _retag(ctx: Context, arns: tuple[str, ...], retag: Retag) -> dict[str, object]:
    if not 0 < len(arns) <= _MAX_ARNS:
        raise InvalidTagRequest(f"ResourceARNList has 1 to {_MAX_ARNS} items.")
    wanted = dict.fromkeys(arns)
    resources = {r.arn: r for r in tagged_resources(ctx.store.world, ctx.scope) if r.arn in wanted}
    failed: dict[str, object] = {}
    changes: list[Put] = []
    for arn in wanted:
        if arn not in resources:
            failed[arn] = _failure(_NOT_FOUND)
            continue
        try:
            record: Any = resources[arn].record
            changes.append(Put(replace(record, tags=retag(resources[arn]))))
        except ClientFault as error:
            failed[arn] = _failure(str(error))
    ctx.store.apply([*_defaults(ctx, resources.values()), *changes])
    return {"failed_resources_map": failed}


def _defaults(ctx: Context, resources: Iterable[TaggedResource]) -> list[Put]:
    """The records of the default VPC, where one of EC2's resources changes and they are not stored yet."""
    is_network = any((parsed := parse_arn(r.arn)) is not None and parsed.service == "ec2" for r in resources)
    return store_default_vpc(ctx.store.world, ctx.scope) if is_network else []


def _rules(resource: TaggedResource) -> TagRules:
    parsed = parse_arn(resource.arn)
    return TagRules("" if parsed is None else parsed.kind, InvalidTagRequest, InvalidTagRequest)


def _failure(message: str) -> dict[str, object]:
    return {"status_code": 400, "error_code": "InvalidParameterException", "error_message": message}
