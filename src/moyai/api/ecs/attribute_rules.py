"""What an attribute of a container instance may be.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from moyai.domain.ecs.container_instance import Attribute
from moyai.domain.ecs.errors import InvalidParameter

_NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")
_VALUE = re.compile(r"(?! )[A-Za-z0-9_.@/\\: -]{1,128}(?<! )")
_MOST = 500


class AttributeAsked(msgspec.Struct, frozen=True):
    """An attribute as requests have it."""

    name: str
    value: str | None = None
    target_type: str = "container-instance"
    target_id: str | None = None


def checked_attributes(asked: Iterable[AttributeAsked]) -> tuple[Attribute, ...]:
    """The attributes without their target. Raises InvalidParameter."""
    found = tuple(Attribute(one.name, one.value or None) for one in asked)
    if len(found) > _MOST:
        raise InvalidParameter(f"An instance has at most {_MOST} attributes.")
    for one in found:
        if not _NAME.fullmatch(one.name):
            raise InvalidParameter(
                f"The attribute name {one.name!r} is not 1 to 128 letters, digits and any of - _ . / and backslashes."
            )
        if one.value is not None and not _VALUE.fullmatch(one.value):
            raise InvalidParameter(
                f"The value of the attribute {one.name} is not 1 to 128 letters, digits and any of - _ . @ / :"
                " backslashes and, in between, spaces."
            )
    return found
