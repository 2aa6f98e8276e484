"""Tags of parameters.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything else.
Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.ssm import lookup
from moyai.domain.ssm.errors import (
    InvalidResourceId,
    InvalidResourceType,
    ParameterNotFound,
    ParameterVersionNotFound,
    TooManyTags,
)
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

MAX_TAGS = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag."""

    key: str
    value: str


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


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidInput or TooManyTags."""
    all_tags = {**(had or {}), **{tag.key: tag.value for tag in tags}}
    if any(key.lower().startswith("aws:") for key in all_tags):
        raise InvalidInput("Tag keys that begin with aws: are reserved.")
    if len(all_tags) > MAX_TAGS:
        raise TooManyTags(f"A parameter can have {MAX_TAGS} tags.")
    return all_tags


def add(ctx: Context, request: AddTagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    ctx.store.apply([Put(replace(found, tags=checked_tags(request.tags, found.tags)))])


def remove(ctx: Context, request: RemoveTagsRequest) -> None:
    """Take tags away."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    left = {key: value for key, value in found.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(replace(found, tags=left))])


def list_tags(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a parameter."""
    found = _tagged(ctx, request.resource_type, request.resource_id)
    return {"tag_list": [{"key": key, "value": value} for key, value in found.tags.items()]}


def _tagged(ctx: Context, kind: str, name: str) -> Parameter:
    if kind != "Parameter":
        raise InvalidResourceType(f"Resources of type {kind} are not here; parameters are.")
    try:
        return lookup.named(ctx, name)
    except (InvalidInput, ParameterNotFound, ParameterVersionNotFound) as error:
        raise InvalidResourceId(f"There is no parameter {name}.") from error
