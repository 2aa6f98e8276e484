"""howto-circuit-breakers, retold: what is too much for a gateway's or a node's connection pool is refused at once, and
counted where people look for it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT, AT_ONCE = 9080, 12


class Pools(NamedTuple):
    stage: Stage
    bastion: Bastion

    def crowd(self) -> Counter[int]:
        """The statuses of requests that come at once, and each of which takes a second."""
        url = f"http://gateway.{self.stage.domain}:{PORT}/delay/1"
        return Counter(self.bastion.ask("crowd", url=url, number=AT_ONCE)["statuses"])

    def statistic(self, host: str, name: str) -> int:
        """A statistic of the proxy of that name."""
        return self.bastion.statistics(f"{host}.{self.stage.domain}", name.rpartition(".")[2]).get(name, -1)


def pool(**limits: int) -> dict[str, Any]:
    return {"connectionPool": {"http": limits}}


@pytest.fixture(scope="module")
def pools(server: Installation) -> Pools:
    stage = Stage(server, "howto-circuit-breakers")
    stage.node("white", listener())
    stage.service("white", node="white")
    stage.colour("white", 8080)
    stage.gateway("gateway", listener(PORT))
    stage.gateway_route("gateway", "white", "white", prefix="/")
    stage.deploy_gateway("gateway", PORT)
    new_pools = Pools(stage, stage.bastion())
    stage.cluster.steady("gateway", "white")
    eventually(lambda: new_pools.crowd() == {200: AT_ONCE}, "without limits all are answered")
    return new_pools


def test_a_gateways_connection_pool_refuses_requests_over_its_limit(pools):
    stage = pools.stage
    cluster = f"cluster.cds_ingress_{stage.name}_gateway_self_redirect_http_15001"
    limited = {"listeners": [listener(PORT, **pool(maxConnections=4, maxPendingRequests=1))]}
    stage.appmesh.update_virtual_gateway(meshName=stage.name, virtualGatewayName="gateway", spec=limited)
    eventually(lambda: pools.crowd() == {200: 5, 503: AT_ONCE - 5}, "four are under way, one waits")
    assert pools.statistic("gateway", f"{cluster}.upstream_rq_pending_overflow") >= AT_ONCE - 5
    assert pools.statistic("gateway", f"{cluster}.upstream_cx_overflow") > 0
    unlimited = {"listeners": [listener(PORT)]}
    stage.appmesh.update_virtual_gateway(meshName=stage.name, virtualGatewayName="gateway", spec=unlimited)
    eventually(lambda: pools.crowd() == {200: AT_ONCE}, "the limit is gone")


def test_a_nodes_connection_pool_is_enforced_by_its_own_proxy(pools):
    stage = pools.stage
    cluster = f"cluster.cds_ingress_{stage.name}_white_http_8080"
    limited = {"listeners": [listener(**pool(maxConnections=2, maxPendingRequests=1))]}
    stage.appmesh.update_virtual_node(
        meshName=stage.name,
        virtualNodeName="white",
        spec=limited | {"serviceDiscovery": stage.cloud_map_discovery("white")},
    )
    eventually(lambda: pools.crowd()[503] > 0, "the node refuses what is too much")
    assert pools.statistic("white", f"{cluster}.upstream_rq_pending_overflow") > 0
