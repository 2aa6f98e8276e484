"""The reporter of a front proxy, which reports for all load balancers of its VPC.

Promise: every request is counted for the load balancer and the target group that it was sent to. Health checks are not
counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, VpcId
from moyai.kernel.scope import Scope
from moyai.telemetry.reporters.envoy_stats import EndpointProtocol, StatEndpoint, StatNaming
from moyai.telemetry.reporters.front_metrics import metric_targets
from moyai.telemetry.reporters.front_stats import FRONT_STATS
from moyai.telemetry.reporters.reporter import ExportNaming, MetricTarget, TotalKey


class FrontReporter(msgspec.Struct, frozen=True):
    """The load balancers of a VPC. ``created_at``: when the oldest of them was created."""

    scope: Scope
    vpc: VpcId
    created_at: Instant

    @property
    def stat_naming(self) -> StatNaming:
        """The names of a front proxy's statistics."""
        return FRONT_STATS

    @property
    def group_key(self) -> VpcId:
        """The VPC: all its load balancers have the same front proxy."""
        return self.vpc

    def current(self) -> FrontReporter:
        """The reporter itself. It never changes, because the statistics' names contain all dimensions."""
        return self

    def metrics(self, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """The metrics of an endpoint, each under the names of its sets of dimensions."""
        return metric_targets(endpoint.endpoint)

    def task_metrics(self, proxy: ProxyId, endpoint: EndpointProtocol) -> Iterable[MetricTarget]:
        """Nothing, because a VPC has only one front proxy."""
        del proxy, endpoint
        return ()

    def total_key(self, endpoint: EndpointProtocol) -> TotalKey | None:
        """None, because load balancers have no totals, only metrics."""
        del endpoint
        return None

    def resource_attributes(self, proxy: ProxyId) -> Iterator[tuple[str, str]]:
        """OpenTelemetry's attributes of the front proxy."""
        yield "cloud.provider", "aws"
        yield "cloud.account.id", self.scope.account
        yield "cloud.region", self.scope.region
        yield "service.name", "elasticloadbalancing"
        yield "service.instance.id", proxy

    def export_naming(self, endpoint: StatEndpoint) -> ExportNaming | None:
        """None, because the metrics of load balancers are not exported."""
        del endpoint
        return None
