"""Tags of parameters.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything else.
Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.ssm import lookup
from moyai.api.tagging import ResourceTags, Tag, tag_list, tag_map
from moyai.domain.ssm.errors import (
    InvalidResourceId,
    InvalidResourceType,
    ParameterNotFound,
    ParameterVersionNotFound,
    TooManyTags,
)
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.tagging import TagRules
from moyai.kernel.errors import InvalidInput


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Input of ListTagsForResource."""

    resource_type: str
    resource_id: str


class AddTagsRequest(ListTagsRequest, frozen=True):
    """Input of AddTagsToResource."""

    tags: tuple[Tag, ...]


class RemoveTagsRequest(ListTagsRequest, frozen=True):
    """Input of RemoveTagsFromResource."""

    tag_keys: tuple[str, ...]


def add_tags_to_resource(ctx: Context, request: AddTagsRequest) -> None:
    """Add tags, or replace their values."""
    _TAGS.add(ctx, _name(request), tag_map(request.tags))


def remove_tags_from_resource(ctx: Context, request: RemoveTagsRequest) -> None:
    """Remove tags; keys that the parameter does not have are ignored."""
    _TAGS.remove(ctx, _name(request), request.tag_keys)


def list_tags_for_resource(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a parameter."""
    return {"tag_list": tag_list(_TAGS.get(ctx, _name(request)))}


def _name(request: ListTagsRequest) -> str:
    if request.resource_type != "Parameter":
        raise InvalidResourceType(f"Resources of type {request.resource_type} are not here; parameters are.")
    return request.resource_id


def _parameter(ctx: Context, name: str) -> Parameter:
    try:
        return lookup.parameter_named(ctx, name)
    except (InvalidInput, ParameterNotFound, ParameterVersionNotFound) as error:
        raise InvalidResourceId(f"There is no parameter {name}.") from error


RULES: Final = TagRules("parameter", InvalidInput, TooManyTags)
_TAGS: Final = ResourceTags(_parameter, RULES)
