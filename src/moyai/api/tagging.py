"""Tags of resources: the requests and answers of all services, and the operations on them.

Some services write tags as a map, the others as a list of keys and values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put

Find = Callable[[Context, str], Any]
"""Finds the record that an ARN or id of a request names. Raises the service's errors."""


class Tag(msgspec.Struct, frozen=True):
    """A tag in a list."""

    key: str = ""
    value: str = ""


class TagOrKey(msgspec.Struct, frozen=True):
    """A tag to add; or to remove, if it has this value, or without a value whatever it has."""

    key: str
    value: str | None = None


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Tags to add or replace, as a map."""

    resource_arn: str
    tags: Mapping[str, str]


class TagListRequest(msgspec.Struct, frozen=True):
    """Tags to add or replace, as a list."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Keys of tags to remove."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """The resource whose tags to list."""

    resource_arn: str


class ResourceTags:
    """The tags of one service's resources."""

    def __init__(self, find: Find, rules: TagRules | Callable[[Any], TagRules]) -> None:
        """``rules``: those of all resources, or a function that gives those of a record."""
        self._find = find
        self._rules = rules

    def get(self, ctx: Context, identifier: str) -> Mapping[str, str]:
        """The tags of a resource."""
        tags: Mapping[str, str] = self._find(ctx, identifier).tags
        return tags

    def add(self, ctx: Context, identifier: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace their values. Raises what the rules raise."""
        record = self._find(ctx, identifier)
        rules = self._rules if isinstance(self._rules, TagRules) else self._rules(record)
        ctx.store.apply([Put(replace(record, tags=rules.add_to(record.tags, tags)))])

    def remove(self, ctx: Context, identifier: str, keys: Collection[str]) -> None:
        """Remove tags by key; keys that the resource does not have are ignored."""
        record = self._find(ctx, identifier)
        ctx.store.apply([Put(replace(record, tags=without(record.tags, keys)))])

    def remove_matching(self, ctx: Context, identifier: str, tags: Iterable[TagOrKey]) -> None:
        """Remove tags by key and value, or by key alone where no value is given."""
        present = self.get(ctx, identifier)
        self.remove(ctx, identifier, {t.key for t in tags if t.key in present and t.value in {None, present[t.key]}})

    def untag_resource(self, ctx: Context, request: UntagResourceRequest) -> None:
        """UntagResource of most services."""
        self.remove(ctx, request.resource_arn, request.tag_keys)


class MapTagOperations(ResourceTags):
    """The operations of a service that writes tags as a map."""

    def tag_resource(self, ctx: Context, request: TagResourceRequest) -> None:
        """Add tags, or replace their values."""
        self.add(ctx, request.resource_arn, request.tags)

    def list_tags_for_resource(self, ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
        """The tags of a resource."""
        return {"tags": self.get(ctx, request.resource_arn)}


class ListTagOperations(ResourceTags):
    """The operations of a service that writes tags as a list."""

    def tag_resource(self, ctx: Context, request: TagListRequest) -> None:
        """Add tags, or replace their values."""
        self.add(ctx, request.resource_arn, tag_map(request.tags))

    def list_tags_for_resource(self, ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
        """The tags of a resource."""
        return {"tags": tag_list(self.get(ctx, request.resource_arn))}


def tag_map(tags: Iterable[Tag | TagOrKey]) -> dict[str, str]:
    """The values by key; of a key that is there twice, the last."""
    return {tag.key: tag.value or "" for tag in tags}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags as answers list them."""
    return [{"key": key, "value": value} for key, value in tags.items()]
