"""The values of a template's parameters.

Promise: a parameter has a value that meets every limit of its declaration, or the stack operation is refused with the
parameter's name. A value that is NoEcho is in no message.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
import regex

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.model import ParameterDeclaration, ParsedTemplate
from moyai.stacks.template.text import check_unicode

MAX_VALUE: Final = 4096
"""Bytes of a value."""
_PATTERN_SECONDS: Final = 0.5
"""How long the AllowedPatterns of one template may take together."""
_OF_PARAMETER_STORE: Final = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_LIST: Final = re.compile(r"List<(.+)>")
_ID: Final = re.compile(r"AWS::EC2::[A-Za-z]+::[A-Za-z]+|AWS::Route53::HostedZone::Id|AWS::SSM::Parameter::Name")


class ParameterValue(msgspec.Struct, frozen=True):
    """A parameter's value as it was given, and as expressions see it: a text, or a list of texts."""

    text: str
    value: Expression


def parameter_texts(
    template: ParsedTemplate, given_texts: Mapping[str, str], previous: Mapping[str, str]
) -> dict[str, str]:
    """The text of every parameter: the given one, the stack's previous one, or the default.

    ``previous`` has those parameters only whose previous value is to be used. Raises TemplateFault for parameters that
    the template does not have, and for those without a value.
    """
    foreign = [name for name in (*given_texts, *previous) if name not in template.parameters]
    if foreign:
        raise TemplateFault(f"Parameters: [{', '.join(foreign)}] do not exist in the template")
    defaults = {
        name: text_of(parameter.default)
        for name, parameter in template.parameters.items()
        if parameter.default is not None
    }
    texts = {**defaults, **previous, **given_texts}
    missing = [name for name in template.parameters if name not in texts]
    if missing:
        raise TemplateFault(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: texts[name] for name in template.parameters}


def stored_parameters(template: ParsedTemplate, texts: Mapping[str, str]) -> dict[str, str]:
    """The names in the Parameter Store from which parameters take their values, by the parameter's name."""
    return {
        name: texts[name]
        for name, parameter in template.parameters.items()
        if _OF_PARAMETER_STORE.fullmatch(parameter.type)
    }


def parameter_values(
    template: ParsedTemplate, texts: Mapping[str, str], stored: Mapping[str, str], unknown: Collection[str] = ()
) -> dict[str, ParameterValue]:
    """Every parameter's value. ``stored``: what the Parameter Store holds for ``stored_parameters``. ``unknown``: those
    whose texts are placeholders, which no limit concerns.

    Raises TemplateFault for a value that its declaration does not allow, and for a type that is not known.
    """
    parts = sum(text.count(",") + 1 for name, text in texts.items() if template.parameters[name].allowed_pattern)
    seconds = _PATTERN_SECONDS / max(parts, 1)
    return {
        name: ParameterValue(text, (text,) if "List" in template.parameters[name].type else text)
        if name in unknown
        else _value(name, template.parameters[name], text, stored.get(name, ""), seconds)
        for name, text in texts.items()
    }


def _value(name: str, parameter: ParameterDeclaration, text: str, stored: str, seconds: float) -> ParameterValue:
    check_unicode(text, f"/Parameters/{name}")
    if len(text.encode()) > MAX_VALUE:
        raise TemplateFault(f"Parameter '{name}' is longer than {MAX_VALUE} bytes")
    of_store = _OF_PARAMETER_STORE.fullmatch(parameter.type)
    inner = parameter.type if of_store is None else of_store[1]
    element = _LIST.fullmatch(inner)
    is_valid_type = (element[1] if element else inner) in {"String", "Number", "CommaDelimitedList"} or _ID.fullmatch(
        element[1] if element else inner
    )
    if not is_valid_type:
        raise TemplateFault(f"Template format error: Unrecognized parameter type: {parameter.type}")
    is_list = element is not None or inner == "CommaDelimitedList"
    parts = tuple(part.strip() for part in text.split(",")) if is_list and of_store is None else (text,)
    complaint = next(
        filter(
            None,
            (_complaint(parameter, part, seconds, is_number="Number" in inner and of_store is None) for part in parts),
        ),
        None,
    )
    if complaint is not None:
        hint = parameter.constraint_description
        raise TemplateFault(
            f"Parameter '{name}' {complaint}"
            if hint is None
            else f"Parameter '{name}' failed to satisfy constraint: {hint}"
        )
    source = stored if of_store is not None else text
    return ParameterValue(text, tuple(part.strip() for part in source.split(",")) if is_list else source)


def _complaint(parameter: ParameterDeclaration, text: str, seconds: float, *, is_number: bool) -> str | None:
    """The fault of a value, or of one element of a list."""
    allowed = parameter.allowed_values
    if allowed is not None and text not in map(text_of, allowed):
        return "must be one of AllowedValues"
    if parameter.allowed_pattern is not None and not _matches(parameter.allowed_pattern, text, seconds):
        return f"must match pattern {parameter.allowed_pattern}"
    least, most = _limit(parameter.min_length), _limit(parameter.max_length)
    if least is not None and len(text) < least:
        return f"must contain at least {least:g} characters"
    if most is not None and len(text) > most:
        return f"must contain at most {most:g} characters"
    return _number_complaint(parameter, text) if is_number else None


def _number_complaint(parameter: ParameterDeclaration, text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return "must be a number"
    least, most = _limit(parameter.min_value), _limit(parameter.max_value)
    if least is not None and number < least:
        return f"must be a number not less than {least:g}"
    if most is not None and number > most:
        return f"must be a number not greater than {most:g}"
    return None


def _limit(limit: float | str | None) -> float | None:
    try:
        return None if limit is None else float(limit)
    except ValueError:
        raise TemplateFault(f"Template format error: {limit} is not a number") from None


def _matches(pattern: str, text: str, seconds: float) -> bool:
    try:
        return regex.fullmatch(pattern, text, timeout=seconds) is not None
    except (regex.error, RecursionError, TimeoutError):
        raise TemplateFault(
            f"Template format error: the AllowedPattern {pattern} is not valid, or takes too long"
        ) from None
