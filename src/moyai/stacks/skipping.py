"""Resource types that the user asks to skip: their resources are names only, and nothing makes them.

Promise: such a resource has the type ``Skipped::AWS::…`` wherever it is shown, so that nobody takes it for one that
exists. Ref returns its name, and Fn::GetAtt its name and the attribute's.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from moyai.stacks.template.model import ParsedTemplate
from moyai.stacks.template.text import Json

SKIPPED: Final = "Skipped::"
"""The beginning of the types of skipped resources."""


def skipped_types(document: Mapping[str, Json], patterns: Iterable[str]) -> tuple[str, ...]:
    """The types of a template's resources that the patterns name: ``AWS::EC2::Instance``, or ``AWS::CodeBuild::*`` for
    all of a service.
    """
    names = set(patterns)
    resources = document.get("Resources")
    kinds = {each.get("Type") for each in _objects(resources)}
    return tuple(sorted(kind for kind in kinds if isinstance(kind, str) and {kind, _of_service(kind)} & names))


def skip_types(template: ParsedTemplate, skipped: Collection[str]) -> ParsedTemplate:
    """The template whose resources of these types are skipped."""
    resources = {
        name: replace(resource, type=SKIPPED + resource.type, creation_policy={}, update_policy={})
        if resource.type in skipped
        else resource
        for name, resource in template.resources.items()
    }
    return replace(template, resources=resources)


def _of_service(kind: str) -> str:
    """The pattern of all types of the same service."""
    return kind.rpartition("::")[0] + "::*"


def _objects(resources: Json | None) -> list[dict[str, Json]]:
    """The resources of a template, and those in its loops."""
    if isinstance(resources, list):
        return [each for element in resources for each in _objects(element)]
    if not isinstance(resources, dict):
        return []
    return [resources] if isinstance(resources.get("Type"), str) else _objects(list(resources.values()))
