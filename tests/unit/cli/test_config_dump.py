"""Two configurations of a proxy, held against each other."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.cli.appmesh.compare import compare_dumps
from moyai.cli.appmesh.config_dump import NoDump, read_dump


def dump(*clusters: dict[str, Any], routes: dict[str, Any] | None = None) -> dict[str, Any]:
    dynamic = [
        {"version_info": "7", "last_updated": "2022-01-01T00:00:00Z", "cluster": cluster} for cluster in clusters
    ]
    configs: list[dict[str, Any]] = [
        {"bootstrap": {"node": {"id": "mesh/m/virtualNode/n"}}},
        {"dynamic_active_clusters": dynamic},
    ]
    return {"configs": configs + ([] if routes is None else [{"dynamic_route_configs": [{"route_config": routes}]}])}


CLUSTER = {"name": "cds_egress_m_n_http_8080", "connect_timeout": "1s", "type": "EDS"}


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(one) for one in compare_dumps(read_dump(theirs), read_dump(ours))]


def test_versions_and_times_are_ignored():
    other = dump(dict(CLUSTER))
    other["configs"][1]["dynamic_active_clusters"][0] |= {"version_info": "8", "last_updated": "now"}
    assert differences(dump(CLUSTER), other) == []


def test_the_node_id_is_read_from_the_bootstrap():
    assert read_dump(dump(CLUSTER)).node == "mesh/m/virtualNode/n"


def test_a_difference_has_a_path_and_both_values():
    found_differences = differences(dump(CLUSTER), dump(CLUSTER | {"connect_timeout": "2s"}))
    assert found_differences == [("cluster", CLUSTER["name"], "connect_timeout", "1s", "2s")]


def test_a_resource_on_one_side_is_named():
    other = CLUSTER | {"name": "other"}
    assert differences(dump(CLUSTER, other), dump(CLUSTER)) == [("cluster", "other", "", "there", None)]


def test_the_order_of_hosts_is_ignored_and_of_rules_compared():
    hosts = [{"name": "a", "domains": ["a", "a:80"]}, {"name": "b", "domains": ["b"]}]
    turned = [hosts[1], {"name": "a", "domains": ["a:80", "a"]}]
    first, second = {"name": "r", "virtual_hosts": hosts}, {"name": "r", "virtual_hosts": turned}
    assert differences(dump(CLUSTER, routes=first), dump(CLUSTER, routes=second)) == []
    rules = [{"match": {"prefix": "/a"}}, {"match": {"prefix": "/"}}]
    first = {"name": "r", "virtual_hosts": [{"name": "a", "routes": rules}]}
    second = {"name": "r", "virtual_hosts": [{"name": "a", "routes": rules[::-1]}]}
    assert differences(dump(CLUSTER, routes=first), dump(CLUSTER, routes=second))


def test_deprecated_header_matchers_equal_new_ones():
    def asking(header: dict[str, Any]) -> dict[str, Any]:
        return {"name": "r", "virtual_hosts": [{"name": "a", "routes": [{"match": {"headers": [header]}}]}]}

    old, new = {"name": "x", "exact_match": "1"}, {"name": "x", "string_match": {"exact": "1"}}
    assert differences(dump(CLUSTER, routes=asking(old)), dump(CLUSTER, routes=asking(new))) == []


@pytest.mark.parametrize("document", [None, [], {}, {"configs": 3}, {"configs": []}])
def test_other_documents_are_refused(document):
    with pytest.raises(NoDump):
        read_dump(document)
