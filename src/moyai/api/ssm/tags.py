"""Tags of parameters.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything else.
Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.ssm import lookup
from moyai.api.tag_requests import Tag, tag_list, tag_map
from moyai.domain.ssm.errors import (
    InvalidResourceId,
    InvalidResourceType,
    ParameterNotFound,
    ParameterVersionNotFound,
    TooManyTags,
)
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

RULES: Final = TagRules("parameter", InvalidInput, TooManyTags)


class AddTagsRequest(msgspec.Struct, frozen=True):
    """Input of AddTagsToResource."""

    resource_type: str
    resource_id: str
    tags: tuple[Tag, ...]


class RemoveTagsRequest(msgspec.Struct, frozen=True):
    """Input of RemoveTagsFromResource."""

    resource_type: str
    resource_id: str
    tag_keys: tuple[str, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Input of ListTagsForResource."""

    resource_type: str
    resource_id: str


def add(ctx: Context, request: AddTagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    ctx.store.apply([Put(replace(found, tags=RULES.added(found.tags, tag_map(request.tags))))])


def remove(ctx: Context, request: RemoveTagsRequest) -> None:
    """Take tags away."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    ctx.store.apply([Put(replace(found, tags=without(found.tags, request.tag_keys)))])


def list_tags(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a parameter."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    return {"tag_list": tag_list(found.tags)}


def _tagged(ctx: Context, kind: str, name: str) -> Parameter:
    if kind != "Parameter":
        raise InvalidResourceType(f"Resources of type {kind} are not here; parameters are.")
    try:
        return lookup.named(ctx, name)
    except (InvalidInput, ParameterNotFound, ParameterVersionNotFound) as error:
        raise InvalidResourceId(f"There is no parameter {name}.") from error
