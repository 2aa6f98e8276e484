"""A task's instances in Cloud Map: one for each port that it offers and for each of its service registries.

Promise: they exist from the task's readiness (see ``task.readiness``) until its shutdown begins; the endpoints of the
proxies, and the answers of DNS and DiscoverInstances for the task, are exactly these. Service Connect's own services
and a registry with custom health receive the task's health; a Cloud Map service that was deleted is skipped.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.service import (
    INSTANCE_IPV4,
    INSTANCE_IPV6,
    INSTANCE_PORT,
    ZONE,
    DiscoveryInstance,
    DiscoveryService,
    RecordType,
)
from moyai.domain.connect.names import Offer
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DiscoveryServiceArn, InstanceId
from moyai.plan.cloudmap.instances import with_revisions

LONGEST_TTL = 300
"""The most seconds of a record's time to live that a stopping task waits; Cloud Map accepts up to 68 years."""

TTL_MARGIN = 1.0
"""Seconds added to the time to live: an answer takes a moment, and resolvers count in whole seconds."""


_IPV6_RECORD_TYPES = frozenset({RecordType.AAAA, RecordType.SRV})
"""Record types that need an IPv6 address; an SRV record needs it for its target."""


class TaskEndpoint(NamedTuple):
    """A Cloud Map service in which a task is registered, and the port there, if it has one."""

    service: DiscoveryServiceArn
    port: int | None


def offers(task: Task) -> tuple[Offer, ...]:
    """The ports that the task offers to its namespace through its proxy."""
    return () if task.view is None else task.view.offers


def endpoints(task: Task) -> tuple[TaskEndpoint, ...]:
    """All endpoints at which the task is registered while it is RUNNING."""
    connect_endpoints = tuple(TaskEndpoint(o.discovery_service, reachable_port(task, o)) for o in offers(task))
    services = {endpoint.service for endpoint in connect_endpoints}
    registries = (r for r in task.service_registries if r.registry_arn not in services)
    return (*connect_endpoints, *(TaskEndpoint(r.registry_arn, _srv_port(task, r)) for r in registries))


def reachable_port(task: Task, offer: Offer) -> int | None:
    """The port at which others reach what the task offers; behind a container instance, the instance's."""
    if task.network_mode is not NetworkMode.BRIDGE:
        return offer.reachable_port
    return _host_port(task.containers, offer.reachable_port)


def _srv_port(task: Task, registry: ServiceRegistry) -> int | None:
    if task.network_mode is not NetworkMode.BRIDGE or registry.container_port is None:
        return registry.srv_port
    containers = [c for c in task.containers if c.name == registry.container_name]
    return _host_port(containers, registry.container_port)


def _host_port(containers: Iterable[Container], port: int) -> int | None:
    """The host port of a TCP port of these containers, or of one with another protocol where TCP has none."""
    bindings = sorted((b for c in containers for b in c.network_bindings), key=lambda b: b.protocol)
    return next((host_port for b in bindings if (host_port := b.host_port_of(port)) is not None), None)


def register(world: World, task: Task, definition: TaskDefinition, now: Instant) -> tuple[Change, ...]:
    """Changes that make the task reachable by name."""
    attributes = {**_attributes(task, definition), **_external_id(world, task)}
    instances = (
        Put(
            DiscoveryInstance(
                service=service.arn,
                id=InstanceId(task.id),
                attributes={**attributes, **_endpoint_attributes(task, service, endpoint)},
                registered_at=now,
                health=_health(service, task, Health.HEALTHY),
                task=task.arn,
            )
        )
        for endpoint in endpoints(task)
        if (service := world.discovery_services.get(endpoint.service)) is not None
    )
    return with_revisions(world, instances)


def report_task_health(world: World, task: Task) -> tuple[Change, ...]:
    """Changes that pass the task's health on to its instances."""
    healths = ((i, replace(i, health=_health(s, task, i.health))) for s, i in _instances_of(world, task))
    return tuple(Put(after) for before, after in healths if after != before)


def deregister(world: World, task: Task) -> tuple[Change, ...]:
    """Changes that make the task unreachable by name."""
    return with_revisions(
        world, (Delete(DiscoveryInstance, instance.key) for _, instance in _instances_of(world, task))
    )


def records_expire_at(world: World, task: Task, now: Instant) -> Instant | None:
    """Until when resolvers may have a record of the task that is withdrawn now; None without registries."""
    registries = (world.discovery_services.get(r.registry_arn) for r in task.service_registries)
    waits = [max(s.ttl, (s.remembered_until or now) - now) for s in registries if s is not None]
    return later(now, min(max(waits), LONGEST_TTL) + TTL_MARGIN) if waits else None


def _instances_of(world: World, task: Task) -> Iterator[tuple[DiscoveryService | None, DiscoveryInstance]]:
    """The task's instances that exist, each with its Cloud Map service."""
    for endpoint in endpoints(task):
        instance = world.discovery_instances.get(f"{endpoint.service}/{task.id}")
        if instance is not None:
            yield world.discovery_services.get(endpoint.service), instance


def _health(service: DiscoveryService | None, task: Task, otherwise: Health) -> Health:
    """The health of the task's instance: the task's, where ECS decides it and it is known, else ``otherwise``."""
    decides = service is not None and service.takes_health_of_tasks and task.health_status is not Health.UNKNOWN
    return task.health_status if decides else otherwise


def _endpoint_attributes(task: Task, service: DiscoveryService, endpoint: TaskEndpoint) -> dict[str, str]:
    """The attributes that the service's records need beside the IPv4 address."""
    attributes = {} if endpoint.port is None else {INSTANCE_PORT: str(endpoint.port)}
    if task.interface.ipv6_address is not None and service.record_types & _IPV6_RECORD_TYPES:
        attributes[INSTANCE_IPV6] = task.interface.ipv6_address
    return attributes


def _external_id(world: World, task: Task) -> dict[str, str]:
    """The external id of the task's task set, if its owner gave one."""
    owner = world.services.get(task.service)
    deployments = () if owner is None else owner.deployments
    task_set = next((d.task_set for d in deployments if d.id == task.deployment), None)
    external_id = None if task_set is None else task_set.external_id
    return {"ECS_TASK_SET_EXTERNAL_ID": external_id} if external_id else {}


def _attributes(task: Task, definition: TaskDefinition) -> dict[str, str]:
    attributes = {
        ZONE: task.availability_zone,
        INSTANCE_IPV4: task.interface.address,
        "ECS_CLUSTER_NAME": task.cluster.rpartition("/")[2],
        "ECS_TASK_DEFINITION_FAMILY": definition.family,
        "REGION": scope_of(task.arn).region,
    }
    if task.service is not None:
        attributes["ECS_SERVICE_NAME"] = task.service.rpartition("/")[2]
    return attributes
