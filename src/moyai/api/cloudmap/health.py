"""Health of instances: get, and update from outside.

Promise: a status applies at once and until the next update; AWS waits for half a minute. Instances of a service without
health checks are UNKNOWN.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_UpdateInstanceCustomHealthStatus.html,
API_GetInstancesHealthStatus.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.cloudmap.lookup import instance_of, page_of, service_of
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudmap.errors import CustomHealthNotFound
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put


class GetInstancesHealthStatusRequest(PageRequest, frozen=True):
    """Some instances of a service, or all."""

    service_id: str
    instances: tuple[str, ...] = ()


class UpdateInstanceCustomHealthStatusRequest(msgspec.Struct, frozen=True):
    """The new health status of an instance."""

    service_id: str
    instance_id: str
    status: Health


def get_instances_health_status(ctx: Context, request: GetInstancesHealthStatusRequest) -> dict[str, object]:
    """A page of the health of these instances, by default of all."""
    service = service_of(ctx, request.service_id)
    if request.instances:
        instances = {instance: instance_of(ctx, service, instance) for instance in request.instances}
    else:
        instances = {str(i.id): i for i in ctx.store.world.discovery_instances.each("service", service.arn)}
    page = page_of(instances, ("health", service.arn, request.instances), request.next_token, request.max_results)
    return {"status": {key: instances[key].health for key in page.keys}, "next_token": page.next_token}


def update_instance_custom_health_status(ctx: Context, request: UpdateInstanceCustomHealthStatusRequest) -> None:
    """Set the health status of an instance with a custom health check."""
    service = service_of(ctx, request.service_id)
    instance = instance_of(ctx, service, request.instance_id)
    if not service.custom_health:
        raise CustomHealthNotFound(f"The service {service.id} has no HealthCheckCustomConfig.")
    if instance.health is not request.status:
        ctx.store.apply([Put(replace(instance, health=request.status))])
