"""Attributes of services, as opposed to those of their instances.

Promise: an update adds attributes and replaces those of the same name; deleting an unknown attribute is ignored.
``moyai:client-port`` makes the service an endpoint of Service Connect, which AWS does not have.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_UpdateServiceAttributes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudmap.lookup import service_of
from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import ServiceAttributesLimitExceeded
from moyai.domain.keys import scope_of
from moyai.domain.world import Put
from moyai.plan.cloudmap.services import check_service_attributes

MOST: Final = 30


class ServiceAttributesRequest(msgspec.Struct, frozen=True):
    """The service whose attributes to get."""

    service_id: str


class UpdateServiceAttributesRequest(msgspec.Struct, frozen=True):
    """Attributes to add or to replace."""

    service_id: str
    attributes: Mapping[str, str]


class DeleteServiceAttributesRequest(msgspec.Struct, frozen=True):
    """The names of attributes to delete."""

    service_id: str
    attributes: tuple[str, ...]


def get_service_attributes(ctx: Context, request: ServiceAttributesRequest) -> dict[str, object]:
    """The attributes of a service."""
    service = service_of(ctx, request.service_id)
    return {
        "service_attributes": {
            "service_arn": service.arn,
            "resource_owner": scope_of(service.arn).account,
            "attributes": dict(service.attributes),
        }
    }


def update_service_attributes(ctx: Context, request: UpdateServiceAttributesRequest) -> None:
    """Add attributes to a service."""
    service = service_of(ctx, request.service_id)
    check_service_attributes(request.attributes)
    attributes = {**service.attributes, **request.attributes}
    if len(attributes) > MOST:
        raise ServiceAttributesLimitExceeded(f"A service can have {MOST} attributes.")
    ctx.store.apply([Put(replace(service, attributes=attributes))])


def delete_service_attributes(ctx: Context, request: DeleteServiceAttributesRequest) -> None:
    """Delete attributes of a service."""
    service = service_of(ctx, request.service_id)
    attributes = {key: value for key, value in service.attributes.items() if key not in request.attributes}
    ctx.store.apply([Put(replace(service, attributes=attributes))])
