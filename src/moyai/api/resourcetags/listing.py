"""Resources by their tags, and the keys and values that are in use.

Promise: only resources of the caller's account and region are listed, and only those with tags, unless the request
names them. All filters must match, and any value of a filter; a filter without values matches its key.
Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

import re

import msgspec

from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.paging import page
from moyai.domain.queries.tagged import TaggedResource, tagged_resources
from moyai.domain.resourcetags.errors import InvalidTagRequest, PaginationTokenExpired
from moyai.kernel.arn import parse_arn

_RESOURCES, _MOST = 50, 100
_NAMES = 1000
_TYPE = re.compile(r"[\w.-]{1,100}(:[\w./-]{1,150})?")


class ResourceTagFilter(msgspec.Struct, frozen=True):
    """A key, and the values that it may have."""

    key: str = ""
    values: tuple[str, ...] = ()


class GetResourcesRequest(msgspec.Struct, frozen=True):
    tag_filters: tuple[ResourceTagFilter, ...] = ()
    resource_type_filters: tuple[str, ...] = ()
    resource_arn_list: tuple[str, ...] = ()
    resources_per_page: int | None = None
    pagination_token: str | None = None


class GetTagKeysRequest(msgspec.Struct, frozen=True):
    pagination_token: str | None = None


class GetTagValuesRequest(msgspec.Struct, frozen=True):
    key: str
    pagination_token: str | None = None


def get_resources(ctx: Context, request: GetResourcesRequest) -> dict[str, object]:
    """A page of the resources that the filters select."""
    if request.resource_arn_list and (request.tag_filters or request.resource_type_filters):
        raise InvalidTagRequest("ResourceARNList can't be used together with filters.")
    size = request.resources_per_page or _RESOURCES
    if not 0 < size <= _MOST:
        raise InvalidTagRequest(f"ResourcesPerPage is from 1 to {_MOST}.")
    for text in request.resource_type_filters:
        if not _TYPE.fullmatch(text):
            raise InvalidTagRequest(f"ResourceTypeFilters: {text[:100]} is neither a service nor service:resourceType.")
    requested_arns = set(request.resource_arn_list)
    selected = {
        resource.arn: resource
        for resource in tagged_resources(ctx.store.world, ctx.scope)
        if (resource.arn in requested_arns if requested_arns else resource.tags) and _passes(resource, request)
    }
    listing = ("GetResources", request.tag_filters, request.resource_type_filters, request.resource_arn_list)
    keys, token = page(selected, listing, request.pagination_token or None, size, fault=PaginationTokenExpired)
    return {
        "resource_tag_mapping_list": [{"resource_arn": key, "tags": tag_list(selected[key].tags)} for key in keys],
        "pagination_token": token or "",
    }


def get_tag_keys(ctx: Context, request: GetTagKeysRequest) -> dict[str, object]:
    """The keys that tags have."""
    keys = {key for resource in tagged_resources(ctx.store.world, ctx.scope) for key in resource.tags}
    names, token = page(keys, "GetTagKeys", request.pagination_token or None, _NAMES, fault=PaginationTokenExpired)
    return {"tag_keys": names, "pagination_token": token or ""}


def get_tag_values(ctx: Context, request: GetTagValuesRequest) -> dict[str, object]:
    """The values that tags with a key have."""
    resources = tagged_resources(ctx.store.world, ctx.scope)
    values = {resource.tags[request.key] for resource in resources if request.key in resource.tags}
    listing = ("GetTagValues", request.key)
    names, token = page(values, listing, request.pagination_token or None, _NAMES, fault=PaginationTokenExpired)
    return {"tag_values": names, "pagination_token": token or ""}


def _passes(resource: TaggedResource, request: GetResourcesRequest) -> bool:
    tags = resource.tags
    has_tags = all(f.key in tags and (not f.values or tags[f.key] in f.values) for f in request.tag_filters)
    types = request.resource_type_filters
    return has_tags and (not types or bool(_types(resource.arn) & set(types)))


def _types(arn: str) -> set[str]:
    """The type filters that select a resource: its service, and the service with the resource's type."""
    parsed = parse_arn(arn)
    if parsed is None:
        return set()
    kind = re.split(r"[/:]", parsed.resource, maxsplit=1)[0]
    return {parsed.service, f"{parsed.service}:{kind}"}
