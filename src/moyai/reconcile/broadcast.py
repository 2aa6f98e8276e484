"""What follows from the world as a whole: the mesh for the proxies, the networks that tasks stand in, the ports on the
host's loopback.

Promise: all are projections of the world, made anew from what changed. Only namespaces that a change
touches are compiled again, and at once, because an endpoint that leaves is waited for. A namespace
that can't be compiled keeps its last good form and is tried again with the next change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from moyai.domain.connect import tuning
from moyai.domain.connect.outside import outside_of
from moyai.domain.sandbox.fabric import Fabric
from moyai.domain.sandbox.spec import PublishedPort
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, TaskId
from moyai.mesh.service_connect import compile_namespace
from moyai.mesh.service_connect.zones import is_peer
from moyai.plan.fabric import Fabrics
from moyai.plan.publish import published_ports
from moyai.ports.store import Key
from moyai.reconcile.surroundings import Surroundings


class _Trace(NamedTuple):
    """What the mesh takes from one record, and in which namespace."""

    namespace: NamespaceArn
    content: object


class MeshBroadcast:
    """Keeps the proxy feed's mesh that of the world."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._traces: dict[Key, _Trace] = {}
        self._stale: set[NamespaceArn] = set()

    def follow(self, keys: Iterable[Key]) -> None:
        """Compile and publish what these changes touch."""
        world = self._around.store.world
        for key in keys:
            self._stale |= self._touched(world, key)
        for namespace in sorted(self._stale):
            self._around.feed.publish(compile_namespace(world, namespace), namespace)
            self._stale.discard(namespace)

    def _touched(self, world: World, key: Key) -> set[NamespaceArn]:
        """The namespaces whose mesh this record changes by being as it is now."""
        before = self._traces.pop(key, None)
        trace = _trace(world, key)
        if trace is not None:
            self._traces[key] = trace
        return set() if trace == before else {t.namespace for t in (before, trace) if t is not None}


class FabricBroadcast:
    """Keeps the runtime's networks those of the world."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._fabrics = Fabrics()
        self._wanted = Fabric()
        self._shaped: Fabric | None = None
        self._told = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def note(self, keys: Iterable[Key]) -> None:
        """See what these changes come to. The first time it must be told of everything there is."""
        self._wanted = self._fabrics.follow(self._around.store.world, keys)
        self._told.set()

    def doubt(self) -> None:
        """Shape again next time: something may have died since."""
        self._shaped = None

    async def follow(self) -> None:
        """Shape when anything differs from last time. Raises RuntimeFault; then it is tried again."""
        await self._told.wait()
        async with self._one_at_a_time:
            wanted = self._wanted
            if wanted != self._shaped:
                await self._around.store.durable()
                await self._around.runtime.shape(wanted)
                self._shaped = wanted

    async def cover(self, sandbox: TaskId) -> None:
        """Return when the networks know whose sandbox it is: its rules are there before it. Raises RuntimeFault."""
        await self._told.wait()
        world = self._around.store.world
        tasks = (Key("task", task.arn) for task in world.tasks.by("id", sandbox))
        instances = (Key("container_instance", one.arn) for one in world.container_instances.by("id", sandbox))
        self.note([*tasks, *instances])
        await self.follow()


class PortBroadcast:
    """Keeps the runtime's public ports those of the world."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._published: tuple[PublishedPort, ...] | None = None

    def doubt(self) -> None:
        """Publish again next time: what answered may have died since, and a port that was taken may be free."""
        self._published = None

    async def follow(self) -> None:
        """Publish when anything differs from last time. Raises RuntimeFault; then it is tried again."""
        ports = published_ports(self._around.store.world)
        if ports != self._published:
            await self._around.store.durable()
            await self._around.runtime.publish(ports)
            self._published = ports


def _trace(world: World, key: Key) -> _Trace | None:
    found = {
        "task": _task,
        "service": _service,
        "namespace": _namespace,
        "discovery_service": _discovery_service,
        "discovery_instance": _discovery_instance,
        "server_certificate": _server_certificate,
    }.get(key.table)
    return None if found is None else found(world, key.key)


def _task(world: World, key: str) -> _Trace | None:
    task = world.tasks.get(key)
    if task is None or task.stopped or task.view is None:
        return None
    return _Trace(task.view.namespace, (task.view.names, is_peer(task)))


def _service(world: World, key: str) -> _Trace | None:
    service = world.services.get(key)
    view = None if service is None else service.view
    if service is None or view is None:
        return None
    network = service.primary.network_configuration
    offers = tuple((d.pool, d.view.offers) for d in service.deployments if d.view is not None)
    return _Trace(view.namespace, (offers, network, service.traffic, tuning.own(service.tags)))


def _namespace(world: World, key: str) -> _Trace | None:
    namespace = world.namespaces.get(key)
    return None if namespace is None else _Trace(namespace.arn, namespace.name)


def _discovery_service(world: World, key: str) -> _Trace | None:
    service = world.discovery_services.get(key)
    if service is None:
        return None
    outside = outside_of(service.attributes)
    return _Trace(service.namespace, (service.name, service.protocol, service.owner, outside))


def _discovery_instance(world: World, key: str) -> _Trace | None:
    instance = world.discovery_instances.get(key)
    service = None if instance is None else world.discovery_services.get(instance.service)
    if instance is None or service is None:
        return None
    return _Trace(service.namespace, (instance.attributes, instance.health))


def _server_certificate(world: World, key: str) -> _Trace | None:
    certificate = world.server_certificates.get(key)
    service = None if certificate is None else world.discovery_services.get(certificate.discovery_service)
    if certificate is None or service is None:
        return None
    return _Trace(service.namespace, (certificate.serial, certificate.roots))
