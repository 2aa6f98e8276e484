"""The reporter of a front proxy, which reports for all load balancers of its VPC.

Promise: every request counts for the load balancer and the target group that it went to, and no health check does.
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
    """The load balancers of a VPC. ``created_at``: when the first of them was created."""

    scope: Scope
    vpc: VpcId
    created_at: Instant

    @property
    def stat_naming(self) -> StatNaming:
        """The names of a front proxy's statistics."""
        return FRONT_STATS

    @property
    def group_key(self) -> VpcId:
        """The VPC, which has one front proxy."""
        return self.vpc

    def current(self) -> FrontReporter:
        """The reporter itself: all that it reports for is in the names of the statistics."""
        return self

    def metrics(self, endpoint: EndpointProtocol) -> Iterator[MetricTarget]:
        """The metrics of an endpoint, each under the names of its sets of dimensions."""
        return metric_targets(endpoint.endpoint)

    def task_metrics(self, proxy: ProxyId, endpoint: EndpointProtocol) -> Iterable[MetricTarget]:
        """Nothing: there is one proxy."""
        del proxy, endpoint
        return ()

    def total_key(self, endpoint: EndpointProtocol) -> TotalKey | None:
        """None: load balancers have metrics only."""
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
        """None: load balancers are not exported."""
        del endpoint
        return None
