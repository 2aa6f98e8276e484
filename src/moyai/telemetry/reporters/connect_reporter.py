"""The reporter of Service Connect: the proxy of a task reports for the task's service.

Promise: each value is written to two metrics, by discovery name alone, and by discovery name, service and cluster; see
``connect_metrics``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.reporters.connect_metrics import SERVICE_METRICS, TASK_METRICS, service_metric_ids, task_metric_id
from moyai.telemetry.reporters.connect_stats import CONNECT_STATS
from moyai.telemetry.reporters.envoy_stats import EndpointProtocol, Side, StatEndpoint, StatNaming
from moyai.telemetry.reporters.reporter import ExportNaming, MetricDefinition, MetricTarget, ServiceTotalKey

_PREFIX: Final = "moyai.mesh."


class ServiceReporter(msgspec.Struct, frozen=True):
    """A service. ``grpc_names``: the discovery names under which it offers gRPC. ``namespace``: the name of the Cloud
    Map namespace in which it calls and is called.
    """

    scope: Scope
    cluster: str
    service: str
    created_at: Instant
    grpc_names: frozenset[str] = frozenset()
    namespace: str = ""

    @property
    def stat_naming(self) -> StatNaming:
        """The names that Service Connect's configuration gives Envoy's statistics."""
        return CONNECT_STATS

    @property
    def group_key(self) -> tuple[Scope, str, str, str, frozenset[str]]:
        """The service, and all else that its metrics depend on."""
        return self.scope, self.namespace, self.cluster, self.service, self.grpc_names

    def current(self) -> ServiceReporter:
        """The reporter itself: a task's service never changes."""
        return self

    def metrics(self, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """The metrics of an endpoint, each under the names of its sets of dimensions."""
        side, name = endpoint.endpoint
        for definition in SERVICE_METRICS:
            if definition.side is side and self._has_metric(endpoint, definition):
                yield definition, service_metric_ids(definition, name, self.service, self.cluster)

    def task_metrics(self, proxy: ProxyId, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """The metrics of one task. They exist only for requests to the task, not for the task's own calls."""
        side, name = endpoint.endpoint
        if side is Side.SERVER:
            task = proxy.rpartition("/")[2]
            for definition in TASK_METRICS:
                yield definition, (task_metric_id(definition, name, self.service, self.cluster, task),)

    def total_key(self, endpoint: EndpointProtocol) -> ServiceTotalKey:
        """The key of the total of the service's calls to an endpoint, or of the calls to its own endpoint."""
        return ServiceTotalKey(self.scope, self.namespace, self.cluster, self.service, *endpoint)

    def resource_attributes(self, proxy: ProxyId) -> Iterator[tuple[str, str]]:
        """OpenTelemetry's attributes of the task and its service."""
        arn, _, task = proxy.rpartition("/")
        yield "cloud.provider", "aws"
        yield "cloud.platform", "aws_ecs"
        yield "cloud.account.id", self.scope.account
        yield "cloud.region", self.scope.region
        yield "service.name", self.service
        if self.namespace:
            yield "service.namespace", self.namespace
        yield "service.instance.id", task
        yield "aws.ecs.cluster.arn", arn.replace(":task/", ":cluster/")
        yield "aws.ecs.task.arn", proxy

    def export_naming(self, endpoint: StatEndpoint) -> ExportNaming:
        """The prefix and the labels of an endpoint's exported metrics."""
        return ExportNaming(_PREFIX, (("target" if endpoint.side is Side.CLIENT else "name", endpoint.name),))

    def _has_metric(self, endpoint: EndpointProtocol, definition: MetricDefinition) -> bool:
        if definition.protocol == "grpc":
            return endpoint.endpoint.name in self.grpc_names
        return definition.protocol in {None, endpoint.protocol}
