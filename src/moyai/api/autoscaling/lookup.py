"""Finds scalable targets by their resource ids, and pages lists.

Refuses: namespaces and dimensions other than an ECS service's desired count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from moyai.api.operation import Context, PageRequest
from moyai.domain.autoscaling.errors import InvalidNextToken, ObjectNotFound
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.paging import Page, page
from moyai.kernel.arn import arn
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import ServiceArn

NAMESPACE: Final = "ecs"
DIMENSION: Final = "ecs:service:DesiredCount"
_PARTS: Final = 3


class ScalableTargetRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request about one scalable target."""

    service_namespace: str
    resource_id: str
    scalable_dimension: str


class ScalableTargetListRequest(PageRequest, frozen=True, kw_only=True):
    """A request for a page of the items of one scalable target, or of all."""

    service_namespace: str
    resource_id: str | None = None
    scalable_dimension: str | None = None


def check_kind(namespace: str, dimension: str | None = None) -> None:
    """Raises InvalidInput for another namespace or dimension than an ECS service's desired count."""
    if namespace != NAMESPACE:
        raise InvalidInput(f"ServiceNamespace {namespace} is not supported by moyai: only services of ecs scale here.")
    if dimension not in {None, DIMENSION}:
        raise InvalidInput(f"Unsupported service namespace, resource type or scalable dimension: {dimension}.")


def service_named(ctx: Context, resource_id: str) -> ServiceArn:
    """The ARN of the service that a resource id names. Raises InvalidInput for any other resource."""
    parts = resource_id.split("/")
    if len(parts) != _PARTS or parts[0] != "service" or not all(parts):
        raise InvalidInput(f"Unsupported service namespace, resource type or scalable dimension: {resource_id[:500]}.")
    return ServiceArn(arn("ecs", ctx.scope, resource_id))


def active_service(ctx: Context, service: ServiceArn) -> Service:
    """The ACTIVE service. As on AWS, raises InvalidInput when it does not exist."""
    record = ctx.store.world.services.get(service)
    if record is None or record.status is not ServiceStatus.ACTIVE:
        raise InvalidInput(f"ECS service doesn't exist: {service.partition(':service/')[2] or service}")
    return record


def target_of(ctx: Context, resource_id: str) -> ScalableTarget:
    """The target with this resource id. Raises ObjectNotFound, or InvalidInput for an invalid id."""
    scalable_target = ctx.store.world.scalable_targets.get(service_named(ctx, resource_id))
    if scalable_target is None:
        raise ObjectNotFound(f"No scalable target registered for {target_description(resource_id)}")
    return scalable_target


def target_description(resource_id: str) -> str:
    """A target, as errors name it."""
    return f"service namespace: {NAMESPACE}, resource ID: {resource_id}, scalable dimension: {DIMENSION}"


def page_of(
    keys: Iterable[str],
    listing: object,
    token: str | None,
    max_results: int | None,
    most: int,
    *,
    descending: bool = False,
) -> Page:
    """A page of the keys. Raises InvalidNextToken, or InvalidInput for a page size out of range."""
    size = most if max_results is None else max_results
    if not 1 <= size <= most:
        raise InvalidInput(f"MaxResults must be between 1 and {most}.")
    return page(keys, listing, token, size, fault=InvalidNextToken, descending=descending)
