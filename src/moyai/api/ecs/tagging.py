"""Tags, as the API writes them and as records keep them.

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
    """One tag; an absent value is empty."""

    key: str | None = None
    value: str = ""


def tag_map(
    tags: Sequence[Tag] | None,
    kind: str,
    fault: type[ClientFault] = InvalidParameter,
    had: Mapping[str, str] = _NONE,
) -> dict[str, str]:
    """The tags by key, over those there were. Raises ``fault`` for a tag that is given twice, and for what a ``kind``
    of resource (as its ARN names it) can't have: see TagRules.
    """
    named: dict[str, str] = {}
    for tag in tags or ():
        key = tag.key or ""
        if key and key in named:
            raise fault(f"The tag key {key} is given twice.")
        named[key] = tag.value
    return TagRules(kind, fault, fault).added(had, named)


def tag_list(tags: Mapping[str, str]) -> list[Tag]:
    """The tags as the API shows them."""
    return [Tag(key, value) for key, value in tags.items()]
