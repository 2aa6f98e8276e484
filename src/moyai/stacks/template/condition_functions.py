"""Parsers of the functions in conditions and rules, from their JSON form.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.expressions import (
    And,
    ConditionRef,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    Equals,
    Expression,
    NotCondition,
    Or,
)
from moyai.stacks.template.functions import IN_ALL_SECTIONS, FunctionParser, Parse, parse_ref
from moyai.stacks.template.text import Json

MAX_CONDITIONS: Final = 10
"""Number of conditions in one Fn::And or Fn::Or."""


def _condition(argument: Json, parse: Parse) -> Expression:
    del parse
    if not isinstance(argument, str):
        raise TemplateFault("Template error: every Condition object must have a single String value.")
    return ConditionRef(argument)


def _equals(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [first, second]:
            return Equals(parse(first), parse(second))
        case _:
            raise TemplateFault("Template error: every Fn::Equals object requires a list of 2 string parameters.")


def _not(argument: Json, parse: Parse) -> Expression:
    match argument:
        case [dict() as condition]:
            return NotCondition(parse(condition))
        case _:
            raise TemplateFault("Template error: every Fn::Not object requires one boolean parameter.")


def _list_parser(name: str, make: Callable[[tuple[Expression, ...]], Expression]) -> FunctionParser:
    def parse_conditions(argument: Json, parse: Parse) -> Expression:
        if not isinstance(argument, list) or not 1 < len(argument) <= MAX_CONDITIONS:
            raise TemplateFault(
                f"Template error: every {name} object requires a list of at least 2 and at most {MAX_CONDITIONS} "
                "boolean parameters."
            )
        return make(tuple(parse(condition) for condition in argument))

    return parse_conditions


def _pair_parser(name: str, make: Callable[[Expression, Expression], Expression]) -> FunctionParser:
    def parse_two(argument: Json, parse: Parse) -> Expression:
        match argument:
            case [first, second]:
                return make(parse(first), parse(second))
            case _:
                raise TemplateFault(f"Template error: every {name} object requires a list of 2 parameters.")

    return parse_two


_BOOLEAN_FUNCTIONS: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {
        "Fn::Equals": _equals,
        "Fn::Not": _not,
        "Fn::And": _list_parser("Fn::And", And),
        "Fn::Or": _list_parser("Fn::Or", Or),
    }
)
IN_CONDITIONS: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {**IN_ALL_SECTIONS, **_BOOLEAN_FUNCTIONS, "Condition": _condition}
)
"""The functions of the section Conditions."""
IN_RULES: Final[Mapping[str, FunctionParser]] = MappingProxyType(
    {
        "Ref": parse_ref,
        **_BOOLEAN_FUNCTIONS,
        "Fn::Contains": _pair_parser("Fn::Contains", Contains),
        "Fn::EachMemberIn": _pair_parser("Fn::EachMemberIn", EachMemberIn),
        "Fn::EachMemberEquals": _pair_parser("Fn::EachMemberEquals", EachMemberEquals),
    }
)
"""The functions of the section Rules. moyai does not have Fn::RefAll, Fn::ValueOf and Fn::ValueOfAll."""
