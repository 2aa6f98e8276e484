"""Tags in ECS's requests and responses, and their form in records.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.tagging import TagRules
from moyai.kernel.errors import ClientFault

_NONE: Mapping[str, str] = MappingProxyType({})


class Tag(msgspec.Struct, frozen=True):
    """A tag in a list; an absent value is empty."""

    key: str | None = None
    value: str = ""


def tag_map(
    tags: Sequence[Tag] | None,
    kind: str,
    fault: type[ClientFault] = InvalidParameter,
    had: Mapping[str, str] = _NONE,
) -> dict[str, str]:
    """The tags by key, added to those that the resource ``had``. Raises ``fault`` for a key that occurs twice, and for
    tags that this kind of resource (as its ARN names it) cannot have: see TagRules.
    """
    by_key: dict[str, str] = {}
    for tag in tags or ():
        key = tag.key or ""
        if key and key in by_key:
            raise fault(f"The tag key {key} is given twice.")
        by_key[key] = tag.value
    return TagRules(kind, fault, fault).add_to(had, by_key)


def tag_list(tags: Mapping[str, str]) -> list[Tag]:
    """The tags as responses list them."""
    return [Tag(key, value) for key, value in tags.items()]
