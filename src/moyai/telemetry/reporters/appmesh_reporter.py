"""The reporter of App Mesh: a proxy reports for the virtual node or the virtual gateway that it represents.

Promise: the statistics of a cluster or a route that the mesh does not have are written to no metric.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudwatch.metric import metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.mesh.ir import Protocol
from moyai.telemetry.reporters import appmesh_metrics, appmesh_stats
from moyai.telemetry.reporters.appmesh_identity import MeshIdentity
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointProtocol, StatEndpoint, StatNaming
from moyai.telemetry.reporters.reporter import ExportNaming, MeshTotalKey, MetricDefinition, MetricTarget, ProxyPart

PROXY_SEPARATOR: Final = "#"
"""The separator in the id of a proxy outside of tasks, between its workload's ARN and a suffix."""
_PREFIX: Final = "moyai.appmesh."
_TARGET_COUNTERS: Final = frozenset(EndpointCounter)
_ROUTE_COUNTERS: Final = frozenset(
    {EndpointCounter.REQUESTS, EndpointCounter.FAILURES, EndpointCounter.RETRIES, EndpointCounter.TIMEOUTS}
)
_LISTENER_COUNTERS: Final = frozenset({EndpointCounter.REQUESTS, EndpointCounter.CONNECTIONS, EndpointCounter.BYTES})
_HANDSHAKE_COUNTERS: Final = frozenset({EndpointCounter.TLS_ERRORS})


class _Subject(NamedTuple):
    """The part of the proxy that an endpoint's statistics are about, with its metrics and counters. ``service``: the
    called virtual service; ``target``: the virtual node or the route.
    """

    part: ProxyPart
    metrics: Sequence[MetricDefinition]
    counters: frozenset[EndpointCounter]
    service: str = ""
    target: str = ""


class MeshReporter(msgspec.Struct, frozen=True):
    """A virtual node or a virtual gateway. ``refresh`` returns the current form of the identity."""

    identity: MeshIdentity
    created_at: Instant
    refresh: Callable[[MeshIdentity], MeshIdentity]

    @property
    def scope(self) -> Scope:
        """The account and region of the mesh's owner."""
        return self.identity.scope

    @property
    def stat_naming(self) -> StatNaming:
        """The names that App Mesh's Envoy gives its statistics."""
        return appmesh_stats.APPMESH_STATS

    @property
    def group_key(self) -> Hashable:
        """The identity's object. It stays the same while nothing changes."""
        return id(self.identity)

    def current(self) -> MeshReporter:
        """The reporter with its current identity; the same object if nothing has changed."""
        identity = self.refresh(self.identity)
        return self if identity is self.identity else replace(self, identity=identity)

    def metrics(self, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """The metrics of an endpoint, each under one name with App Mesh's dimensions."""
        subject = self._subject(endpoint.endpoint)
        if subject is None:
            return
        part_dimensions = appmesh_metrics.dimensions_of(subject.part, subject.service, subject.target)
        dimensions = (*self.identity.dimensions, *part_dimensions)
        for definition in subject.metrics:
            namespace = definition.namespace or self.identity.namespace
            yield definition, (metric_id(namespace, definition.name, dimensions),)

    def task_metrics(self, proxy: ProxyId, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """Nothing, because App Mesh has no metrics of single tasks."""
        del proxy, endpoint
        yield from ()

    def total_key(self, endpoint: EndpointProtocol) -> MeshTotalKey | None:
        """The key of an endpoint's total; None for an endpoint that has no counters, or that the mesh does not have."""
        subject, identity = self._subject(endpoint.endpoint), self.identity
        if subject is None or not subject.counters:
            return None
        workload = (identity.scope, identity.mesh, identity.kind, identity.name)
        return MeshTotalKey(*workload, subject.part, endpoint.protocol, subject.service, subject.target)

    def resource_attributes(self, proxy: ProxyId) -> Iterator[tuple[str, str]]:
        """OpenTelemetry's attributes of the resource that the proxy represents."""
        identity = self.identity
        yield "cloud.provider", "aws"
        yield "cloud.account.id", identity.scope.account
        yield "cloud.region", identity.scope.region
        yield "service.name", identity.name
        yield "service.namespace", identity.mesh
        task, _, suffix = proxy.partition(PROXY_SEPARATOR)
        yield "service.instance.id", suffix or task.rpartition("/")[2]
        yield "appmesh.mesh", identity.mesh
        yield f"appmesh.{identity.kind}", identity.name

    def export_naming(self, endpoint: StatEndpoint) -> ExportNaming | None:
        """The prefix and the labels of an endpoint's exported metrics; None for an unknown endpoint."""
        subject = self._subject(endpoint)
        if subject is None:
            return None
        if subject.part in {ProxyPart.LISTENER, ProxyPart.HANDSHAKES}:
            return ExportNaming(_PREFIX, (("listener", appmesh_stats.prefix_of(endpoint)),), subject.counters)
        if subject.part is ProxyPart.PROXY:
            return ExportNaming(_PREFIX, (), subject.counters)
        part_prefix = "" if subject.part is ProxyPart.TARGET else f"{subject.part}_"
        labels = appmesh_metrics.labels_of(subject.part, subject.service, subject.target)
        return ExportNaming(f"{_PREFIX}{part_prefix}", labels, subject.counters)

    def _subject(self, endpoint: StatEndpoint) -> _Subject | None:
        if endpoint == appmesh_stats.PROXY:
            return _Subject(ProxyPart.PROXY, appmesh_metrics.PROXY_METRICS, frozenset())
        if endpoint.name.startswith(appmesh_stats.CLUSTER):
            return self._target(appmesh_stats.cluster_of(endpoint))
        if endpoint.name.startswith(appmesh_stats.ROUTE):
            return self._route(*appmesh_stats.route_of(endpoint))
        if endpoint.name.startswith(appmesh_stats.LISTENER):
            return _Subject(ProxyPart.HANDSHAKES, appmesh_metrics.HANDSHAKE_METRICS, _HANDSHAKE_COUNTERS)
        protocol = self.identity.subjects.listeners.get(appmesh_stats.prefix_of(endpoint))
        grpc_metrics = appmesh_metrics.GRPC_LISTENER_METRICS if protocol is Protocol.GRPC else ()
        return _Subject(ProxyPart.LISTENER, (*appmesh_metrics.LISTENER_METRICS, *grpc_metrics), _LISTENER_COUNTERS)

    def _target(self, cluster: str) -> _Subject | None:
        target = self.identity.subjects.target(cluster)
        if target is None:
            return None
        services = ",".join(target.services)
        return _Subject(ProxyPart.TARGET, appmesh_metrics.TARGET_METRICS, _TARGET_COUNTERS, services, target.node)

    def _route(self, host: str, name: str) -> _Subject | None:
        route = self.identity.subjects.route(host, name)
        if route is None:
            return None
        part = ProxyPart.GATEWAY_ROUTE if route.is_gateways else ProxyPart.ROUTE
        return _Subject(part, appmesh_metrics.ROUTE_METRICS, _ROUTE_COUNTERS, route.service, name)
