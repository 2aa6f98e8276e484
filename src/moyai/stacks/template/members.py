"""Checks of the members of a template's sections: that they are objects or names, and which members are allowed.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json


def object_at(value: Json, place: str) -> dict[str, Json]:
    """The value as an object. Raises TemplateFault for another value, with ``place``, its path in the template."""
    if not isinstance(value, dict):
        raise TemplateFault(f"Template format error: [/{place}] must be an object.")
    return value


def check_members(members: Mapping[str, Json], allowed: frozenset[str] | set[str], place: str) -> None:
    """Raise TemplateFault for the first member that is not allowed."""
    unknown = next((member for member in members if member not in allowed), None)
    if unknown is not None:
        raise TemplateFault(f"Template format error: [/{place}] Invalid property '{unknown}'")


def names_at(value: Json, place: str) -> tuple[str, ...]:
    """The names in a value, which is a name or a list of names. Raises TemplateFault for another value."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TemplateFault(f"Template format error: [/{place}] must be a string or a list of strings.")
    return tuple(str(name) for name in names)


def optional_name(value: Json | None, place: str) -> str | None:
    """The value as a name; None where it is absent. Raises TemplateFault for another value."""
    if value is not None and not isinstance(value, str):
        raise TemplateFault(f"Template format error: [/{place}] must be a string.")
    return value
