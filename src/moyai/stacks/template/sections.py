"""Parses the sections of a template from plain values.

Promise: every member of every section is used, or refused by its name. Names and counts beyond CloudFormation's limits
are refused. References are checked in ``references``, once the conditions are known.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html and
cloudformation-limits.html there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.condition_functions import IN_CONDITIONS, IN_RULES
from moyai.stacks.template.expressions import Expression, IntrinsicFunction, is_value
from moyai.stacks.template.functions import IN_RESOURCES, LANGUAGE_EXTENSIONS, FunctionParser, parse_expression
from moyai.stacks.template.members import check_members, names_at, object_at, optional_name
from moyai.stacks.template.model import (
    Assertion,
    DeletionPolicy,
    ParameterDeclaration,
    ParsedTemplate,
    TemplateOutput,
    TemplateResource,
    TemplateRule,
    is_custom,
)
from moyai.stacks.template.text import Json

EXTENSIONS: Final = "AWS::LanguageExtensions"
VERSION: Final = "2010-09-09"
MAX_RESOURCES: Final = 500
MAX_MEMBERS: Final = 200
"""Number of a template's parameters, of its mappings, of the keys of one mapping, and of its outputs."""
MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 1024
"""Bytes of a template's description."""
_ALPHANUMERIC: Final = re.compile(r"[A-Za-z0-9]+")
_SECTIONS: Final = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)
_RESOURCE_MEMBERS: Final = frozenset(
    {
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "CreationPolicy",
        "UpdatePolicy",
        "Metadata",
    }
)
_VERSION: Final = "Version"
"""A member that custom resources may have in addition. It has no effect."""
_OUTPUT_MEMBERS: Final = frozenset({"Value", "Description", "Condition", "Export"})

_Member = TypeVar("_Member")


