"""Ids, filters and pages of EC2's Describe operations.

Promise: a filter matches an item when one of its values does, with ``*`` and ``?`` as wildcards; all filters must
match. An unknown id is an error; filters that match nothing give an empty list.
Refuses: an unknown filter, by its name, because a response that ignored it would have too many items.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from moyai.api.operation import PageRequest
from moyai.domain.paging import page
from moyai.domain.vpc.errors import (
    DryRunOperation,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from moyai.domain.vpc.not_found import NotFound

T = TypeVar("T")
MAX_RESULTS = 1000
ALWAYS = ("true",)
"""The values for a filter whose attribute is true for all resources of moyai."""
_MAX_FILTERS = 50
_MAX_VALUES = 200
_MAX_PATTERN = 255
_TAG = "tag:"


def flag(value: bool) -> tuple[str]:  # noqa: FBT001 (a value, as it is compared)
    """The form in which filters compare a boolean: ``true`` or ``false``."""
    return ("true",) if value else ("false",)


class Filter(msgspec.Struct, frozen=True):
    """A filter of a request; any of its values may match."""

    name: str = ""
    values: tuple[str, ...] = ()


Values = Callable[[T], Iterable[str]]
"""The values of an item that a filter compares with."""


class DescribedKind(NamedTuple, Generic[T]):
    """A kind of described items: the id of an item, the filters by name, and the error for an unknown id."""

    name: str
    id_of: Callable[[T], str]
    filters: Mapping[str, Values[T]]
    not_found: type[NotFound]
    tags_of: Callable[[T], Mapping[str, str]] | None = None
    """None when such items have no tags on AWS either; filters by tags are refused then."""


def no_tags(_: object) -> Mapping[str, str]:
    """The tags of items that may have tags on AWS, but not in moyai."""
    return {}


class DescribePageRequest(PageRequest, frozen=True, kw_only=True):
    """The members of every paged Describe request."""

    dry_run: bool = False


class PagedRequest(DescribePageRequest, frozen=True, kw_only=True):
    """The members of a paged Describe request that has ``filters``."""

    filters: tuple[Filter, ...] = ()


class SelectedPage(NamedTuple, Generic[T]):
    """A page of the selected items."""

    items: list[T]
    next_token: str | None


def select(kind: DescribedKind[T], items: Iterable[T], ids: tuple[str, ...], request: PagedRequest) -> SelectedPage[T]:
    """A page of the items with these ids, or without ids of all items, that pass the filters. Raises EC2's errors."""
    return filter_page(kind, items, ids, request, request.filters)


def filter_page(
    kind: DescribedKind[T],
    items: Iterable[T],
    ids: tuple[str, ...],
    request: DescribePageRequest,
    filters: tuple[Filter, ...],
) -> SelectedPage[T]:
    """As ``select``, for a request that has its filters in another member, or none."""
    if ids and request.max_results is not None:
        raise InvalidParameterCombination(f"Ids of {kind.name} can't be used together with MaxResults.")
    if request.max_results is not None and request.max_results < 1:
        raise InvalidParameterValue(f"MaxResults is a number from 1 on, not {request.max_results}.")
    by_id = {kind.id_of(item): item for item in passing(kind, with_ids(kind, items, ids), filters)}
    if request.dry_run:
        raise DryRunOperation
    listing = (kind.name, filters)
    size = request.max_results or MAX_RESULTS
    keys, token = page(by_id, listing, request.next_token, size, fault=_invalid_token)
    return SelectedPage([by_id[key] for key in keys], token)


def _invalid_token(message: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"NextToken: {message}")


def with_ids(kind: DescribedKind[T], items: Iterable[T], ids: tuple[str, ...]) -> list[T]:
    """The items with these ids, by default all. Raises the kind's NotFound."""
    by_id = {kind.id_of(item): item for item in items}
    missing = sorted({identity for identity in ids if identity not in by_id})
    if missing:
        raise kind.not_found(missing)
    return [by_id[identity] for identity in ids] if ids else list(by_id.values())


def passing(kind: DescribedKind[T], items: Iterable[T], filters: tuple[Filter, ...]) -> list[T]:
    """The items that pass all filters. Raises InvalidParameterValue or MissingParameter."""
    if len(filters) > _MAX_FILTERS or any(len(f.values) > _MAX_VALUES for f in filters):
        raise InvalidParameterValue(f"There may be {_MAX_FILTERS} filters with {_MAX_VALUES} values each.")
    tests = [_test(kind, f) for f in filters]
    return [item for item in items if all(test(item) for test in tests)]


def _test(kind: DescribedKind[T], filter_: Filter) -> Callable[[T], bool]:
    if not filter_.name:
        raise MissingParameter("The request must contain the parameter Filter.Name.")
    values = _values_of(kind, filter_.name)
    if any(len(value) > _MAX_PATTERN for value in filter_.values):
        raise InvalidParameterValue(f"A value of the filter '{filter_.name}' is longer than {_MAX_PATTERN} characters.")
    patterns = [_pattern(value) for value in filter_.values]
    return lambda item: any(pattern.fullmatch(value) for value in values(item) for pattern in patterns)


def _values_of(kind: DescribedKind[T], name: str) -> Values[T]:
    tags_of = kind.tags_of
    if tags_of is not None:
        if name.startswith(_TAG):
            key = name.removeprefix(_TAG)
            return lambda item: [value for tag, value in tags_of(item).items() if tag == key]
        if name == "tag-key":
            return tags_of
        if name == "tag-value":
            return lambda item: tags_of(item).values()
    values: Values[Any] | None = kind.filters.get(name)
    if values is None:
        names = [*sorted(kind.filters), *(() if tags_of is None else ("tag-key", "tag-value", "tag:<key>"))]
        raise InvalidParameterValue(
            f"The filter '{name[:_MAX_PATTERN]}' is invalid. For {kind.name} moyai has: {', '.join(names) or 'none'}."
        )
    return values


@lru_cache(maxsize=512)
def _pattern(value: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(char, re.escape(char)) for char in re.sub(r"\*+", "*", value)), re.DOTALL)
