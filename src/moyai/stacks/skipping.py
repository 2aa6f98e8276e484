"""Resource types that moyai does not have and that the user asks to skip: nothing makes their resources.

Promise: such a resource has the type ``Skipped::AWS::…`` wherever it is shown, so that nobody takes it for one that
exists. Ref returns its name, and Fn::GetAtt its name and the attribute's. A type that moyai has is never skipped.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.text import Json

SKIPPED: Final = "Skipped::"
"""The beginning of the types of skipped resources."""
_MODULE: Final = "::MODULE"
_PATTERN: Final = re.compile(
    rf"(?!{SKIPPED})([A-Za-z0-9]{{1,64}}::){{2}}([A-Za-z0-9]{{1,100}}({_MODULE})?|\*)|Custom::([A-Za-z0-9_@-]{{1,60}}|\*)"
)
_MEMBERS: Final = frozenset({"Type", "Properties", "DependsOn", "Condition", "Metadata"})
"""What a skipped resource keeps: no policies, as there is nothing to wait for, to retain or to take a snapshot of."""


def can_be_skipped(pattern: str) -> bool:
    """Whether this is the name of a resource type, such as ``AWS::EC2::Instance``, or the pattern of all types of a
    service, such as ``AWS::CodeBuild::*``.
    """
    return _PATTERN.fullmatch(pattern) is not None


def skipped_types(document: Mapping[str, Json], patterns: Iterable[str], own_types: Collection[str]) -> tuple[str, ...]:
    """The types of a template's resources that the patterns name, but those that moyai has: ``own_types``."""
    names = set(patterns)
    types = {str(each["Type"]) for each in _objects(document.get("Resources"))}
    return tuple(sorted(kind for kind in types - set(own_types) if {kind, _of_service(kind)} & names))


def skip_resources(document: Mapping[str, Json], skipped: Collection[str]) -> dict[str, Json]:
    """A document, whose loops are written out, with its resources of these types as skipped ones.

    Raises TemplateFault for a type that only skipped resources may have.
    """
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        return dict(document)
    types = {name: each.get("Type") for name, each in resources.items() if isinstance(each, dict)}
    reserved = {kind for kind in types.values() if isinstance(kind, str) and kind.startswith(SKIPPED)}
    if reserved:
        raise type_refusal(reserved)
    return {
        **document,
        "Resources": {name: _skip(each) if types.get(name) in skipped else each for name, each in resources.items()},
    }


def type_refusal(types: Collection[str]) -> TemplateFault:
    """The refusal of types that moyai does not have, which says what to do where they can be skipped."""
    advice = " To leave such resources out, start moyai with --skip-resource-type TYPE."
    return TemplateFault(
        f"Template format error: Unrecognized resource types: [{', '.join(sorted(types))}]."
        + (advice if all(map(can_be_skipped, types)) else "")
    )


def _skip(resource: Json) -> Json:
    if not isinstance(resource, dict):
        return resource
    members = {name: member for name, member in resource.items() if name in _MEMBERS}
    return {**members, "Type": f"{SKIPPED}{resource['Type']}"}


def _of_service(kind: str) -> str:
    """The pattern of all types of the same service."""
    return kind.removesuffix(_MODULE).rpartition("::")[0] + "::*"


def _objects(resources: Json | None) -> list[dict[str, Json]]:
    """The resources of a template, and those in its loops."""
    if isinstance(resources, list):
        return [each for element in resources for each in _objects(element)]
    if not isinstance(resources, dict):
        return []
    return [resources] if isinstance(resources.get("Type"), str) else _objects(list(resources.values()))
