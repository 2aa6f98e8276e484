"""The values of a template's parameters.

Promise: a parameter has a value that meets every limit of its declaration, or the stack operation is refused with the
parameter's name. No message has the value of a NoEcho parameter.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
import regex

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.kernel.patterns import matches_whole
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.model import ParameterDeclaration, ParsedTemplate
from moyai.stacks.template.text import check_unicode

MAX_VALUE: Final = 4096
"""Bytes of a parameter's text."""
_PATTERN_SECONDS: Final = 0.5
"""Seconds that the AllowedPatterns of one template may take together."""
_OF_PARAMETER_STORE: Final = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_LIST: Final = re.compile(r"List<(.+)>")
_ID: Final = re.compile(r"AWS::EC2::[A-Za-z]+::[A-Za-z]+|AWS::Route53::HostedZone::Id|AWS::SSM::Parameter::Name")


class ParameterValue(msgspec.Struct, frozen=True):
    """A parameter's ``text``, as the request or the declaration has it, and its ``value`` in expressions: a text, or a
    tuple of texts.
    """

    text: str
    value: Expression


def parameter_texts(
    template: ParsedTemplate, given_texts: Mapping[str, str], previous: Mapping[str, str]
) -> dict[str, str]:
    """The text of every parameter: that of the request, the stack's previous one, or the default.

    ``previous`` has only the parameters whose previous value is to be used. Raises TemplateFault for parameters that
    the template does not have, and for those without a value.
    """
    undeclared = [name for name in (*given_texts, *previous) if name not in template.parameters]
    if undeclared:
        raise TemplateFault(f"Parameters: [{', '.join(undeclared)}] do not exist in the template")
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
    """For the template's parameters with a value in the Parameter Store, the name of the value there, by parameter."""
    return {
        name: texts[name]
        for name, parameter in template.parameters.items()
        if _OF_PARAMETER_STORE.fullmatch(parameter.type)
    }


def parameter_values(
    template: ParsedTemplate, texts: Mapping[str, str], stored: Mapping[str, str], unknown: Collection[str] = ()
) -> dict[str, ParameterValue]:
    """Every parameter's value. ``stored``: what the Parameter Store holds for ``stored_parameters``. ``unknown``: the
    parameters whose texts are placeholders, which are not checked.

    Raises TemplateFault for a value that its declaration does not allow, and for an unknown type.
    """
    parts = sum(text.count(",") + 1 for name, text in texts.items() if template.parameters[name].allowed_pattern)
    seconds = _PATTERN_SECONDS / max(parts, 1)
    return {
        name: ParameterValue(text, (text,) if "List" in template.parameters[name].type else text)
        if name in unknown
        else _value(name, template.parameters[name], text, stored.get(name, ""), seconds)
        for name, text in texts.items()
    }


def _value(name: str, parameter: ParameterDeclaration, text: str, stored_text: str, seconds: float) -> ParameterValue:
    check_unicode(text, f"/Parameters/{name}")
    if len(text.encode()) > MAX_VALUE:
        raise TemplateFault(f"Parameter '{name}' is longer than {MAX_VALUE} bytes")
    store_type = _OF_PARAMETER_STORE.fullmatch(parameter.type)
    inner = parameter.type if store_type is None else store_type[1]
    element = _LIST.fullmatch(inner)
    is_valid_type = (element[1] if element else inner) in {"String", "Number", "CommaDelimitedList"} or _ID.fullmatch(
        element[1] if element else inner
    )
    if not is_valid_type:
        raise TemplateFault(f"Template format error: Unrecognized parameter type: {parameter.type}")
    is_list = element is not None or inner == "CommaDelimitedList"
    parts = tuple(part.strip() for part in text.split(",")) if is_list and store_type is None else (text,)
    complaint = next(
        filter(
            None,
            (
                _complaint(parameter, part, seconds, is_number="Number" in inner and store_type is None)
                for part in parts
            ),
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
    source = stored_text if store_type is not None else text
    return ParameterValue(text, tuple(part.strip() for part in source.split(",")) if is_list else source)


def _complaint(parameter: ParameterDeclaration, text: str, seconds: float, *, is_number: bool) -> str | None:
    """What is wrong with a value or an element of a list, as the end of a sentence; None where nothing is."""
    allowed = parameter.allowed_values
    if allowed is not None and text not in map(text_of, allowed):
        return "must be one of AllowedValues"
    if parameter.allowed_pattern is not None and not _matches(parameter.allowed_pattern, text, seconds):
        return f"must match pattern {parameter.allowed_pattern}"
    minimum, maximum = _limit(parameter.min_length), _limit(parameter.max_length)
    if minimum is not None and len(text) < minimum:
        return f"must contain at least {minimum:g} characters"
    if maximum is not None and len(text) > maximum:
        return f"must contain at most {maximum:g} characters"
    return _number_complaint(parameter, text) if is_number else None


def _number_complaint(parameter: ParameterDeclaration, text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return "must be a number"
    minimum, maximum = _limit(parameter.min_value), _limit(parameter.max_value)
    if minimum is not None and number < minimum:
        return f"must be a number not less than {minimum:g}"
    if maximum is not None and number > maximum:
        return f"must be a number not greater than {maximum:g}"
    return None


def _limit(limit: float | str | None) -> float | None:
    try:
        return None if limit is None else float(limit)
    except ValueError:
        raise TemplateFault(f"Template format error: {limit} is not a number") from None


def _matches(pattern: str, text: str, seconds: float) -> bool:
    try:
        return matches_whole(pattern, text, seconds)
    except (regex.error, RecursionError, TimeoutError):
        raise TemplateFault(
            f"Template format error: the AllowedPattern {pattern} is not valid, or takes too long"
        ) from None
