"""What is under way, out of Envoy's statistics: of Service Connect's proxies, and of App Mesh's."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.admin import total


@pytest.mark.parametrize(
    ("counts", "under_way"),
    [
        ({}, 0),
        ({"http.ingress.8080.downstream_rq_active": 3, "cluster.ingress.8080.upstream_rq_active": 2}, 3),
        ({"http.ingress.8080.downstream_rq_active": 3, "cluster.ingress.9000.upstream_rq_active": 2}, 5),
        (
            {
                "http.ingress.downstream_rq_active": 3,
                "cluster.cds_ingress_m_n_http_8080.upstream_rq_active": 2,
            },
            3,
        ),
        ({"cluster.cds_ingress_m_n_tcp_3306.upstream_rq_active": 4}, 4),
        (
            {
                "http.ingress.http.8080.downstream_rq_active": 1,
                "http.ingress.grpc.9080.downstream_rq_active": 1,
                "cluster.cds_ingress_m_g_self_redirect_8080_http_15001.upstream_rq_active": 1,
                "cluster.cds_ingress_m_g_self_redirect_9080_grpc_15001.upstream_rq_active": 0,
            },
            2,
        ),
    ],
)
def test_a_request_counts_once_though_both_sides_count_it(counts, under_way):
    assert total("".join(f"{name}: {count}\n" for name, count in counts.items())) == under_way
