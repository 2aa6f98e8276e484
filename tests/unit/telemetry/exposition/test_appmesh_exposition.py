"""App Mesh's traffic, as Prometheus and as an OpenTelemetry collector see it."""

from __future__ import annotations

from moyai.telemetry.exposition.appmesh import appmesh_families
from moyai.telemetry.exposition.otlp_encoding import encode_reports
from moyai.telemetry.exposition.otlp_exporter import Outbox
from moyai.telemetry.exposition.text import exposition
from tests.unit.telemetry.meshes import (
    FRONT,
    GATEWAY,
    LEDGER_CLUSTER,
    RED,
    RED_CLUSTER,
    MeshTelemetry,
    virtual_node_counters,
)
from tests.unit.telemetry.pushes import push
from tests.unit.telemetry.receiver import received_points

WHERE = 'account="123456789012",region="us-east-1",mesh="shop"'
TO_RED = f'{WHERE},virtual_node="front",virtual_service="color.shop.local",target_virtual_node="red_v1"'
BY_REST = f'{WHERE},virtual_node="front",virtual_service="color.shop.local",route="rest"'
TO_LEDGER = f'{WHERE},virtual_node="front",virtual_service="ledger.shop.local",target_virtual_node="ledger"'
EVERYTHING = f'{WHERE},virtual_gateway="entry",virtual_service="color.shop.local",gateway_route="everything"'
ROUTE = "vhost.color.shop.local.route.rest"


def mesh_telemetry() -> MeshTelemetry:
    telemetry = MeshTelemetry()
    numbers = virtual_node_counters(RED_CLUSTER, ok=9, failed=1, retried=2) | {
        f"cluster.{LEDGER_CLUSTER}.upstream_cx_total": 3,
        f"{ROUTE}.upstream_rq_completed": 10,
        f"{ROUTE}.upstream_rq_2xx": 9,
    }
    times = {f"{of}.upstream_rq_time": ((0, 10, 0, 0, 0, 0), 15.0) for of in (f"cluster.{RED_CLUSTER}", ROUTE)}
    telemetry.record(FRONT, push(1, numbers, {f"cluster.{RED_CLUSTER}.membership_total": 2}, times), 1)
    served = {"http.ingress.http.8080.downstream_rq_total": 4, "listener.0.0.0.0_15000.ssl.connection_error": 2}
    telemetry.record(RED, push(1, served, {"http.ingress.http.8080.downstream_cx_active": 7}), 1)
    telemetry.record(GATEWAY, push(1, {"vhost.self_redirect.route.everything.upstream_rq_completed": 6}), 1)
    return telemetry


def lines_of(telemetry: MeshTelemetry) -> list[str]:
    """The exposition after everything is saved."""
    telemetry.recorder.buffer.flush()
    list(telemetry.recorder.totals.take_unsaved())
    telemetry.recorder.totals.confirm_saved()
    return "".join(exposition(appmesh_families(telemetry.recorder.totals.saved_totals()))).splitlines()


def test_every_metric_has_the_labels_of_its_workload():
    lines = lines_of(mesh_telemetry())
    assert {
        f'moyai_appmesh_requests_total{{{TO_RED},protocol="http"}} 10',
        f'moyai_appmesh_responses_total{{{TO_RED},code_class="2xx"}} 9',
        f'moyai_appmesh_responses_total{{{TO_RED},code_class="5xx"}} 1',
        f'moyai_appmesh_retries_total{{{TO_RED},protocol="http"}} 2',
        f'moyai_appmesh_response_time_seconds_bucket{{{TO_RED},le="0.002"}} 10',
        f"moyai_appmesh_response_time_seconds_sum{{{TO_RED}}} 0.015",
        f'moyai_appmesh_route_requests_total{{{BY_REST},protocol="http"}} 10',
        f'moyai_appmesh_route_responses_total{{{BY_REST},code_class="2xx"}} 9',
        f"moyai_appmesh_route_response_time_seconds_count{{{BY_REST}}} 10",
        f'moyai_appmesh_connections_total{{{TO_LEDGER},protocol="tcp"}} 3',
        f'moyai_appmesh_served_requests_total{{{WHERE},virtual_node="red_v1",protocol="http"}} 4',
        f'moyai_appmesh_served_tls_errors_total{{{WHERE},virtual_node="red_v1",protocol="tcp"}} 2',
        f'moyai_appmesh_gateway_route_requests_total{{{EVERYTHING},protocol="http"}} 6',
    } <= set(lines)
    shown = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(shown) == len(set(shown))


def test_a_total_is_the_same_after_it_was_stored():
    telemetry = mesh_telemetry()
    take_unsaved = list(telemetry.recorder.totals.take_unsaved())
    telemetry.recorder.totals.confirm_saved()
    before = set(telemetry.recorder.totals.saved_totals())
    assert set(type(telemetry.recorder.totals)(take_unsaved).saved_totals()) == before


def test_a_collector_gets_the_same_names():
    telemetry, outbox = MeshTelemetry(), Outbox()
    telemetry.recorder.forward = outbox.put
    numbers = virtual_node_counters(RED_CLUSTER, ok=9, failed=1) | {f"{ROUTE}.upstream_rq_completed": 10}
    telemetry.record(
        FRONT, push(1, numbers | {"http.ingress.downstream_cx_total": 3}, {"http.ingress.downstream_cx_active": 2}), 1
    )
    points = {
        (received_point.name, *sorted(received_point.attributes.items())): received_point
        for received_point in received_points(encode_reports(outbox.first(9)))
    }
    values = {key: one.point.as_int for key, one in points.items() if one.point.as_int}
    to_red = (("protocol", "http"), ("target_virtual_node", "red_v1"), ("virtual_service", "color.shop.local"))
    assert values["moyai.appmesh.requests", *to_red] == 10
    assert values["moyai.appmesh.route_requests", ("protocol", "http"), ("route", "rest"), to_red[2]] == 10
    assert values["moyai.appmesh.served_connections", ("listener", "ingress"), ("protocol", "http")] == 3
    assert values["moyai.appmesh.open_connections",] == 2
    assert not [key for key in points if key[0] == "moyai.appmesh.route_bytes"]
    [resource] = {tuple(sorted(point.resource.items())) for point in points.values()}
    assert {("appmesh.mesh", "shop"), ("appmesh.virtual_node", "front"), ("service.instance.id", "1")} <= set(resource)
