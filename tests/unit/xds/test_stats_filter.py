"""Of all that an Envoy counts, what is pushed."""

from __future__ import annotations

import re

import pytest
from envoy.extensions.stat_sinks.open_telemetry.v3 import open_telemetry_pb2

from moyai.xds.translate.stats_filter import drop_unused_stats

TARGET = "cluster.cds_egress_my_mesh_cart-v1_http_8080"


@pytest.fixture(scope="module")
def stats_pattern() -> re.Pattern[str]:
    *own, others = drop_unused_stats().matcher_list.matchers
    dropped = open_telemetry_pb2.SinkConfig.DropAction.DESCRIPTOR
    assert all(rule.on_match.action.typed_config.Is(dropped) for rule in (*own, others))
    prefixes = [one.predicate.single_predicate.value_match.prefix for one in own]
    assert prefixes == ["cluster.moyai-xds.", "cluster.moyai-statistics."]
    return re.compile(others.predicate.not_matcher.single_predicate.value_match.safe_regex.regex)


@pytest.mark.parametrize(
    "name",
    [
        f"{TARGET}.upstream_rq_completed",
        f"{TARGET}.upstream_rq_5xx",
        f"{TARGET}.grpc.14",
        f"{TARGET}.ssl.fail_verify_san",
        f"{TARGET}.outlier_detection.ejections_active",
        "http.ingress.downstream_rq_total",
        "http.ingress.http2.8080.downstream_cx_tx_bytes_total",
        "tcp.ingress.tcp.6379.downstream_cx_total",
        "listener.0.0.0.0_15000.ssl.connection_error",
        "listener.[__]_15000.ssl.connection_error",
        "vhost.cart.shop.local.route.by-header.upstream_rq_2xx",
        "server.live",
    ],
)
def test_statistics_used_by_metrics_are_pushed(stats_pattern, name):
    assert stats_pattern.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        f"{TARGET}.upstream_rq_200",
        f"{TARGET}.external.upstream_rq_2xx",
        f"{TARGET}.lb_healthy_panic",
        "http.admin.downstream_rq_total",
        "http.egress.downstream_rq_total",
        "listener.0.0.0.0_15000.downstream_cx_total",
        "vhost.cart.shop.local.vcluster.other.upstream_rq_2xx",
        "server.memory_allocated",
    ],
)
def test_other_statistics_are_not_pushed(stats_pattern, name):
    assert not stats_pattern.fullmatch(name)
