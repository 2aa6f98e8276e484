"""Lists of parameters: those below a path with their values, and those that pass filters without.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from moyai.api.operation import Context, PageRequest
from moyai.api.ssm import lookup
from moyai.domain.keys import scope_key
from moyai.domain.paging import Page, page
from moyai.domain.ssm.errors import InvalidFilterKey, InvalidFilterOption, InvalidFilterValue, InvalidNextToken
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.ssm.public import PUBLIC, public_parameters
from moyai.kernel.errors import InvalidInput

_BY_PATH, _DESCRIBED = 10, 50
_TAG = "tag:"


class ParameterFilter(msgspec.Struct, frozen=True):
    """A filter; any of its values may match."""

    key: str
    option: str | None = None
    values: tuple[str, ...] = ()


class OldFilter(msgspec.Struct, frozen=True):
    """A condition in the older form."""

    key: str
    values: tuple[str, ...]


class GetParametersByPathRequest(PageRequest, frozen=True):
    path: str
    recursive: bool = False
    parameter_filters: tuple[ParameterFilter, ...] = ()
    with_decryption: bool = False


class DescribeParametersRequest(PageRequest, frozen=True):
    filters: tuple[OldFilter, ...] = ()
    parameter_filters: tuple[ParameterFilter, ...] = ()


def get_parameters_by_path(ctx: Context, request: GetParametersByPathRequest) -> dict[str, object]:
    """The parameters of a hierarchy with their values."""
    if not request.path.startswith("/"):
        raise InvalidInput(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/".'
        )
    for parameter_filter in request.parameter_filters:
        if parameter_filter.key not in {"Type", "KeyId"}:
            raise InvalidFilterKey(f"{parameter_filter.key} is not a filter of GetParametersByPath. Use Type or KeyId.")
    fits = _all_of(request.parameter_filters)
    is_below = _below(request.path, recursive=request.recursive)
    listing = ("GetParametersByPath", request.path, request.recursive, request.parameter_filters)
    if request.path.startswith(PUBLIC):
        candidates = [p for p in public_parameters(ctx.scope.region).values() if is_below(p.name) and fits(p)]
    else:
        own = ctx.store.world.parameters.by("scope", scope_key(ctx.scope))
        candidates = [p for p in own if is_below(p.name) and fits(p)]
    by_key = {parameter.key: parameter for parameter in candidates}
    page = _page(by_key, listing, request, _BY_PATH)
    views = [
        lookup.parameter_view(by_key[key], by_key[key].newest, "", with_decryption=request.with_decryption)
        for key in page.keys
    ]
    return {"parameters": views, "next_token": page.next_token}


def describe_parameters(ctx: Context, request: DescribeParametersRequest) -> dict[str, object]:
    """Everything about parameters but their values."""
    if request.filters and request.parameter_filters:
        raise InvalidInput("You can use either Filters or ParameterFilters in a single request.")
    old = tuple(ParameterFilter(f.key, "BeginsWith" if f.key == "Name" else None, f.values) for f in request.filters)
    filters = old or request.parameter_filters
    listing = ("DescribeParameters", filters)
    fits = _all_of(filters)
    own = (p.key for p in ctx.store.world.parameters.by("scope", scope_key(ctx.scope)) if fits(p))
    page = _page(own, listing, request, _DESCRIBED)
    views = [_metadata(ctx.store.world.parameters[key]) for key in page.keys]
    return {"parameters": views, "next_token": page.next_token}


def _metadata(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "arn": parameter.arn,
        "type": parameter.type,
        "key_id": parameter.key_id,
        "last_modified_date": parameter.newest.modified_at,
        "last_modified_user": parameter.newest.modified_by,
        "description": parameter.description,
        "allowed_pattern": parameter.newest.allowed_pattern,
        "version": parameter.newest.number,
        "tier": parameter.tier,
        "policies": [],
        "data_type": parameter.data_type,
    }


def _page(
    keys: Iterable[str], listing: object, request: GetParametersByPathRequest | DescribeParametersRequest, most: int
) -> Page:
    return page(keys, listing, request.next_token, request.max_results or most, fault=InvalidNextToken)


def _all_of(filters: Iterable[ParameterFilter]) -> Callable[[Parameter], bool]:
    conditions = [_condition(filter_) for filter_ in filters]
    return lambda parameter: all(fits(parameter) for fits in conditions)


def _condition(filter_: ParameterFilter) -> Callable[[Parameter], bool]:
    """The predicate of a filter. Raises InvalidFilterKey, InvalidFilterOption, InvalidFilterValue."""
    if filter_.key.startswith(_TAG):
        tag = filter_.key.removeprefix(_TAG)
        return lambda p: tag in p.tags and (not filter_.values or p.tags[tag] in filter_.values)
    if not filter_.values:
        raise InvalidFilterValue(f"The following filter value is missing for filter key {filter_.key}.")
    if filter_.key == "Path":
        return _path_condition(filter_)
    read = _FILTERED_TEXT.get(filter_.key)
    if read is None:
        raise InvalidFilterKey(f"The following filter key is not valid: {filter_.key}.")
    matches = _MATCHES.get(filter_.option or "Equals")
    if matches is None or (filter_.key != "Name" and filter_.option not in {None, "Equals"}):
        raise InvalidFilterOption(f"The following filter option is not valid: {filter_.option}.")
    return lambda p: any(matches(read(p), value) for value in filter_.values)


def _path_condition(filter_: ParameterFilter) -> Callable[[Parameter], bool]:
    if filter_.option not in {None, "OneLevel", "Recursive"}:
        raise InvalidFilterOption(f"The following filter option is not valid: {filter_.option}.")
    if any(not value.startswith("/") for value in filter_.values):
        raise InvalidFilterValue("A path begins with a slash.")
    places = [_below(value, recursive=filter_.option == "Recursive") for value in filter_.values]
    return lambda p: any(is_below(p.name) for is_below in places)


def _below(path: str, *, recursive: bool) -> Callable[[str], bool]:
    """Whether a name is below a path, at any depth or right below. Names without a slash are below ``/``."""
    start = path.rstrip("/") + "/"

    def is_below(name: str) -> bool:
        whole = name if name.startswith("/") else f"/{name}"
        return whole.startswith(start) and (recursive or "/" not in whole.removeprefix(start))

    return is_below


_FILTERED_TEXT: Mapping[str, Callable[[Parameter], str]] = MappingProxyType(
    {
        "Name": lambda p: p.name,
        "Type": lambda p: p.type,
        "KeyId": lambda p: p.key_id or "",
        "Tier": lambda p: p.tier,
        "DataType": lambda p: p.data_type,
    }
)
_MATCHES: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "Equals": lambda text, value: text == value,
        "BeginsWith": lambda text, value: text.startswith(value),
        "Contains": lambda text, value: value in text,
    }
)
