"""The parameters of a template's transforms: each is used, or the template is refused.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-section-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json
from moyai.stacks.transforms.include import INCLUDE

_MEMBERS: Final = frozenset({"Name", "Parameters"})
_PARAMETERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType({INCLUDE: frozenset({"Location"})})
"""The parameters of the transforms that have some."""


def checked_transforms(document: dict[str, Json]) -> dict[str, Json]:
    """The document itself. Raises TemplateFault for a transform with a member or parameter that it does not have, and
    for AWS::Include as a text, without its Location.
    """
    declared = document.get("Transform", [])
    transforms = declared if isinstance(declared, list) else [declared]
    if INCLUDE in transforms:
        raise TemplateFault(
            f"Transform {INCLUDE} failed with: it needs the parameter Location, so it has to be an object with a Name "
            "and Parameters."
        )
    for transform in (*transforms, *_nested_transforms(document)):
        if isinstance(transform, dict):
            _check(transform)
    return document


def _nested_transforms(value: Json) -> Iterator[Json]:
    """The values of all ``Fn::Transform`` in a document."""
    if isinstance(value, dict):
        if "Fn::Transform" in value:
            yield value["Fn::Transform"]
        for member in value.values():
            yield from _nested_transforms(member)
    elif isinstance(value, list):
        for element in value:
            yield from _nested_transforms(element)


def _check(transform: Mapping[str, Json]) -> None:
    name, parameters = transform.get("Name"), transform.get("Parameters", {})
    unknown_members = sorted(transform.keys() - _MEMBERS)
    if unknown_members:
        raise TemplateFault(f"Template format error: Transform {name} has no member {unknown_members[0]}.")
    if not isinstance(parameters, dict):
        raise TemplateFault(f"Template format error: the Parameters of Transform {name} must be an object.")
    unknown = sorted(parameters.keys() - _PARAMETERS.get(str(name), frozenset()))
    if unknown:
        raise TemplateFault(f"Transform {name} failed with: it has no parameter {unknown[0]}.")
