"""Whose a discovery name may become.

Promise: a Cloud Map service that tasks of an ECS service are registered in by its serviceRegistries may become its
Service Connect's. So a service moves in place: callers that find it in Cloud Map, or through App Mesh, go on finding
its old tasks and its new ones side by side. On AWS Service Connect has to make its own.
"""

from __future__ import annotations

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task_definition import PortMapping
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, ServiceArn


def check_free(world: World, service: ServiceArn, known: DiscoveryService | None, port: PortMapping) -> None:
    """The discovery name is new, or this service's with the same protocol, or left by a deleted service, or one that
    this service's tasks are registered under anyway. Raises InvalidParameter.
    """
    if known is None:
        return
    if known.owner is None:
        if _is_registered_in(world, service, known.arn):
            return
        raise InvalidParameter(f"The Cloud Map service {known.arn} exists and was not made by Service Connect.")
    owner = world.services.get(known.owner)
    if owner is None or owner.status is ServiceStatus.INACTIVE:
        return
    if owner.arn != service:
        raise InvalidParameter(
            f"SC service is already used by {owner.arn}. Choose another discoveryName than {known.name}."
        )
    if known.protocol != port.app_protocol:
        raise InvalidParameter(
            f"appProtocol of {known.name} can't be changed from {known.protocol or 'tcp'} to"
            f" {port.app_protocol or 'tcp'} while the service exists. Delete the service and create it again, or"
            " use another discoveryName."
        )


def _is_registered_in(world: World, service: ServiceArn, discovery_service: DiscoveryServiceArn) -> bool:
    """Whether a deployment of the ECS service that is still there registers its tasks so."""
    known = world.services.get(service)
    deployments = () if known is None else known.deployments
    return any(r.registry_arn == discovery_service for d in deployments for r in d.service_registries)
