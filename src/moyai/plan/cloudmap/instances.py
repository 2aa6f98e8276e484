"""A service's instances: how one comes and goes, and how many more there may be.

Promise: the service's revision grows by one with everything that registers or deregisters instances, and with
nothing else; a change of health leaves it as it is.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstancesRevision.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.cloudmap.errors import ResourceLimitExceeded
from moyai.domain.cloudmap.quotas import Quotas
from moyai.domain.cloudmap.service import (
    INIT_HEALTH_STATUS,
    DiscoveryInstance,
    DiscoveryService,
    Revision,
)
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import DiscoveryServiceArn


def revision(world: World, service: DiscoveryServiceArn) -> int:
    """How often the service's instances have changed."""
    known = world.discovery_revisions.get(service)
    return 0 if known is None else known.number


def counted(world: World, changes: Iterable[Change]) -> tuple[Change, ...]:
    """These registrations and deregistrations, with the revisions that they make."""
    made = tuple(changes)
    services = sorted({DiscoveryServiceArn(_key(change).rpartition("/")[0]) for change in made if _is_instance(change)})
    return (*made, *(Put(Revision(service, revision(world, service) + 1)) for service in services))


def service_removed(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """Changes that remove a service without instances."""
    known = world.discovery_revisions.get(service.arn)
    return (Delete(DiscoveryService, service.arn), *(() if known is None else (Delete(Revision, known.key),)))


def first_health(service: DiscoveryService, instance: DiscoveryInstance) -> Health:
    """How an instance is taken to be when it registers; UNKNOWN until a check has told."""
    if not service.custom_health:
        return Health.UNKNOWN
    return Health(instance.attributes.get(INIT_HEALTH_STATUS, Health.HEALTHY))


def require_room(world: World, quotas: Quotas, instance: DiscoveryInstance, service: DiscoveryService) -> None:
    """Raises ResourceLimitExceeded when the instance is new and one too many, those that are coming counted in."""
    if instance.key in world.discovery_instances:
        return
    if _expected(world, service) >= quotas.instances_per_service:
        raise ResourceLimitExceeded(
            f"The service {service.id} has the {quotas.instances_per_service} instances that it may have."
        )
    beside = world.discovery_services.each("namespace", service.namespace)
    if sum(_expected(world, one) for one in beside) >= quotas.instances_per_namespace:
        raise ResourceLimitExceeded(
            f"The namespace of the service {service.id} has the {quotas.instances_per_namespace} instances that it may"
            " have."
        )


def _expected(world: World, service: DiscoveryService) -> int:
    return world.discovery_instances.count("service", service.arn) + world.operations.count("coming", service.arn)


def _is_instance(change: Change) -> bool:
    return change.record_type is DiscoveryInstance


def _key(change: Change) -> str:
    return change.record.key if isinstance(change, Put) else change.key
