"""Rules for the tags of a resource of any service.

Promise: no key is empty, no key or value is too long, a key of moyai's own names a setting of this type of resource,
and there are not too many tags. Keys that are reserved for AWS are set only for stacks; they do not count, and can't be
removed. Tags that the resource has already are not checked again.
Source: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

from moyai.domain.own_tags import fault_in
from moyai.kernel.errors import ClientFault

MAX_TAGS: Final = 50
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256
_RESERVED_PREFIX: Final = "aws:"


class TagRules(NamedTuple):
    """The errors for the tags of one type of resource. ``kind``: the type's name in ARNs."""

    kind: str
    wrong: Callable[[str], ClientFault]
    too_many: Callable[[str], ClientFault]
    unique: bool = False
    """Whether it is wrong to add a key twice; otherwise its last value counts."""

    def add_to(
        self, present: Mapping[str, str], pairs: Iterable[tuple[str, str]], *, for_stack: bool = False
    ) -> dict[str, str]:
        """The tags of a resource with more tags or other values. Raises ``wrong`` or ``too_many``.

        ``for_stack``: keys may be reserved.
        """
        added: dict[str, str] = {}
        for key, value in pairs:
            self._check(key, value, for_stack=for_stack)
            if self.unique and key in added:
                raise self.wrong(f"The tag key {key} is given twice.")
            added[key] = value
        if (fault := fault_in(self.kind, added)) is not None:
            raise self.wrong(fault)
        tags = {**present, **added}
        count = sum(not is_reserved(key) for key in tags)
        if count > MAX_TAGS:
            raise self.too_many(f"A resource has at most {MAX_TAGS} tags; there would be {count}.")
        return tags

    def _check(self, key: str, value: str, *, for_stack: bool) -> None:
        if not key:
            raise self.wrong("A tag has a key. Give each tag one.")
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise self.wrong(
                f"Tag keys have at most {_LONGEST_KEY} characters and values {_LONGEST_VALUE}: {key[:80]!r}."
            )
        if is_reserved(key) and not for_stack:
            raise self.wrong(f"The tag key {key} begins with {_RESERVED_PREFIX}, which is reserved.")


def is_reserved(key: str) -> bool:
    """Whether only AWS sets tags with this key."""
    return key.lower().startswith(_RESERVED_PREFIX)


def without(tags: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    """The tags without these keys; unknown keys and reserved ones are ignored."""
    return {key: value for key, value in tags.items() if key not in keys or is_reserved(key)}
