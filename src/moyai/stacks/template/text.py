"""Parses the text of a template, in JSON or YAML, into plain values.

Promise: the short forms of YAML (``!Ref``) become the long ones (``{"Ref": …}``), so that no later step depends on the
language. Dates and numbers that begin with a zero stay texts, as account numbers and the versions of policies need it.
Of a repeated key the last value counts, as on AWS. A text that is nested too deeply, or has a null or an alias, is
refused.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, TypeAlias

import yaml

from moyai.domain.cloudformation.errors import TemplateFault

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json]"
"""A value of a template. It has no null."""

MAX_DEPTH: Final = 100
"""Levels of nested lists and objects; AWS does not document its limit."""
MAX_NUMBER: Final = 20
"""Characters that a whole number may have."""
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)?\.[0-9]+([eE][-+]?[0-9]+)?|[-+]?(0|[1-9][0-9]*)[eE][-+]?[0-9]+")
_BOOLEANS: Final = MappingProxyType(
    {
        **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
        **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    }
)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


def parse_text(text: str) -> dict[str, Json]:
    """The object in a template's text. Raises TemplateFault with the line and column, or with the path."""
    check_unicode(text, "")
    value = _parse_json(text) if text.lstrip().startswith("{") else _YamlReader(text).document()
    if not isinstance(value, dict):
        raise TemplateFault("Template format error: unsupported structure.")
    _check_values(value, "", 0)
    return value


def check_unicode(text: str, path: str) -> None:
    """Raise TemplateFault for a text with half of a surrogate pair, which no record and no request can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TemplateFault(f"Template format error: [{path}] has a character that is not Unicode.") from None


def _parse_json(text: str) -> Json:
    try:
        value: Json = json.loads(text, parse_int=_whole_number)
    except json.JSONDecodeError as fault:
        place = f"(line {fault.lineno}, column {fault.colno})"
        raise TemplateFault(f"Template format error: JSON not well-formed. {place}") from None
    except RecursionError:
        raise _too_deep() from None
    return value


class _YamlReader:
    """Builds values from the events of libyaml's parser, which does not recurse, however deeply a text is nested."""

    def __init__(self, text: str) -> None:
        parsed: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        frame = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        self._events = (event for event in parsed if not isinstance(event, frame))

    def document(self) -> Json | None:
        """The value of the only document; None where there is none. Raises TemplateFault."""
        try:
            first = next(self._events, None)
            value = None if first is None else self._value(first, 0)
            for event in self._events:
                raise _malformed_fault(event.start_mark)  # a second document
        except yaml.MarkedYAMLError as fault:
            raise _malformed_fault(fault.problem_mark) from None
        except yaml.YAMLError:
            raise _malformed_fault(None) from None
        return value

    def _value(self, event: yaml.Event, depth: int) -> Json:
        if depth > MAX_DEPTH:
            raise _too_deep()
        match event:
            case yaml.ScalarEvent():
                return _with_tag(event, _scalar(event))
            case yaml.SequenceStartEvent():
                return _with_tag(event, self._sequence(depth))
            case yaml.MappingStartEvent():
                return _with_tag(event, self._mapping(depth))
            case _:
                raise TemplateFault("Template error: YAML aliases are not allowed in CloudFormation templates")

    def _sequence(self, depth: int) -> Json:
        elements = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            elements.append(self._value(event, depth + 1))
        return elements

    def _mapping(self, depth: int) -> Json:
        members: dict[str, Json] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _malformed_fault(event.start_mark)
            members[event.value] = self._value(next(self._events), depth + 1)
        return members


def _scalar(event: yaml.ScalarEvent) -> Json:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or with a tag
        return text
    if text in _NULLS:
        return None  # type: ignore[return-value]  # _check_values refuses it with its path
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _whole_number(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _whole_number(text: str) -> int:
    if len(text) > MAX_NUMBER:
        raise TemplateFault(f"Template format error: the number {text[:MAX_NUMBER]}… is too long: make it a text.")
    return int(text)


def _with_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent, value: Json) -> Json:
    """The value of ``!Name value``: ``{"Fn::Name": value}``."""
    tag = event.tag
    if tag is None or not tag.startswith("!") or tag == "!":
        return value
    match tag[1:]:
        case "Ref" | "Condition" as key:
            return {key: value}
        case "GetAtt" if isinstance(value, str):
            return {"Fn::GetAtt": list(value.split(".", 1))}
        case name:
            return {f"Fn::{name}": value}


def _check_values(value: Json | None, path: str, depth: int) -> None:
    if value is None:
        raise TemplateFault(f"[{path}] 'null' values are not allowed in templates")
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        check_unicode(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise TemplateFault(f"Template format error: [{path}] is not a finite number.")
    elif isinstance(value, dict):
        for key, member in value.items():
            check_unicode(key, path)
            _check_values(member, f"{path}/{key}", depth + 1)
    elif isinstance(value, list):
        for number, element in enumerate(value):
            _check_values(element, f"{path}/{number}", depth + 1)


def _malformed_fault(mark: yaml.Mark | yaml._yaml.Mark | None) -> TemplateFault:
    place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return TemplateFault(f"Template format error: YAML not well-formed.{place}")


def _too_deep() -> TemplateFault:
    return TemplateFault(f"Template format error: the template has more than {MAX_DEPTH} levels.")
