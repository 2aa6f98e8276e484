"""Tags, as the API writes them and as records keep them.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.tagging import MAX_TAGS, TagRules
from moyai.kernel.errors import ClientFault


class Tag(msgspec.Struct, frozen=True):
    """One tag; an absent value is empty."""

    key: str | None = None
    value: str = ""


def tag_map(tags: Sequence[Tag] | None, kind: str, fault: type[ClientFault] = InvalidParameter) -> dict[str, str]:
    """The tags by key. Raises ``fault`` for a tag without a key, twice the same, one that is AWS's, and for one of
    moyai's own that a ``kind`` of resource (as its ARN names it) can't have.
    """
    named: dict[str, str] = {}
    for tag in tags or ():
        if not tag.key:
            raise fault("A tag has a key. Give each tag one.")
        if tag.key in named:
            raise fault(f"The tag key {tag.key} is given twice.")
        named[tag.key] = tag.value
    return TagRules(kind, fault, fault).added({}, named)


def check_number(tags: Mapping[str, str], fault: type[ClientFault] = InvalidParameter) -> None:
    """Raises ``fault`` for more tags than a resource can have."""
    if len(tags) > MAX_TAGS:
        raise fault(f"A resource has at most {MAX_TAGS} tags.")


def tag_list(tags: Mapping[str, str]) -> list[Tag]:
    """The tags as the API shows them."""
    return [Tag(key, value) for key, value in tags.items()]
