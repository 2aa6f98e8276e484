"""The transform AWS::Include: pieces of a template that are in files of their own.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-include.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json

INCLUDE: Final = "AWS::Include"
_TRANSFORM: Final = "Fn::Transform"


def include_locations(document: Json) -> Iterator[str]:
    """The locations of the files that a document includes. Raises TemplateFault for another transform."""
    if isinstance(document, dict):
        if _TRANSFORM in document:
            yield _location(document[_TRANSFORM])
        if _is_include(document.get("Transform")):
            yield _location(document["Transform"])
        for member in document.values():
            yield from include_locations(member)
    elif isinstance(document, list):
        for element in document:
            yield from include_locations(element)


def _is_include(transform: Json | None) -> bool:
    return isinstance(transform, dict) and transform.get("Name") == INCLUDE


def _location(transform: Json) -> str:
    match transform:
        case {"Name": "AWS::Include", "Parameters": {"Location": str() as location}}:
            return location
        case {"Name": name} if name != INCLUDE:
            raise TemplateFault(f"No transform named {name} found.")
        case _:
            raise TemplateFault("Template error: AWS::Include requires the parameter Location, a string")
