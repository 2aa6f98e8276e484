"""Requests about the tags of a resource, as the services have them that keep tags in a map."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags, or give those there are another value."""

    resource_arn: str
    tags: Mapping[str, str]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    resource_arn: str
