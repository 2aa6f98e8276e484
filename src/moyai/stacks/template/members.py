"""Members of a template's sections: objects, names, and no others.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json


def object_at(value: Json, place: str) -> dict[str, Json]:
    """An object. ``place``: where it is, for the message. Raises TemplateFault for another value."""
    if not isinstance(value, dict):
        raise TemplateFault(f"Template format error: [/{place}] must be an object.")
    return value


def check_members(members: Mapping[str, Json], allowed: frozenset[str] | set[str], place: str) -> None:
    """Raise TemplateFault for a member that is not one of these."""
    unknown = next((member for member in members if member not in allowed), None)
    if unknown is not None:
        raise TemplateFault(f"Template format error: [/{place}] Invalid property '{unknown}'")


def names_at(value: Json, place: str) -> tuple[str, ...]:
    """A name or a list of names, as a list. Raises TemplateFault."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TemplateFault(f"Template format error: [/{place}] must be a string or a list of strings.")
    return tuple(str(name) for name in names)


def optional_name(value: Json | None, place: str) -> str | None:
    """A name, where there is one. Raises TemplateFault."""
    if value is not None and not isinstance(value, str):
        raise TemplateFault(f"Template format error: [/{place}] must be a string.")
    return value