def parse_template(document: Mapping[str, Json]) -> ParsedTemplate:
    """The template of a document to which its transforms have been applied. Raises TemplateFault."""
    unknown = sorted(set(document) - _SECTIONS)
    if unknown:
        raise TemplateFault(f"Template format error: Invalid template property or properties [{', '.join(unknown)}]")
    if "Hooks" in document:
        raise TemplateFault("Template format error: moyai does not support the section Hooks")
    version = document.get("AWSTemplateFormatVersion", VERSION)
    if version != VERSION:
        raise TemplateFault(f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion.")
    if not document.get("Resources"):
        raise TemplateFault("Template format error: At least one Resources member must be defined.")
    transforms = transform_names(document)
    in_resources = {**IN_RESOURCES, **_extensions(transforms)}
    in_conditions = {**IN_CONDITIONS, **_extensions(transforms)}
    declarations = parse_declarations(document)
    return msgspec.structs.replace(
        declarations,
        conditions=_section(
            document, "Conditions", lambda name, value: _condition(name, value, in_conditions), limit=None
        ),
        rules=_section(document, "Rules", _rule, limit=None),
        resources=_section(
            document, "Resources", lambda name, value: _resource(name, value, in_resources), limit=MAX_RESOURCES
        ),
        outputs=_section(document, "Outputs", lambda name, value: _output(name, value, in_resources)),
    )


def parse_declarations(document: Mapping[str, Json]) -> ParsedTemplate:
    """The template without conditions, rules, resources and outputs, which transforms may change.

    Raises TemplateFault.
    """
    functions = {**IN_CONDITIONS, **_extensions(transform_names(document))}
    return ParsedTemplate(
        resources={},
        description=_description(document.get("Description", "")),
        metadata=object_at(document.get("Metadata", {}), "Metadata"),
        transforms=transform_names(document),
        parameters=_section(document, "Parameters", _parameter),
        mappings=_section(document, "Mappings", lambda name, value: _mapping(name, value, functions)),
    )


def _extensions(transforms: tuple[str, ...]) -> Mapping[str, FunctionParser]:
    return LANGUAGE_EXTENSIONS if EXTENSIONS in transforms else {}


def transform_names(document: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of a document's transforms. Raises TemplateFault for a transform without a name."""
    declared = document.get("Transform", [])
    names = []
    for transform in declared if isinstance(declared, list) else [declared]:
        match transform:
            case str() as name:
                names.append(name)
            case {"Name": str() as name}:
                names.append(name)
            case _:
                raise TemplateFault("Template format error: Transform must be a string, or an object with a Name.")
    return tuple(names)


def _section(
    document: Mapping[str, Json], title: str, parse: Callable[[str, Json], _Member], limit: int | None = MAX_MEMBERS
) -> dict[str, _Member]:
    members = object_at(document.get(title, {}), title)
    if limit is not None and len(members) > limit:
        raise TemplateFault(
            f"Template format error: Number of {title.lower()}, {len(members)}, is greater than maximum allowed, "
            f"{limit}"
        )
    singular = title.removesuffix("s")
    for name in members:
        if _ALPHANUMERIC.fullmatch(name) is None:
            raise TemplateFault(f"Template format error: {singular} name {name} is non alphanumeric.")
        if len(name) > MAX_NAME:
            raise TemplateFault(
                f"Template format error: {singular} name {name[:20]}… is longer than {MAX_NAME} characters."
            )
    return {name: parse(name, value) for name, value in members.items()}


def _description(value: Json) -> str:
    if not isinstance(value, str):
        raise TemplateFault("Template format error: Description must be a string.")
    if len(value.encode()) > MAX_DESCRIPTION:
        raise TemplateFault(f"Template format error: Template description is longer than {MAX_DESCRIPTION}.")
    return value


def _parameter(name: str, value: Json) -> ParameterDeclaration:
    members = object_at(value, f"Parameters/{name}")
    if "Type" not in members:
        raise TemplateFault("Template format error: Every Parameters object must contain a Type member.")
    try:
        return msgspec.convert(members, ParameterDeclaration)
    except msgspec.ValidationError as fault:
        raise TemplateFault(f"Template format error: [/Parameters/{name}] {fault}") from None


def _mapping(name: str, value: Json, functions: Mapping[str, FunctionParser]) -> dict[str, dict[str, Expression]]:
    mapping = object_at(value, f"Mappings/{name}")
    if len(mapping) > MAX_MEMBERS:
        raise TemplateFault(f"Template format error: Mapping {name} has more than {MAX_MEMBERS} keys.")
    levels = {}
    for top_key, members in mapping.items():
        values = {
            key: parse_expression(member, functions)
            for key, member in object_at(members, f"Mappings/{name}/{top_key}").items()
        }
        if not all(isinstance(each, str | int | float | bool | tuple) and is_value(each) for each in values.values()):
            raise TemplateFault("Template format error: Every Mappings attribute must be a String or a List.")
        levels[top_key] = values
    return levels


def _condition(name: str, value: Json, functions: Mapping[str, FunctionParser]) -> Expression:
    condition = parse_expression(value, functions)
    if not isinstance(condition, IntrinsicFunction):
        raise TemplateFault(f"Template format error: Every Conditions member must be a function, and {name} is none.")
    return condition


def _rule(name: str, value: Json) -> TemplateRule:
    members = object_at(value, f"Rules/{name}")
    check_members(members, {"RuleCondition", "Assertions"}, f"Rules/{name}")
    assertions = members.get("Assertions")
    if not isinstance(assertions, list) or not assertions:
        raise TemplateFault(f"Template format error: Rule {name} must have Assertions.")
    condition = members.get("RuleCondition")
    return TemplateRule(
        tuple(_assertion(f"Rules/{name}/Assertions", assertion) for assertion in assertions),
        None if condition is None else parse_expression(condition, IN_RULES),
    )


def _assertion(place: str, value: Json) -> Assertion:
    members = object_at(value, place)
    check_members(members, {"Assert", "AssertDescription"}, place)
    if "Assert" not in members:
        raise TemplateFault(f"Template format error: [/{place}] Every Assertions object must contain an Assert member.")
    return Assertion(parse_expression(members["Assert"], IN_RULES), str(members.get("AssertDescription", "")))


def _resource(name: str, value: Json, functions: Mapping[str, FunctionParser]) -> TemplateResource:
    place = f"Resources/{name}"
    members = object_at(value, place)
    match members.get("Type"):
        case str() as kind if kind:
            pass
        case _:
            raise TemplateFault(f"Template format error: [/{place}] Every Resources object must contain a Type member.")
    allowed = _RESOURCE_MEMBERS | ({_VERSION} if is_custom(kind) else set())
    unknown = next((member for member in members if member not in allowed), None)
    if unknown is not None:
        raise TemplateFault(f"Invalid template resource property '{unknown}'")
    parsed_members = {
        member: _properties(members.get(member, {}), f"{place}/{member}", functions)
        for member in ("Properties", "CreationPolicy", "UpdatePolicy", "Metadata")
    }
    return TemplateResource(
        type=kind,
        properties=parsed_members["Properties"],
        depends_on=names_at(members.get("DependsOn", []), f"{place}/DependsOn"),
        condition=optional_name(members.get("Condition"), f"{place}/Condition"),
        deletion_policy=_policy(members, "DeletionPolicy"),
        update_replace_policy=_policy(members, "UpdateReplacePolicy"),
        has_deletion_policy="DeletionPolicy" in members,
        creation_policy=parsed_members["CreationPolicy"],
        update_policy=parsed_members["UpdatePolicy"],
        metadata=parsed_members["Metadata"],
    )


def _properties(value: Json, place: str, functions: Mapping[str, FunctionParser]) -> Mapping[str, Expression]:
    return {name: parse_expression(member, functions) for name, member in object_at(value, place).items()}


def _policy(members: Mapping[str, Json], name: str) -> DeletionPolicy:
    value = members.get(name, DeletionPolicy.DELETE.value)
    allowed = {policy.value: policy for policy in DeletionPolicy}
    if name == "UpdateReplacePolicy":
        del allowed[DeletionPolicy.RETAIN_EXCEPT_ON_CREATE.value]
    if not isinstance(value, str) or value not in allowed:
        raise TemplateFault(f"Template format error: Unrecognized {name} {value}")
    return allowed[value]


def _output(name: str, value: Json, functions: Mapping[str, FunctionParser]) -> TemplateOutput:
    place = f"Outputs/{name}"
    members = object_at(value, place)
    check_members(members, _OUTPUT_MEMBERS, place)
    if "Value" not in members:
        raise TemplateFault(f"Template format error: Every Outputs member must contain a Value object. ({name})")
    export = object_at(members.get("Export", {"Name": ""}), f"{place}/Export")
    if set(export) != {"Name"}:
        raise TemplateFault(f"Template format error: [/{place}/Export] must be an object with a Name and nothing else.")
    return TemplateOutput(
        parse_expression(members["Value"], functions),
        str(members.get("Description", "")),
        optional_name(members.get("Condition"), f"{place}/Condition"),
        parse_expression(export["Name"], functions) if "Export" in members else None,
    )
