"""The limits of an account, and the resource types that its stacks may have.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeAccountLimits.html,
API_DescribeType.html, API_ListTypes.html
"""

from __future__ import annotations

import json
from typing import Final

import msgspec

from moyai.api.cloudformation.beginning import MAX_STACKS
from moyai.api.cloudformation.lookup import page_of
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudformation.errors import ResourceTypeNotFound
from moyai.stacks.template.sections import MAX_MEMBERS
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType

_VERSION: Final = "00000001"
_RESOURCE: Final = "RESOURCE"


class DescribeAccountLimitsRequest(msgspec.Struct, frozen=True):
    """Input of DescribeAccountLimits: no members, because all limits are on one page."""


class DescribeTypeRequest(msgspec.Struct, frozen=True):
    type: str = _RESOURCE
    type_name: str | None = None
    arn: str | None = None


class TypeFilters(msgspec.Struct, frozen=True):
    """The types to list: those of a category, and with a prefix."""

    category: str | None = None
    type_name_prefix: str = ""


class ListTypesRequest(PageRequest, frozen=True):
    visibility: str = "PRIVATE"
    provisioning_type: str | None = None
    deprecated_status: str = "LIVE"
    type: str = _RESOURCE
    filters: TypeFilters = TypeFilters()


def describe_account_limits(ctx: Context, request: DescribeAccountLimitsRequest) -> dict[str, object]:
    """The maximum numbers of stacks, and of outputs of one stack."""
    del ctx, request
    limits = {"StackLimit": MAX_STACKS, "StackOutputsLimit": MAX_MEMBERS}
    return {"account_limits": [{"name": name, "value": value} for name, value in limits.items()]}


def describe_type(ctx: Context, request: DescribeTypeRequest) -> dict[str, object]:
    """A type and its schema: its properties, and which of them can change."""
    by_name = {_arn(ctx, name): kind for name, kind in resource_types().items()} | dict(resource_types())
    kind = by_name.get(request.type_name or request.arn or "")
    if kind is None or request.type != _RESOURCE:
        raise ResourceTypeNotFound(f"The type '{request.type_name or request.arn}' cannot be found.")
    return {
        "arn": _arn(ctx, kind.name),
        "type": _RESOURCE,
        "type_name": kind.name,
        "default_version_id": _VERSION,
        "is_default_version": True,
        "schema": _schema(kind),
        "provisioning_type": _provisioning(kind),
        "deprecated_status": "LIVE",
        "visibility": "PUBLIC",
    }


def list_types(ctx: Context, request: ListTypesRequest) -> dict[str, object]:
    """The resource types, in pages. All are AWS's own; none is private, deprecated or from a third party."""
    filters = request.filters
    is_public = request.visibility == "PUBLIC" and request.type == _RESOURCE and request.deprecated_status == "LIVE"
    names = [
        name
        for name, kind in sorted(resource_types().items())
        if is_public
        and filters.category in {None, "AWS_TYPES"}
        and name.startswith(filters.type_name_prefix)
        and request.provisioning_type in {None, _provisioning(kind)}
    ]
    listing = ("ListTypes", is_public, filters.category, filters.type_name_prefix, request.provisioning_type)
    on_page = page_of(names, listing, request.next_token, size=request.max_results or 100)
    return {
        "type_summaries": [
            {"type": _RESOURCE, "type_name": name, "default_version_id": _VERSION, "type_arn": _arn(ctx, name)}
            for name in on_page.keys
        ],
        "next_token": on_page.next_token,
    }


def _arn(ctx: Context, name: str) -> str:
    return f"arn:aws:cloudformation:{ctx.scope.region}::type/resource/{name.replace('::', '-')}"


def _provisioning(kind: StackResourceType) -> str:
    return "IMMUTABLE" if kind.update is None and not kind.own_calls else "FULLY_MUTABLE"


def _schema(kind: StackResourceType) -> str:
    def pointers(names: frozenset[str]) -> list[str]:
        return [f"/properties/{name}" for name in sorted(names)]

    schema = kind.schema
    return json.dumps(
        {
            "typeName": kind.name,
            "properties": {name: {} for name in sorted((schema.properties - schema.unsupported) | schema.read_only)},
            "additionalProperties": False,
            "required": sorted(schema.required),
            "readOnlyProperties": pointers(schema.read_only),
            "createOnlyProperties": pointers(schema.create_only),
        }
    )
