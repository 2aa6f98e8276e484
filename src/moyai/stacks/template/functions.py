"""Parsers of the functions in a template, from their JSON form.

Promise: a function that is unknown, not allowed in its section, or has arguments of a wrong form is refused in AWS's
words; it is never taken for a plain value.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.expressions import (
    Base64,
    Cidr,
    Expression,
    FindInMap,
    GetAtt,
    GetAvailabilityZones,
    If,
    ImportValue,
    Join,
    Length,
    NoValue,
    Ref,
    Select,
    Split,
    ToJsonString,
)
from moyai.stacks.template.text import Json

NO_VALUE: Final = "AWS::NoValue"
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_NAME: Final = re.compile(r"[\w.:]+", re.ASCII)

Parse: TypeAlias = Callable[[Json], Expression]
FunctionParser: TypeAlias = Callable[[Json, Parse], Expression]


def parse_expression(value: Json, functions: Mapping[str, FunctionParser]) -> Expression:
    """The expression of a template's value. Raises TemplateFault for a function that is not among ``functions``."""

    def parse(inner: Json) -> Expression:
        return parse_expression(inner, functions)

    if isinstance(value, list):
        return tuple(parse(element) for element in value)
    if not isinstance(value, dict):
        return value
    name = next((key for key in value if key in functions or key.startswith("Fn::")), None)
    if name is None:
        return {key: parse(member) for key, member in value.items()}
    if len(value) > 1:
        raise TemplateFault(f"Template error: an object with {name} can't have other members: {', '.join(value)}")
    if name not in functions:
        raise TemplateFault(f"Template error: {name} is not known, or can't be used here")
    return functions[name](value[name], parse)


def parse_ref(argument: Json, parse: Parse) -> Expression:
    """The expression of the function Ref. Raises TemplateFault."""
    del parse
    if not isinstance(argument, str):
        raise TemplateFault("Template error: every Ref object must have a single String value.")
    return NoValue() if argument == NO_VALUE else Ref(argument)


def _get_att(argument: Json, parse: Parse) -> Expression:
    names = argument.split(".", 1) if isinstance(argument, str) else argument
    match names:
        case [str() as resource, attribute] if resource and attribute:
            return GetAtt(resource, parse(attribute))
        case [str() as resource, *parts] if resource and len(parts) > 1 and all(isinstance(p, str) for p in parts):
            return GetAtt(resource, ".".join(str(part) for part in parts))
        case _:
            raise TemplateFault(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, "
                "the resource name and the resource attribute"
            )


def _join(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [str() as delimiter, (list() | dict()) as items]:
            return Join(delimiter, parse(items))
        case _:
            raise TemplateFault(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
                "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be "
                "joined."
            )


def _split(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [str() as delimiter, (str() | dict()) as source] if delimiter:
            return Split(delimiter, parse(source))
        case _:
            raise TemplateFault(
                "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
                "string to be split or a function that returns a string to be split."
            )


def _select(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [(str() | int() | dict()) as index, (list() | dict()) as items]:
            return Select(parse(index), parse(items))
        case _:
            raise TemplateFault(
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
            )


def _sub(argument: Json, parse: Parse) -> Expression:
    match argument:
        case str() as text:
            variables: dict[str, Json] = {}
        case [str() as text, dict() as variables]:
            pass
        case _:
            raise TemplateFault(
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
                "string as first argument, and an optional second argument to specify a mapping of values to replace "
                "in the string"
            )
    values = {name: parse(value) for name, value in variables.items()}
    parts: list[Expression] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts += [text[end : match.start()], _variable(match[1].strip(), values)]
        end = match.end()
    return Join("", tuple(part for part in (*parts, text[end:]) if part != ""))


def _variable(name: str, values: Mapping[str, Expression]) -> Expression:
    if name.startswith("!"):
        return "${" + name[1:] + "}"
    if _VARIABLE_NAME.fullmatch(name) is None:
        raise TemplateFault(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, "
            "periods, and colons"
        )
    if name in values:
        return values[name]
    resource, dot, attribute = name.partition(".")
    return GetAtt(resource, attribute) if dot else Ref(name)


def _find_in_map(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [mapping, top_key, second_key]:
            return FindInMap(parse(mapping), parse(top_key), parse(second_key))
        case _:
            raise TemplateFault(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
                "attribute for return value"
            )


def _find_in_map_with_default(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [mapping, top_key, second_key, {"DefaultValue": default, **others}] if not others:
            return FindInMap(parse(mapping), parse(top_key), parse(second_key), parse(default))
        case _:
            return _find_in_map(argument, parse)


def _cidr(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [block, count]:
            return Cidr(parse(block), parse(count))
        case [block, count, bits]:
            return Cidr(parse(block), parse(count), parse(bits))
        case _:
            raise TemplateFault(
                "Template error: every Fn::Cidr object requires two required parameters and one optional parameter, "
                "(1) a valid IP block, (2) the count of CIDRs to generate, and (3) the number of subnet bits."
            )


def _base64(argument: Json, parse: Parse) -> Expression:
    if not isinstance(argument, str | dict):
        raise TemplateFault("Template error: every Fn::Base64 object must have a String-typed value.")
    return Base64(parse(argument))


def _if(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [str() as condition, then, otherwise]:
            return If(condition, parse(then), parse(otherwise))
        case _:
            raise TemplateFault(
                "Template error: Fn::If requires a list argument with three elements, of which the first is the name "
                "of a condition"
            )


def _argument_parser(make: Callable[[Expression], Expression]) -> FunctionParser:
    return lambda argument, parse: make(parse(argument))


IN_ALL_SECTIONS: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {
        "Ref": parse_ref,
        "Fn::Join": _join,
        "Fn::Split": _split,
        "Fn::Select": _select,
        "Fn::Sub": _sub,
        "Fn::FindInMap": _find_in_map,
    }
)
"""The functions of resources, outputs and conditions."""
IN_RESOURCES: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {
        **IN_ALL_SECTIONS,
        "Fn::GetAtt": _get_att,
        "Fn::GetAZs": _argument_parser(GetAvailabilityZones),
        "Fn::Cidr": _cidr,
        "Fn::Base64": _base64,
        "Fn::ImportValue": _argument_parser(ImportValue),
        "Fn::If": _if,
    }
)
"""The functions of resources and outputs."""
LANGUAGE_EXTENSIONS: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {
        "Fn::FindInMap": _find_in_map_with_default,
        "Fn::Length": _argument_parser(Length),
        "Fn::ToJsonString": _argument_parser(ToJsonString),
    }
)
"""The functions that the transform AWS::LanguageExtensions adds to every section except Rules."""
