"""A mesh of App Mesh whose proxies report: a gateway and a node that call, a router with two routes, nodes behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.push_decoder import PushDecoders
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.appmesh_stats import APPMESH_STATS
from moyai.telemetry.reporters.envoy_stats import ProxyReport
from moyai.telemetry.reporters.identify import identify_from
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH
from tests.golden.appmesh.meshes import SCOPE, gateway_arn, node_arn, world_of

CASE = """
virtualNodes:
  front:
    listeners: [{portMapping: {port: 8080, protocol: http}}]
    backends:
    - virtualService: {virtualServiceName: color.shop.local}
    - virtualService: {virtualServiceName: ledger.shop.local}
  red_v1: {listeners: [{portMapping: {port: 8080, protocol: http}}, {portMapping: {port: 9090, protocol: grpc}}]}
  blue: {listeners: [{portMapping: {port: 8080, protocol: http}}]}
  ledger: {listeners: [{portMapping: {port: 7000, protocol: tcp}}]}
virtualServices:
  color.shop.local: {provider: {virtualRouter: {virtualRouterName: color}}}
  ledger.shop.local: {provider: {virtualNode: {virtualNodeName: ledger}}}
virtualRouters:
  color: {listeners: [{portMapping: {port: 8080, protocol: http}}]}
routes:
  color:
    by-header:
      httpRoute:
        match: {prefix: /, headers: [{name: color}]}
        action: {weightedTargets: [{virtualNode: red_v1, weight: 1, port: 8080}]}
    rest:
      httpRoute:
        match: {prefix: /}
        action: {weightedTargets: [{virtualNode: red_v1, weight: 1, port: 8080}, {virtualNode: blue, weight: 1}]}
virtualGateways:
  entry: {listeners: [{portMapping: {port: 80, protocol: http}}]}
gatewayRoutes:
  entry:
    everything:
      httpRoute:
        match: {prefix: /}
        action: {target: {virtualService: {virtualServiceName: color.shop.local}}}
"""
FRONT, OTHER_FRONT = ProxyId(f"{node_arn('front')}#1"), ProxyId(f"{node_arn('front')}#2")
RED, GATEWAY = ProxyId(f"{node_arn('red_v1')}#1"), ProxyId(f"{gateway_arn('entry')}#1")
RED_CLUSTER, BLUE_CLUSTER = "cds_egress_shop_red_v1_http_8080", "cds_egress_shop_blue_http_8080"
LEDGER_CLUSTER = "cds_egress_shop_ledger_tcp_7000"
ALL = (EPOCH, Instant(EPOCH + 3600))
BY_FRONT = (("Mesh", "shop"), ("VirtualNode", "front"))
TO_RED = (*BY_FRONT, ("TargetVirtualService", "color.shop.local"), ("TargetVirtualNode", "red_v1"))
TO_BLUE = (*TO_RED[:3], ("TargetVirtualNode", "blue"))
TO_LEDGER = (*BY_FRONT, ("TargetVirtualService", "ledger.shop.local"), ("TargetVirtualNode", "ledger"))


def a_mesh() -> World:
    return world_of(yaml.safe_load(CASE))


def read_report(body: bytes) -> ProxyReport:
    """The report in one push of App Mesh. Raises NotOtlp."""
    return PushDecoders().decoder(APPMESH_STATS)(body).report


def virtual_node_counters(cluster: str, **counts: int) -> dict[str, int]:
    """The counters of a caller's proxy for a virtual node: ``ok``, ``failed``, ``retried``."""
    ok, failed = counts.get("ok", 0), counts.get("failed", 0)
    return {
        f"cluster.{cluster}.upstream_rq_completed": ok + failed,
        f"cluster.{cluster}.upstream_rq_2xx": ok,
        f"cluster.{cluster}.upstream_rq_5xx": failed,
        f"cluster.{cluster}.upstream_rq_retry": counts.get("retried", 0),
    }


class MeshTelemetry:
    """A recorder with its series, and the world that its proxies are in."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or a_mesh()
        self.head = MetricHead()
        self.recorder = Recorder(self.head, identify_from(lambda: self.world), Instant(0))
        self.reader = SeriesReader(self.head, self.recorder.buffer.flush)

    def record(self, proxy: ProxyId, push: bytes, at: float) -> bool:
        """Record it ``at`` seconds after the epoch of tests."""
        return self.recorder.record(proxy, push, Instant(EPOCH + at))

    def value(
        self, name: str, dimensions: Mapping[str, str] | Any, statistic: str = "Sum", namespace: str = "Moyai/AppMesh"
    ) -> float | None:
        """A statistic of the hour."""
        pairs = dimensions.items() if isinstance(dimensions, Mapping) else dimensions
        periods = self.reader.periods(SCOPE, metric_id(namespace, name, pairs), ALL, 3600)
        return evaluate(statistic, periods[0].summary) if periods else None
