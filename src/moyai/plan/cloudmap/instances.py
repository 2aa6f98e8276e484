"""A discovery service's instances: its revision as they come and go, and their quotas.

Promise: the service's revision increases by one with each change that registers or deregisters instances, and with no
other change, such as one of health.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstancesRevision.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.cloudmap.errors import ResourceLimitExceeded
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.cloudmap.service import INIT_HEALTH_STATUS, DiscoveryInstance, DiscoveryService, InstancesRevision
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import DiscoveryServiceArn


def revision(world: World, service: DiscoveryServiceArn) -> int:
    """The number of changes of the service's instances."""
    stored = world.discovery_revisions.get(service)
    return 0 if stored is None else stored.number


def with_revisions(world: World, changes: Iterable[Change]) -> tuple[Change, ...]:
    """These registrations and deregistrations, and the increased revisions of their services."""
    changes = tuple(changes)
    keys = (_key(change) for change in changes if change.record_type is DiscoveryInstance)
    services = sorted({DiscoveryServiceArn(key.rpartition("/")[0]) for key in keys})
    return (*changes, *(Put(InstancesRevision(service, revision(world, service) + 1)) for service in services))


def delete_discovery_service(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """Changes that delete a service without instances."""
    revision = world.discovery_revisions.get(service.arn)
    return (
        Delete(DiscoveryService, service.arn),
        *(() if revision is None else (Delete(InstancesRevision, revision.key),)),
    )


def first_health(service: DiscoveryService, instance: DiscoveryInstance) -> Health:
    """The health of an instance that registers: UNKNOWN where a health check decides."""
    if not service.custom_health:
        return Health.UNKNOWN
    return Health(instance.attributes.get(INIT_HEALTH_STATUS, Health.HEALTHY))


def check_quotas(world: World, quotas: CloudMapQuotas, instance: DiscoveryInstance, service: DiscoveryService) -> None:
    """Raise ResourceLimitExceeded when a new instance would exceed a quota, in which pending registrations count."""
    if instance.key in world.discovery_instances:
        return
    if _expected_count(world, service) >= quotas.instances_per_service:
        raise ResourceLimitExceeded(
            f"The service {service.id} has the {quotas.instances_per_service} instances that it may have."
        )
    services = world.discovery_services.each("namespace", service.namespace)
    if sum(_expected_count(world, other) for other in services) >= quotas.instances_per_namespace:
        raise ResourceLimitExceeded(
            f"The namespace of the service {service.id} has the {quotas.instances_per_namespace} instances that it may"
            " have."
        )


def _expected_count(world: World, service: DiscoveryService) -> int:
    return world.discovery_instances.count("service", service.arn) + world.operations.count("coming", service.arn)


def _key(change: Change) -> str:
    return change.record.key if isinstance(change, Put) else change.key
