"""The workload that a proxy reports for: a service of Service Connect, a virtual node or gateway of App Mesh, or the
load balancers of a VPC.

Promise: a reporter can be used after its workload is deleted, because a proxy's last report may arrive later. A proxy
whose workload was never known has no reporter, and its reports are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.reporters.envoy_stats import (
    EndpointCounter,
    EndpointGauge,
    EndpointProtocol,
    Side,
    StatEndpoint,
    StatNaming,
)
from moyai.telemetry.values import SampleKind


class MetricDefinition(NamedTuple):
    """A metric's name and its source: a counter, a gauge, or (None) response times. ``protocol``: endpoints with other
    protocols don't have this metric.
    """

    namespace: str
    name: str
    unit: str
    side: Side
    source: EndpointCounter | EndpointGauge | None
    kind: SampleKind = SampleKind.COUNT
    protocol: str | None = None


MetricTarget = tuple[MetricDefinition, Sequence[MetricId]]
"""A metric that an endpoint's values are written to, under all its names."""


class ServiceTotalKey(NamedTuple):
    """The key of a total of Service Connect: a service as caller or as target of a discovery name (``endpoint``).
    ``protocol``: http or tcp.
    """

    scope: Scope
    namespace: str
    cluster: str
    service: str
    endpoint: StatEndpoint
    protocol: str


class ProxyPart(StrEnum):
    """A part of an App Mesh proxy that has metrics of its own."""

    PROXY = "proxy"
    """The whole proxy; it has gauges only."""
    LISTENER = "listener"
    HANDSHAKES = "handshakes"
    """The TLS handshakes of callers with any listener."""
    TARGET = "target"
    ROUTE = "route"
    GATEWAY_ROUTE = "gateway_route"


class MeshTotalKey(msgspec.Struct, frozen=True, tag="app_mesh"):
    """The key of a total of App Mesh: a part of the proxies of a virtual node or a virtual gateway (``kind``).

    ``protocol``: http or tcp. Of outgoing calls, ``service`` is the virtual service that is called, and ``target`` the
    virtual node or the route.
    """

    scope: Scope
    mesh: str
    kind: str
    name: str
    part: ProxyPart
    protocol: str
    service: str = ""
    target: str = ""


TotalKey = ServiceTotalKey | MeshTotalKey


class ExportNaming(NamedTuple):
    """How an endpoint's values are exported to OpenTelemetry: the prefix of the metrics' names, the attributes that
    identify the endpoint, and the counters that it has.
    """

    prefix: str
    attributes: Sequence[tuple[str, str]]
    counters: frozenset[EndpointCounter] = frozenset(EndpointCounter)


class Reporter(Protocol):
    """The workload that a proxy reports for."""

    @property
    def scope(self) -> Scope:
        """The account and region of the workload's metrics."""

    @property
    def created_at(self) -> Instant:
        """When the proxy's task or workload was created: the proxy has counted nothing before that."""

    @property
    def stat_naming(self) -> StatNaming:
        """The names of the statistics of the workload's proxies."""

    @property
    def group_key(self) -> Hashable:
        """Reporters with the same key have the same ``metrics``, so their proxies are aggregated together."""

    def current(self) -> Reporter:
        """The reporter as it is now; the same object while nothing has changed."""

    def metrics(self, endpoint: EndpointProtocol) -> Iterable[MetricTarget]:
        """The metrics that an endpoint's values are written to."""

    def task_metrics(self, proxy: ProxyId, endpoint: EndpointProtocol) -> Iterable[MetricTarget]:
        """The metrics of a single proxy that its endpoint's values are written to."""

    def total_key(self, endpoint: EndpointProtocol) -> TotalKey | None:
        """The key of the total that an endpoint's counts are added to; None when there is none."""

    def resource_attributes(self, proxy: ProxyId) -> Iterable[tuple[str, str]]:
        """The attributes of a proxy as an OpenTelemetry resource."""

    def export_naming(self, endpoint: StatEndpoint) -> ExportNaming | None:
        """How an endpoint's values are exported; None when they are not."""


IdentifyProxy = Callable[[ProxyId], Reporter | None]
"""Finds the reporter of a proxy; None when its workload is unknown."""
