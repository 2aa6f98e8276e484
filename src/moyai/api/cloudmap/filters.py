"""The filters of Cloud Map's lists.

Promise: a condition that AWS does not have for a filter is refused, and the error lists those that it has. An item must
pass all filters.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_NamespaceFilter.html and its siblings
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar

import msgspec

from moyai.domain.cloudmap.errors import InvalidInput

T = TypeVar("T")
_RANGE = 2


class Filter(msgspec.Struct, frozen=True):
    """A filter of a request. ``condition`` defaults to EQ."""

    name: str
    values: tuple[str, ...]
    condition: str = "EQ"


class FilterRule(NamedTuple, Generic[T]):
    """The value that a filter compares with, and the conditions that it may have."""

    value: Callable[[T], str]
    conditions: tuple[str, ...] = ("EQ",)


def matcher(filters: tuple[Filter, ...], rules: Mapping[str, FilterRule[T]]) -> Callable[[T], bool]:
    """A predicate of the items that pass all filters. Raises InvalidInput."""
    tests = [_test(filter_, rules[filter_.name]) for filter_ in filters]
    return lambda item: all(test(item) for test in tests)


def _test(condition: Filter, rule: FilterRule[T]) -> Callable[[T], bool]:
    values = condition.values
    if condition.condition not in rule.conditions:
        raise InvalidInput(f"The filter {condition.name} takes the conditions {', '.join(rule.conditions)}.")
    match condition.condition:
        case "EQ" if len(values) == 1:
            return lambda item: rule.value(item) == values[0]
        case "IN" if values:
            return lambda item: rule.value(item) in values
        case "BEGINS_WITH" if len(values) == 1:
            return lambda item: rule.value(item).startswith(values[0])
        case "BETWEEN" if len(values) == _RANGE:
            low, high = _number(values[0]), _number(values[1])
            return lambda item: low <= float(rule.value(item)) <= high
        case _:
            expected = {"IN": "one value or more", "BETWEEN": "two values"}.get(condition.condition, "one value")
            raise InvalidInput(f"The condition {condition.condition} of the filter {condition.name} takes {expected}.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"'{text[:100]}' is not a time in seconds since 1970.") from None
