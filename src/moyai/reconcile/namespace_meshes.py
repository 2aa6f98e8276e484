"""The shards of Service Connect's namespaces, each joined from its callers and the endpoints of its called services.

Promise: a change recomputes the parts that it concerns only: when an endpoint comes or goes, those are the endpoints of
one service, however many tasks call it. A shard is published with all parts.
"""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import override

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.derived import Derived
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn
from moyai.mesh.ir import MeshIR
from moyai.mesh.service_connect import (
    CallersPart,
    EndpointsPart,
    compile_callers,
    compile_endpoints,
    join_endpoints,
)
from moyai.ports.proxies import ProxyFeed


class NamespaceMeshes(Derived[NamespaceArn, MeshIR]):
    """The shards by namespace, which are published to ``feed``."""

    def __init__(self, world: World, feed: ProxyFeed) -> None:
        super().__init__(world, self._join, MeshIR(), Namespace, publish=self._publish_shard)
        self._callers = Derived(world, compile_callers, CallersPart(), Namespace)
        self._endpoints = Derived(world, compile_endpoints, EndpointsPart())
        self._called: dict[NamespaceArn, frozenset[DiscoveryServiceArn]] = {}
        """The services of each namespace whose endpoints are compiled."""
        self._caller_of: dict[DiscoveryServiceArn, NamespaceArn] = {}
        self._feed = feed

    @override
    def invalidate(self, records: Iterable[tuple[str, str]]) -> tuple[NamespaceArn, ...]:
        changed = tuple(records)
        for namespace in self._callers.invalidate(changed):
            self.add(namespace)
        for service in self._endpoints.invalidate(changed):
            self.add(self._caller_of[service])
        return super().invalidate(changed)

    @override
    def update(self, key: NamespaceArn) -> None:
        """Compute a shard. If no change concerns it, this is a resync, which computes all of its parts as well."""
        if not self.is_stale(key):
            self._callers.add(key)
            for service in self._called.get(key, ()):
                self._endpoints.add(service)
        super().update(key)

    def _join(self, world: World, namespace: NamespaceArn) -> MeshIR:
        del world  # the parts read it
        if self._callers.is_stale(namespace) or namespace not in self._callers.values:
            self._callers.update(namespace)
        callers = self._callers.values.get(namespace, CallersPart())
        self._follow_called(namespace, frozenset(callers.called))
        for service in callers.called:
            if self._endpoints.is_stale(service):
                self._endpoints.update(service)
        values = self._endpoints.values
        return join_endpoints(callers, (values[service] for service in callers.called if service in values))

    def _follow_called(self, namespace: NamespaceArn, called: frozenset[DiscoveryServiceArn]) -> None:
        """Compile the endpoints of the services that the namespace's tasks can call, and of no others."""
        before = self._called.pop(namespace, frozenset())
        if called:
            self._called[namespace] = called
        for service in before - called:
            if self._caller_of.get(service) == namespace:
                self._endpoints.remove(service)
                del self._caller_of[service]
        for service in called - before:
            self._endpoints.add(service)
            self._caller_of[service] = namespace  # another one's until now, if the service's record was moved

    def _publish_shard(self, namespace: NamespaceArn, before: MeshIR, mesh: MeshIR) -> None:
        del before
        self._feed.publish(mesh, namespace)
