"""A task's places in Cloud Map: one instance for each port it offers and for each of its registries.

Promise: they exist from when the task is ready (see ``readiness``) until it begins to leave; the
proxies' endpoints, and what DNS and DiscoverInstances answer for the task, are exactly these. Service Connect's
own services and a registry with custom health hear of the task's health; one that somebody deleted is passed over.
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
from moyai.plan.cloudmap.instances import counted

LONGEST_TTL = 300
"""Seconds of a record's time to live that a task waits for at most; Cloud Map takes up to 68 years."""

TTL_MARGIN = 1.0
"""Seconds on top: an answer is on its way for a moment, and resolvers count in whole seconds."""


_OF_IPV6 = frozenset({RecordType.AAAA, RecordType.SRV})
"""Records that tell an IPv6 address; SRV does by its target's."""


class Endpoint(NamedTuple):
    """Where a task is to be found: a Cloud Map service, and the port, where it has one."""

    service: DiscoveryServiceArn
    port: int | None


def offers(task: Task) -> tuple[Offer, ...]:
    """What the task offers to its namespace through its proxy."""
    return () if task.view is None else task.view.offers


def endpoints(task: Task) -> tuple[Endpoint, ...]:
    """Everywhere that the task is to be found while it is RUNNING."""
    offered = tuple(Endpoint(o.discovery_service, reached_at(task, o)) for o in offers(task))
    taken = {endpoint.service for endpoint in offered}
    registries = (r for r in task.service_registries if r.registry_arn not in taken)
    return (*offered, *(Endpoint(r.registry_arn, _srv_port(task, r)) for r in registries))


def reached_at(task: Task, offer: Offer) -> int | None:
    """The port under which others reach what the task offers; behind a container instance, the instance's."""
    if task.network_mode is not NetworkMode.BRIDGE:
        return offer.reachable_port
    return _host_port(task.containers, offer.reachable_port)


def _srv_port(task: Task, registry: ServiceRegistry) -> int | None:
    if task.network_mode is not NetworkMode.BRIDGE or registry.container_port is None:
        return registry.srv_port
    named = [c for c in task.containers if c.name == registry.container_name]
    return _host_port(named, registry.container_port)


def _host_port(containers: Iterable[Container], port: int) -> int | None:
    """Where a TCP port of these containers answers, or one of theirs that has no other protocol."""
    bound = sorted((b for c in containers for b in c.network_bindings), key=lambda b: b.protocol)
    return next((at for b in bound if (at := b.host_port_of(port)) is not None), None)


def register(world: World, task: Task, definition: TaskDefinition, now: Instant) -> tuple[Change, ...]:
    """Changes that make the task reachable by name."""
    attributes = {**_attributes(task, definition), **_external_id(world, task)}
    instances = (
        Put(
            DiscoveryInstance(
                service=service.arn,
                id=InstanceId(task.id),
                attributes={**attributes, **_where(task, service, endpoint)},
                registered_at=now,
                health=_health(service, task, Health.HEALTHY),
                task=task.arn,
            )
        )
        for endpoint in endpoints(task)
        if (service := world.discovery_services.get(endpoint.service)) is not None
    )
    return counted(world, instances)


def report(world: World, task: Task) -> tuple[Change, ...]:
    """Changes that pass the task's health on to where it is registered."""
    told = ((i, replace(i, health=_health(s, task, i.health))) for s, i in _registered(world, task))
    return tuple(Put(now) for before, now in told if now != before)


def withdraw(world: World, task: Task) -> tuple[Change, ...]:
    """Changes that make the task unreachable by name."""
    return counted(world, (Delete(DiscoveryInstance, instance.key) for _, instance in _registered(world, task)))


def records_expire_at(world: World, task: Task, now: Instant) -> Instant | None:
    """Until when somebody may go by a record of the task that is withdrawn now; None without registries."""
    registries = (world.discovery_services.get(r.registry_arn) for r in task.service_registries)
    waits = [max(s.ttl, (s.remembered_until or now) - now) for s in registries if s is not None]
    return later(now, min(max(waits), LONGEST_TTL) + TTL_MARGIN) if waits else None


def _registered(world: World, task: Task) -> Iterator[tuple[DiscoveryService | None, DiscoveryInstance]]:
    """The task's instances that are there, each with its Cloud Map service."""
    for endpoint in endpoints(task):
        instance = world.discovery_instances.get(f"{endpoint.service}/{task.id}")
        if instance is not None:
            yield world.discovery_services.get(endpoint.service), instance


def _health(service: DiscoveryService | None, task: Task, otherwise: Health) -> Health:
    """What the service is told of the task's health; nothing while that is UNKNOWN."""
    told = service is not None and service.told_by_ecs and task.health_status is not Health.UNKNOWN
    return task.health_status if told else otherwise


def _where(task: Task, service: DiscoveryService, endpoint: Endpoint) -> dict[str, str]:
    """What the service's records need to know of the task, besides its IPv4 address."""
    said = {} if endpoint.port is None else {INSTANCE_PORT: str(endpoint.port)}
    if task.interface.ipv6_address is not None and service.record_types & _OF_IPV6:
        said[INSTANCE_IPV6] = task.interface.ipv6_address
    return said


def _external_id(world: World, task: Task) -> dict[str, str]:
    """What its owner calls the task's task set."""
    owner = world.services.get(task.service)
    deployments = () if owner is None else owner.deployments
    known = next((d.task_set for d in deployments if d.id == task.deployment), None)
    return {"ECS_TASK_SET_EXTERNAL_ID": known.external_id} if known is not None and known.external_id else {}


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
