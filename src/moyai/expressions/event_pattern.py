"""Event patterns of EventBridge, parsed to predicates: ``{"source": ["aws.ecs"], "detail": {"lastStatus": [...]}}``.

Promise: a field with an array matches when one of its elements does; the fields of a pattern are compared with the same
object of an array. A field that the event lacks matches ``{"exists": false}`` alone.
Refuses: patterns that are nested deeper than 50 levels, and alternatives of ``$or`` that would be more than a thousand
combinations, as AWS does.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, Final

import msgspec

from moyai.domain.eventbridge.errors import InvalidEventPattern
from moyai.kernel.json_values import is_number
from moyai.kernel.wildcards import has_parts

EventPredicate = Callable[[Mapping[str, Any]], bool]
"""Whether an event matches."""
_Test = Callable[[Any], bool]
"""Whether a scalar value of an event matches."""
_Match = Callable[[Any], bool]
"""Whether a value of an event matches, or ``_ABSENT``."""

MOST_LEVELS: Final = 100
"""The deepest nesting of objects and arrays in an event."""
_MAX_DEPTH: Final = 50
_MAX_COMBINATIONS: Final = 1000
_MAX_WILDCARDS: Final = 16
_MAX_NUMBER: Final = 5.0e9
_OR: Final = "$or"
_ABSENT: Final = object()
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {
        "<": lambda value, bound: value < bound,
        "<=": lambda value, bound: value <= bound,
        "=": lambda value, bound: value == bound,
        ">": lambda value, bound: value > bound,
        ">=": lambda value, bound: value >= bound,
    }
)


def parse_event_pattern(text: str) -> EventPredicate:
    """Parse a pattern. Raises InvalidEventPattern."""
    try:
        pattern = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidEventPattern(f"{error}") from error
    if not isinstance(pattern, dict):
        raise InvalidEventPattern("Filter is not an object")
    if _combinations(pattern) > _MAX_COMBINATIONS:
        raise InvalidEventPattern(f"$or has more than {_MAX_COMBINATIONS} combinations")
    return _object(pattern, 1)


def is_nested_too_deeply(event: Mapping[str, Any]) -> bool:
    """Whether an event has more levels than predicates are tried on."""
    level: list[Any] = [event]
    for _ in range(MOST_LEVELS):
        level = [
            element
            for value in level
            if isinstance(value, dict | list)
            for element in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)


def _combinations(pattern: Any, depth: int = 0) -> int:  # noqa: ANN401  (JSON)
    if not isinstance(pattern, dict) or depth > _MAX_DEPTH:
        return 1
    product = 1
    for name, value in pattern.items():
        if name == _OR and isinstance(value, list):
            product *= max(sum(_combinations(alternative, depth + 1) for alternative in value), 1)
        else:
            product *= _combinations(value, depth + 1)
        if product > _MAX_COMBINATIONS:
            break
    return product


def _object(pattern: Mapping[str, Any], depth: int) -> _Match:
    if depth > _MAX_DEPTH:
        raise InvalidEventPattern(f"nested deeper than {_MAX_DEPTH} levels")
    if not pattern:
        raise InvalidEventPattern("Empty objects are not allowed")
    fields = [(name, _field(name, value, depth)) for name, value in pattern.items()]

    def matches(value: Any) -> bool:  # noqa: ANN401  (JSON)
        if isinstance(value, list):
            return any(matches(element) for element in value)
        members = value if isinstance(value, Mapping) else {}
        return all(match(value) if name == _OR else match(members.get(name, _ABSENT)) for name, match in fields)

    return matches


def _field(name: str, pattern: Any, depth: int) -> _Match:  # noqa: ANN401  (JSON)
    if isinstance(pattern, dict):
        return _object(pattern, depth + 1)
    if not isinstance(pattern, list):
        raise InvalidEventPattern(f'"{name[:100]}" must be an object or an array')
    if not pattern:
        raise InvalidEventPattern("Empty arrays are not allowed")
    if name == _OR and all(isinstance(alternative, dict) for alternative in pattern):
        alternatives = [_object(alternative, depth + 1) for alternative in pattern]
        return lambda value: any(alternative(value) for alternative in alternatives)
    return _any_of(pattern)


def _any_of(pattern: Sequence[Any]) -> _Match:
    """Whether one of the field's values passes one of the tests, or its absence is one of them."""
    tests: list[_Test] = []
    presence: set[bool] = set()
    for element in pattern:
        if isinstance(element, dict) and "exists" in element:
            if len(element) != 1 or not isinstance(element["exists"], bool):
                raise InvalidEventPattern("exists match pattern must be either true or false.")
            presence.add(element["exists"])
        else:
            tests.append(_test(element))

    def matches(value: Any) -> bool:  # noqa: ANN401  (JSON)
        if value is _ABSENT:
            return False in presence
        values = value if isinstance(value, list) else [value]
        leaves = [leaf for leaf in values if not isinstance(leaf, dict | list)]
        return (True in presence and bool(leaves)) or any(test(leaf) for leaf in leaves for test in tests)

    return matches


