"""App Mesh's proxies report, and the metrics are as the metric extension named them."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.appmesh.client_policy import Backend, VirtualServiceBackend
from moyai.domain.appmesh.identity import identity_of
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import AppMeshRoute
from moyai.domain.appmesh.virtual_service import NodeProvider, VirtualServiceProvider, VirtualServiceSpec
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import ProxyId, TaskArn
from moyai.testing.world import Builder
from tests.golden.appmesh.meshes import MESH, SCOPE, node_arn, route_arn, service_arn
from tests.unit.telemetry.meshes import (
    BLUE_CLUSTER,
    BY_FRONT,
    FRONT,
    GATEWAY,
    LEDGER_CLUSTER,
    OTHER_FRONT,
    RED,
    RED_CLUSTER,
    TO_BLUE,
    TO_LEDGER,
    TO_RED,
    MeshTelemetry,
    virtual_node_counters,
)
from tests.unit.telemetry.pushes import push

OF_RED = (("Mesh", "shop"), ("VirtualNode", "red_v1"))
ROUTED = (*BY_FRONT, ("TargetVirtualService", "color.shop.local"))


def test_a_target_has_its_virtual_service_and_its_virtual_node():
    telemetry = MeshTelemetry()
    telemetry.record(
        FRONT,
        push(
            1, virtual_node_counters(RED_CLUSTER, ok=9, failed=1, retried=2) | virtual_node_counters(BLUE_CLUSTER, ok=4)
        ),
        1,
    )
    telemetry.record(OTHER_FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=5)), 2)
    assert telemetry.value("envoy.appmesh.HTTPCode_Target_2XX_Count", TO_RED) == 14
    assert telemetry.value("envoy.appmesh.HTTPCode_Target_5XX_Count", TO_RED) == 1
    assert telemetry.value("envoy.appmesh.HTTPCode_Target_2XX_Count", TO_BLUE) == 4
    assert telemetry.value("envoy.appmesh.HTTPCode_Target_5XX_Count", TO_BLUE) is None
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 15
    assert telemetry.value("RetryCount", TO_RED) == 2
    assert telemetry.value("RequestFailureCount", TO_RED) == 1


def test_requests_for_each_of_the_endpoints():
    telemetry = MeshTelemetry()
    levels = {f"cluster.{RED_CLUSTER}.membership_total": 5}
    telemetry.record(FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=10), levels), 1)
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED, "Average") == 2


def test_response_times():
    telemetry = MeshTelemetry()
    times = {f"cluster.{RED_CLUSTER}.upstream_rq_time": ((0, 4, 0, 0, 0, 0), 6.0)}
    telemetry.record(FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=4), None, times), 1)
    assert telemetry.value("envoy.appmesh.TargetResponseTime", TO_RED, "Average") == 1.5
    assert telemetry.value("envoy.appmesh.TargetResponseTime", TO_RED, "SampleCount") == 4


def test_connections_to_a_target():
    telemetry = MeshTelemetry()
    telemetry.record(FRONT, push(1, {f"cluster.{LEDGER_CLUSTER}.upstream_cx_total": 3}), 1)
    assert telemetry.value("TargetConnectionCount", TO_LEDGER) == 3
    assert telemetry.value("TargetRequestCount", TO_LEDGER) is None


def test_a_node_has_the_metrics_of_all_its_listeners():
    telemetry = MeshTelemetry()
    numbers: dict[str, int] = {}
    for prefix, requests in (("http.8080", 4), ("grpc.9090", 5)):
        numbers |= {
            f"http.ingress.{prefix}.downstream_rq_total": requests,
            f"http.ingress.{prefix}.downstream_cx_total": 1,
            f"http.ingress.{prefix}.downstream_cx_rx_bytes_total": 10,
            f"http.ingress.{prefix}.downstream_cx_tx_bytes_total": 20,
        }
    numbers["listener.0.0.0.0_15000.ssl.connection_error"] = 3
    open_now = {f"http.ingress.{prefix}.downstream_cx_active": 1 for prefix in ("http.8080", "grpc.9090")}
    telemetry.record(RED, push(1, numbers, open_now), 1)
    assert telemetry.value("envoy.appmesh.RequestCount", OF_RED) == 9
    assert telemetry.value("envoy.appmesh.RequestCount", OF_RED, "SampleCount") == 1
    assert telemetry.value("envoy.appmesh.GrpcRequestCount", OF_RED) == 5
    assert telemetry.value("envoy.appmesh.NewConnectionCount", OF_RED) == 2
    assert telemetry.value("envoy.appmesh.ProcessedBytes", OF_RED) == 60
    assert telemetry.value("envoy.appmesh.ActiveConnectionCount", OF_RED, "Average") == 2
    assert telemetry.value("ClientTLSNegotiationErrorCount", OF_RED) == 3


def test_a_gateway_has_its_own_dimension_and_its_own_routes():
    telemetry = MeshTelemetry()
    numbers = virtual_node_counters(BLUE_CLUSTER, ok=6) | {"http.ingress.downstream_rq_total": 6}
    for route in ("vhost.self_redirect.route.everything", "vhost.color.shop.local.route.rest"):
        numbers |= {f"{route}.upstream_rq_completed": 6, f"{route}.upstream_rq_2xx": 6}
    telemetry.record(GATEWAY, push(1, numbers), 1)
    gateway = (("Mesh", "shop"), ("VirtualGateway", "entry"))
    to_color = (*gateway, ("TargetVirtualService", "color.shop.local"))
    assert telemetry.value("envoy.appmesh.RequestCount", gateway) == 6
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", (*to_color, ("TargetVirtualNode", "blue"))) == 6
    assert telemetry.value("RouteRequestCount", (*to_color, ("GatewayRoute", "everything"))) == 6
    assert telemetry.value("RouteRequestCount", (*to_color, ("Route", "rest"))) == 6


def test_routes_are_counted_by_virtual_service():
    telemetry = MeshTelemetry()
    numbers = {
        "vhost.color.shop.local.route.by-header.upstream_rq_completed": 3,
        "vhost.color.shop.local.route.rest.upstream_rq_completed": 5,
        "vhost.color.shop.local.route.rest.upstream_rq_5xx": 1,
        "vhost.other.local.route.unknown.upstream_rq_completed": 9,
    }
    telemetry.record(FRONT, push(1, numbers), 1)
    assert telemetry.value("RouteRequestCount", (*ROUTED, ("Route", "by-header"))) == 3
    assert telemetry.value("RouteRequestCount", (*ROUTED, ("Route", "rest"))) == 5
    assert telemetry.value("RouteFailureCount", (*ROUTED, ("Route", "rest"))) == 1
    assert sum(metric.metric.name == "RouteRequestCount" for metric in telemetry.reader.metrics(SCOPE)) == 2


def test_a_node_behind_two_virtual_services_has_both_names():
    telemetry, name = MeshTelemetry(), "also-blue.shop.local"
    front = telemetry.world.virtual_nodes[node_arn("front")]
    backends = (*(front.spec.backends or ()), Backend(VirtualServiceBackend(name)))
    ledger = telemetry.world.virtual_services[service_arn("ledger.shop.local")]
    spec = VirtualServiceSpec(VirtualServiceProvider(NodeProvider("blue")))
    telemetry.world.apply(Put(replace(front, spec=replace(front.spec, backends=backends))))
    telemetry.world.apply(Put(replace(ledger, arn=service_arn(name), name=name, spec=spec)))
    telemetry.record(FRONT, push(1, virtual_node_counters(BLUE_CLUSTER, ok=2)), 1)
    both = (*BY_FRONT, ("TargetVirtualService", "also-blue.shop.local,color.shop.local"), ("TargetVirtualNode", "blue"))
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", both) == 2


def test_a_numbered_cluster_is_the_same_node():
    telemetry = MeshTelemetry()
    telemetry.record(
        FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=2) | virtual_node_counters(f"{RED_CLUSTER}_2", ok=3)), 1
    )
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 5


def test_metrics_follow_a_change_of_the_mesh():
    telemetry = MeshTelemetry()
    telemetry.record(
        FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=2) | virtual_node_counters(BLUE_CLUSTER, ok=1)), 1
    )
    telemetry.world.apply(Delete(AppMeshRoute, route_arn("color", "rest")))
    telemetry.record(
        FRONT, push(6, virtual_node_counters(RED_CLUSTER, ok=4) | virtual_node_counters(BLUE_CLUSTER, ok=5)), 6
    )
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 4
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_BLUE) == 5, "the last of it still counts for it"


def test_a_tag_of_the_mesh_names_the_namespace():
    telemetry = MeshTelemetry()
    telemetry.record(FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=2)), 1)
    mesh = telemetry.world.meshes[MESH]
    telemetry.world.apply(Put(replace(mesh, tags={"moyai:metric-namespace": "howto"})))
    telemetry.record(FRONT, push(6, virtual_node_counters(RED_CLUSTER, ok=5, retried=1)), 6)
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 2
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED, namespace="howto") == 3
    assert telemetry.value("RetryCount", TO_RED) == 1, "ours are where they were"


def test_a_tasks_proxy_reports_for_its_virtual_node():
    telemetry, builder = MeshTelemetry(), Builder()
    task = builder.world.tasks[builder.run(builder.definition("web"))]
    for name in ("front", "nobody"):
        identity = identity_of(f"mesh/shop/virtualNode/{name}", SCOPE)
        telemetry.world.apply(Put(replace(task, arn=TaskArn(f"{task.arn}-{name}"), identity=identity)))
    assert telemetry.record(ProxyId(f"{task.arn}-front"), push(1, virtual_node_counters(RED_CLUSTER, ok=2)), 1)
    assert not telemetry.record(ProxyId(f"{task.arn}-nobody"), push(1, virtual_node_counters(RED_CLUSTER, ok=2)), 1)
    assert not telemetry.record(
        ProxyId(f"{node_arn('nobody')}#1"), push(1, virtual_node_counters(RED_CLUSTER, ok=2)), 1
    )
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 2


def test_a_deleted_node_is_still_counted():
    telemetry = MeshTelemetry()
    telemetry.record(FRONT, push(1, virtual_node_counters(RED_CLUSTER, ok=2)), 1)
    telemetry.world.apply(Delete(VirtualNode, node_arn("front")))
    telemetry.record(FRONT, push(6, virtual_node_counters(RED_CLUSTER, ok=5)), 6)
    assert telemetry.value("envoy.appmesh.RequestCountPerTarget", TO_RED) == 5
