"""Rules for the tags of a resource of any service.

Promise: no key is empty or reserved for AWS, a key of moyai's own is a setting of the resource, and there are not too
many tags. Tags that the resource has already are not checked again.
Source: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from moyai.domain.own_tags import fault_in
from moyai.kernel.errors import ClientFault

MAX_TAGS: Final = 50
_RESERVED: Final = "aws:"


class TagRules(NamedTuple):
    """The errors of one type of resource, as its ARN names it: for invalid tags, and for too many."""

    kind: str
    wrong: Callable[[str], ClientFault]
    too_many: Callable[[str], ClientFault]

    def add_to(self, had: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
        """Add tags to those of a resource: the old tags, with more tags or other values. Raises ``wrong`` or
        ``too_many``.
        """
        for key in more:
            if not key:
                raise self.wrong("A tag has a key. Give each tag one.")
            if key.lower().startswith(_RESERVED):
                raise self.wrong(f"The tag key {key} begins with {_RESERVED}, which is reserved.")
        if (fault := fault_in(self.kind, more)) is not None:
            raise self.wrong(fault)
        tags = {**had, **more}
        if len(tags) > MAX_TAGS:
            raise self.too_many(f"A resource has at most {MAX_TAGS} tags; there would be {len(tags)}.")
        return tags


def without(tags: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    """The tags without these keys; unknown keys are ignored."""
    return {key: value for key, value in tags.items() if key not in keys}