def _test(element: Any) -> _Test:  # noqa: ANN401  (JSON)
    if isinstance(element, list):
        raise InvalidEventPattern("Match value must be String, number, true, false, or null")
    if not isinstance(element, dict):
        return _equal(element)
    if len(element) != 1:
        raise InvalidEventPattern("Only one key allowed in match expression")
    [(operator, operand)] = element.items()
    match operator:
        case "anything-but":
            return _anything_but(operand)
        case "numeric":
            return _numeric(operand)
        case "cidr":
            return _cidr(operand)
        case "prefix" | "suffix" | "equals-ignore-case" | "wildcard":
            return _text(operator, operand)
        case _:
            raise InvalidEventPattern(f"Unrecognized match type {operator[:100]}")


def _equal(expected: Any) -> _Test:  # noqa: ANN401  (JSON)
    """Equal values of the same kind: true is not 1."""
    is_boolean = isinstance(expected, bool)
    return lambda value: isinstance(value, bool) == is_boolean and value == expected


def _anything_but(operand: Any) -> _Test:  # noqa: ANN401  (JSON)
    if isinstance(operand, dict):
        if len(operand) != 1:
            raise InvalidEventPattern("Only one key allowed in match expression")
        [(operator, nested)] = operand.items()
        if operator not in {"prefix", "suffix", "equals-ignore-case", "wildcard"}:
            raise InvalidEventPattern(f"Unsupported anything-but pattern: {operator[:100]}")
        tests = [_text(operator, each) for each in (nested if isinstance(nested, list) else [nested])]
    else:
        operands = operand if isinstance(operand, list) else [operand]
        if any(isinstance(each, dict | list) for each in operands):
            raise InvalidEventPattern("Value of anything-but must be an array or single string/number value.")
        tests = [_equal(each) for each in operands]
    if not tests:
        raise InvalidEventPattern("Empty arrays are not allowed")
    return lambda value: not any(test(value) for test in tests)


def _numeric(operand: Any) -> _Test:  # noqa: ANN401  (JSON)
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise InvalidEventPattern("Value of numeric must be an array of one or two comparisons.")
    bounds: list[tuple[Callable[[float, float], bool], float]] = []
    for sign, bound in zip(operand[::2], operand[1::2], strict=True):
        if not isinstance(sign, str) or sign not in _COMPARISONS:
            raise InvalidEventPattern(f"Unrecognized numeric range operator: {str(sign)[:20]}")
        if not is_number(bound) or abs(bound) > _MAX_NUMBER:
            raise InvalidEventPattern("Value of numeric range must be a number between -5.0E9 and +5.0E9.")
        bounds.append((_COMPARISONS[sign], bound))
    return lambda value: is_number(value) and all(compare(value, bound) for compare, bound in bounds)


def _cidr(operand: Any) -> _Test:  # noqa: ANN401  (JSON)
    try:
        network = ip_network(operand if isinstance(operand, str) else "", strict=False)
    except ValueError as error:
        raise InvalidEventPattern(f"Malformed CIDR, one '/' required: {str(operand)[:50]}") from error

    def contains(value: Any) -> bool:  # noqa: ANN401  (JSON)
        try:
            return isinstance(value, str) and ip_address(value) in network
        except ValueError:
            return False

    return contains


def _text(operator: str, operand: Any) -> _Test:  # noqa: ANN401  (JSON)
    folded = False
    if operator in {"prefix", "suffix"} and isinstance(operand, dict):
        folded, operand = True, operand.get("equals-ignore-case") if len(operand) == 1 else None
    if not isinstance(operand, str):
        raise InvalidEventPattern(f"{operator} match pattern must be a string")
    match operator:
        case "prefix" if folded:
            return lambda value: isinstance(value, str) and value.lower().startswith(operand.lower())
        case "suffix" if folded:
            return lambda value: isinstance(value, str) and value.lower().endswith(operand.lower())
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(operand)
        case "suffix":
            return lambda value: isinstance(value, str) and value.endswith(operand)
        case "equals-ignore-case":
            return lambda value: isinstance(value, str) and value.lower() == operand.lower()
        case _:
            return _wildcard(operand)


def _wildcard(operand: str) -> _Test:
    """``*`` stands for any characters, and a backslash takes the meaning from the character behind it."""
    parts = [""]
    for character in re.findall(r"\\[*\\]|.", operand, re.DOTALL):
        if character == "*":
            parts.append("")
        elif character == "\\":
            raise InvalidEventPattern("Invalid escape character")
        else:
            parts[-1] += character[-1]
    if "**" in operand.replace(r"\*", ""):
        raise InvalidEventPattern("Consecutive wildcard characters")
    if len(parts) > _MAX_WILDCARDS:
        raise InvalidEventPattern("Rule is too complex - try using fewer wildcard characters")
    return lambda value: isinstance(value, str) and has_parts(value, parts)
