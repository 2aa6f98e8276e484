"""A proxy's configuration in rows, and spans in lines."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.cli.proxy.configuration import cluster_rows, endpoint_rows, route_rows
from moyai.cli.spans import describe, flags_text, tree_lines
from moyai.cli.tap import _Filter

DUMP: dict[str, Any] = {
    "configs": [
        {
            "dynamic_route_configs": [
                {
                    "route_config": {
                        "name": "egress/catalog",
                        "virtual_hosts": [
                            {
                                "domains": ["*"],
                                "retry_policy": {"num_retries": 2, "retry_on": "5xx"},
                                "routes": [
                                    {
                                        "match": {"prefix": "/", "headers": [{"name": "x-test"}]},
                                        "route": {"cluster": "blue", "timeout": "15s"},
                                    },
                                    {
                                        "match": {"path": "/a"},
                                        "route": {"weighted_clusters": {"clusters": [{"name": "green", "weight": 3}]}},
                                    },
                                    {"match": {"safe_regex": {"regex": "^/b"}}, "direct_response": {"status": 404}},
                                ],
                            }
                        ],
                    }
                }
            ]
        },
        {"dynamic_active_clusters": [{"cluster": {"name": "blue", "outlier_detection": {"consecutive_5xx": 5}}}]},
        {
            "dynamic_endpoint_configs": [
                {
                    "endpoint_config": {
                        "cluster_name": "blue",
                        "endpoints": [
                            {
                                "locality": {"zone": "us-east-1a"},
                                "lb_endpoints": [
                                    {
                                        "endpoint": {
                                            "address": {"socket_address": {"address": "172.31.0.9", "port_value": 80}}
                                        }
                                    }
                                ],
                            }
                        ],
                    }
                }
            ]
        },
    ]
}


def span(number: int, parent: str = "", **attributes: Any) -> dict[str, Any]:
    return {
        "trace": "t",
        "id": str(number),
        "parent": parent,
        "name": "GET",
        "kind": "client",
        "start": float(number),
        "duration": 0.0125,
        "is_error": False,
        "attributes": {"url.path": "/items", "http.response.status_code": 503, "server.address": "catalog"}
        | attributes,
        "resource": {"service.name": "front"},
    }


def test_routes_say_where_requests_go():
    rows = list(route_rows(DUMP))
    assert [row["match"] for row in rows] == ["prefix /, header x-test", "path /a", "regex ^/b"]
    assert [row["to"] for row in rows] == ["blue", "3 green", '{"status": 404}']
    assert [row["retries"] for row in rows] == ["2 on 5xx"] * 3


def test_clusters_and_endpoints_have_rows():
    assert next(iter(cluster_rows(DUMP)))["ejected"] == "after 5 errors"
    assert list(endpoint_rows(DUMP)) == [
        {"cluster": "blue", "endpoint": "172.31.0.9:80", "zone": "us-east-1a", "health": "HEALTHY"}
    ]


def test_a_trace_is_a_tree_of_requests_and_attempts():
    attempt = span(2, "1", **{"network.peer.address": "172.31.0.9", "network.peer.port": 80})
    served = span(3, "2") | {"kind": "server"}
    assert list(tree_lines([served, attempt, span(1)])) == [
        "front calls catalog: GET /items 503 12.5 ms",
        "  attempt 1 at 172.31.0.9:80: GET /items 503 12.5 ms",
        "    front serves GET /items 503 12.5 ms",
    ]


def test_a_trace_that_contains_itself_ends():
    assert list(tree_lines([span(1, "2"), span(2, "1")])) == []
    assert len(list(tree_lines([span(1, "1")]))) == 0


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [
        (_Filter(), True),
        (_Filter(method="POST"), False),
        (_Filter(path="/it*"), True),
        (_Filter(status="5xx"), True),
        (_Filter(status="404"), False),
        (_Filter(slower_than=13), False),
    ],
)
def test_filters_select_requests(wanted, selected):
    assert wanted.selects(span(1)) is selected


def test_response_flags_are_explained_in_words():
    assert flags_text("UH,ZZ") == "no endpoint was healthy, ZZ"
    assert "no endpoint was healthy" in describe(span(1, **{"envoy.response_flags": "UH"}))
