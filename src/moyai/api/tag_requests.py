"""Tags as requests and answers have them: some services write a map, the others a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class Tag(msgspec.Struct, frozen=True):
    """One of a list."""

    key: str = ""
    value: str = ""


class TagOrKey(msgspec.Struct, frozen=True):
    """One of a list; to take it away, without a value: whatever it is."""

    key: str
    value: str | None = None

    def is_in(self, tags: Mapping[str, str]) -> bool:
        """Whether it is one of these."""
        return self.key in tags and self.value in {None, tags[self.key]}


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags of a map, or give those there are another value."""

    resource_arn: str
    tags: Mapping[str, str]


class TagListRequest(msgspec.Struct, frozen=True):
    """Add tags of a list, or give those there are another value."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    resource_arn: str


def tag_map(tags: Iterable[Tag | TagOrKey]) -> dict[str, str]:
    """A list by key; of a key that is there twice, the last."""
    return {tag.key: tag.value or "" for tag in tags}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A list of a resource's tags, as answers have it."""
    return [{"key": key, "value": value} for key, value in tags.items()]
