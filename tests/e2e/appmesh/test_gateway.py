"""howto-ingress-gateway, howto-match-and-rewrite-at-ingress and howto-multiple-listeners, retold: from outside of the
mesh in, by path, host, query and port.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

GATEWAY, OTHER = 9080, 2222


class Ingress(NamedTuple):
    stage: Stage
    bastion: Bastion

    def get(self, path: str, port: int = GATEWAY, **headers: str) -> Any:
        return self.bastion.get(self.url(path, port), headers=headers)

    def url(self, path: str, port: int) -> str:
        return f"http://gateway.{self.stage.domain}:{port}{path}"

    def text(self, path: str, port: int = GATEWAY, **headers: str) -> str:
        """The answer's text, or its status where that is not 200."""
        return self.bastion.colour(self.url(path, port), **headers)


@pytest.fixture(scope="module")
def ingress(server: Installation) -> Ingress:
    stage = Stage(server, "howto-ingress-gateway")
    for name in ("white", "blue", "red"):
        stage.node(name, listener())
        stage.colour(name, 8080)
    stage.node("food", listener(5555), listener(6666))
    stage.colour("food", 5555, 6666)
    stage.router("first", {"port": 8080, "protocol": "http"})
    stage.route("first", "tell", httpRoute={"match": {"prefix": "/"}, "action": to("white", "blue")})
    stage.service("color-1", router="first")
    stage.service("color-2", node="red")
    stage.router("food", {"port": 3333, "protocol": "http"}, {"port": 4444, "protocol": "http"})
    for name, port, target in (("fruit", 3333, 5555), ("vegetable", 4444, 6666)):
        action = {"weightedTargets": [{"virtualNode": "food", "weight": 1, "port": target}]}
        stage.route("food", name, httpRoute={"match": {"port": port, "prefix": "/"}, "action": action})
    stage.service("food", router="food")
    stage.gateway("gateway", listener(GATEWAY), listener(OTHER))
    stage.gateway_route("gateway", "one", "color-1", prefix="/color1", port=GATEWAY)
    stage.deploy_gateway("gateway", GATEWAY, OTHER)
    new_ingress = Ingress(stage, stage.bastion())
    stage.cluster.steady("gateway", "white", "blue", "red", "food")
    return new_ingress


def test_a_gateway_routes_a_prefix_to_a_service_that_splits_evenly(ingress):
    colours = {"white", "blue"}
    eventually(lambda: {ingress.text("/color1/tell") for _ in range(16)} == colours, "the gateway leads on to both")
    seen = Counter(ingress.text("/color1/tell") for _ in range(60))
    assert seen.keys() == colours
    assert min(seen.values()) >= 12  # 60 throws of a fair coin: below that once in 10 million


def test_a_request_that_matches_no_gateway_route_gets_404(ingress):
    assert ingress.text("/color9/tell") == "404"


def test_the_matched_prefix_becomes_a_slash_and_the_host_the_services_name(ingress):
    ingress.stage.gateway_route("gateway", "seen", "color-2", prefix="/color2", port=GATEWAY)
    eventually(lambda: ingress.text("/color2") == "red", "the new route is there")
    assert ingress.text("/color2/tell") == "red"
    seen = ingress.get("/color2/seen?fishes=nemo")["text"]
    assert '"path": "/seen?fishes=nemo"' in seen
    assert f'"color-2.{ingress.stage.domain}"' in seen


def test_a_host_name_and_a_query_are_matched(ingress):
    ingress.stage.gateway_route(
        "gateway", "host", "color-2", prefix="/host", hostname={"exact": "www.example.com"}, port=GATEWAY
    )
    eventually(lambda: ingress.text("/host/tell", host="www.example.com") == "red", "the host name is known")
    assert ingress.text("/host/tell") == "404"
    assert ingress.text("/color1/tell", host="www.example.com") in {"white", "blue"}
    query = [{"name": "fishes", "match": {"exact": "nemo"}}]
    ingress.stage.gateway_route("gateway", "query", "color-2", prefix="/maroon", queryParameters=query, port=GATEWAY)
    eventually(lambda: ingress.text("/maroon/tell?fishes=nemo") == "red", "the query is matched")
    assert ingress.text("/maroon/tell?fishes=dory") == "404"


def test_a_rewrite_can_be_changed_or_disabled(ingress):
    ingress.stage.gateway_route(
        "gateway", "kept", "color-2", prefix="/seen/", rewrite={"prefix": {"defaultPrefix": "DISABLED"}}, port=GATEWAY
    )
    eventually(lambda: ingress.get("/seen/x").get("status") == 200, "the route is there")
    ingress.stage.gateway_route(
        "gateway", "other", "color-2", prefix="/told/", rewrite={"prefix": {"value": "/seen/"}}, port=GATEWAY
    )
    eventually(lambda: ingress.get("/told/x").get("status") == 200, "the route is there")
    host = {"hostname": {"defaultTargetHostname": "DISABLED"}}
    ingress.stage.gateway_route("gateway", "own", "color-2", prefix="/own", rewrite=host, port=GATEWAY)
    eventually(lambda: ingress.get("/own/seen").get("status") == 200, "the route is there")
    seen = ingress.get("/own/seen", host="my.example.com")["text"].lower()
    assert '"my.example.com"' in seen
    assert "x-app-mesh-virtual-service" not in seen


def test_a_client_cannot_choose_the_virtual_service_by_header(ingress):
    seen = ingress.get("/color2/seen", **{"x-app-mesh-virtual-service": f"color-1.{ingress.stage.domain}"})["text"]
    assert f'"color-2.{ingress.stage.domain}"' in seen
    assert "x-app-mesh-virtual-service" not in seen.lower()


def test_each_gateway_listener_reaches_its_router_port_and_node_port(ingress):
    ingress.stage.gateway_route("gateway", "fruit", "food", 3333, prefix="/fruit", port=GATEWAY)
    ingress.stage.gateway_route("gateway", "vegetable", "food", 4444, prefix="/vegetable", port=GATEWAY)
    ingress.stage.gateway_route("gateway", "other", "color-2", port=OTHER)
    eventually(lambda: ingress.text("/", OTHER) == "red", "the other listener leads on")
    eventually(lambda: ingress.text("/fruit") == "food:5555", "fruit comes from one port")
    eventually(lambda: ingress.text("/vegetable") == "food:6666", "vegetables come from the other")


def test_gateway_statistics_have_app_meshs_names(ingress):
    mesh = ingress.stage.name
    statistics = ingress.bastion.statistics(f"gateway.{ingress.stage.domain}", "cds_")
    hop = f"cluster.cds_ingress_{mesh}_gateway_self_redirect_{GATEWAY}_http_15001.upstream_rq_total"
    assert statistics[hop] > 60
    assert statistics[f"cluster.cds_egress_{mesh}_red_http_8080.upstream_rq_total"] > 0
