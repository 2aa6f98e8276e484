"""Skipped resources: their types are not among moyai's, and the user has chosen not to have them created.

Promise: such a resource has the type ``Skipped::AWS::…`` wherever it is shown, so that nobody takes it for one that
exists. Ref returns its name, and Fn::GetAtt ``<name>.<attribute>``. A type that moyai has is never skipped.
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
"""Members that a skipped resource keeps. Policies are left out: there is nothing to wait for, retain or snapshot."""


def can_be_skipped(pattern: str) -> bool:
    """Whether ``pattern`` is the name of a resource type, such as ``AWS::EC2::Instance``, or the pattern of all types
    of a service, such as ``AWS::CodeBuild::*``.
    """
    return _PATTERN.fullmatch(pattern) is not None


def skipped_types(document: Mapping[str, Json], patterns: Iterable[str], own_types: Collection[str]) -> tuple[str, ...]:
    """The types of a template's resources that a pattern covers, except ``own_types``, those that moyai has; sorted."""
    covering = set(patterns)
    types = {str(each["Type"]) for each in _typed_objects(document.get("Resources"))}
    return tuple(sorted(kind for kind in types - set(own_types) if {kind, _service_pattern(kind)} & covering))


def skip_resources(document: Mapping[str, Json], skipped_kinds: Collection[str]) -> dict[str, Json]:
    """The document with its resources of the types ``skipped_kinds`` as skipped ones. Its loops are expanded already.

    Raises TemplateFault for a resource whose type begins with ``Skipped::`` in the template itself.
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
        "Resources": {
            name: _skip(each) if types.get(name) in skipped_kinds else each for name, each in resources.items()
        },
    }


def type_refusal(types: Collection[str]) -> TemplateFault:
    """The error for resource types that moyai does not have. Where all can be skipped, it names the option for that."""
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


def _service_pattern(kind: str) -> str:
    """The pattern of all types of the type's service."""
    return kind.removesuffix(_MODULE).rpartition("::")[0] + "::*"


def _typed_objects(resources: Json | None) -> list[dict[str, Json]]:
    """The objects with a Type in a template's section Resources, at any depth: its resources, and those in loops."""
    if isinstance(resources, list):
        return [each for element in resources for each in _typed_objects(element)]
    if not isinstance(resources, dict):
        return []
    return [resources] if isinstance(resources.get("Type"), str) else _typed_objects(list(resources.values()))
