"""Real Envoys that no task has, started as App Mesh's own agent starts them, and led over the guests' doors."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import grpc
import pytest
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Call,
    Destination,
    EndpointGroup,
    Grouped,
    Member,
    Mesh,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RouteTable,
    Rule,
    Service,
    Target,
    TimeoutPolicy,
    Workload,
)
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.binding import serve
from moyai.xds.server.feed import Feed
from moyai.xds.server.gate import GuestGate
from moyai.xds.server.reach import EVERYTHING
from tests.e2e.envoy_rig import Rig, rigged
from tests.e2e.rig_app import App
from tests.e2e.waiting import eventually
from tests.unit.xds.house import MESH, directory

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = WorkloadId(f"{MESH}/virtualNode/front")
NODE = "mesh/shop/virtualNode/front"
HTTP = ("127.255.0.1", 80)
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
MEMBERS = {"one": Member("a", "10.99.0.1", 8081), "two": Member("a", "10.99.0.2", 8082)}


def mesh(*back: str) -> Mesh:
    """The virtual node calls ``http``, behind which these are registered."""
    table = RouteTable((Rule((Target("http"),), TIMEOUTS),))
    outlier = OutlierPolicy(5, 10, 30, 300, 50)
    return Mesh(
        workloads={FRONT: Workload(FRONT, "a", 15000, 15001, outbound=OutboundView((Call(*HTTP, "http"),)))},
        services={"http": Service("http", Protocol.HTTP, table, "egress.http")},
        destinations={"http": Destination("http", Grouped("http"), Protocol.HTTP, 1, outlier, "egress.http")},
        groups={"http": EndpointGroup("http", tuple(MEMBERS[name] for name in back))},
    )


def agents(socket: Path, admin: int, node: str = NODE) -> str:
    """What App Mesh's agent writes where APPMESH_XDS_ENDPOINT is a ``unix://`` path."""
    keepalive = {"grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 20_000}
    arguments = {"grpc.http2.max_pings_without_data": 0, **keepalive}
    channel = {"args": {name: {"int_value": value} for name, value in arguments.items()}}
    found: dict[str, Any] = {
        "admin": {"address": {"socket_address": {"address": "0.0.0.0", "port_value": admin}}},  # noqa: S104
        "node": {
            "id": node,
            "cluster": node,
            "locality": {"zone": "use1-az1"},
            "metadata": {"aws.appmesh.platformInfo": {"ecsPlatformInfo": {}}, "aws.appmesh.task.interfaces": {}},
        },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [
                    {"google_grpc": {"target_uri": f"unix://{socket}", "stat_prefix": "ads", "channel_args": channel}}
                ],
            },
            "lds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
            "cds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
        },
        "cluster_manager": {"local_cluster_name": "local_cluster"},
        "static_resources": {
            "clusters": [
                {
                    "name": "local_cluster",
                    "type": "EDS",
                    "eds_cluster_config": {
                        "eds_config": {"ads": {}, "initial_fetch_timeout": "0.001s", "resource_api_version": "V3"}
                    },
                }
            ]
        },
    }
    return json.dumps(found)


class Outside(Rig):
    """With a door for guests beside our own proxies'."""

    guests: grpc.aio.Server

    async def serve(self) -> None:
        await super().serve()
        gate = GuestGate(self.feed, directory(), lambda _asker: (EVERYTHING,), 2)
        self.guests = await serve(self.door, os.getgid(), [AdsHandler(self.feed, gate)])

    @property
    def door(self) -> Path:
        return self.folder / "guests.sock"

    async def stop_serving(self) -> None:
        await super().stop_serving()
        await self.guests.stop(None)

    def synced(self, count: int = 1) -> bool:
        states = [self.feed.states()[proxy] for proxy in self.feed.guests(FRONT)]
        return len(states) == count and all(state.synced for state in states)

    async def close(self) -> None:
        await super().close()
        await self.guests.stop(None)

    async def turned_away(self, code: str) -> None:
        await asyncio.to_thread(eventually, lambda: (code,) in dict(self.feed.turned_away.items()))

    async def is_live(self, admin: int) -> bool:
        return "LIVE" in (await self.namespace.get("127.0.0.1", admin, "/server_info")).body


@pytest.fixture
async def outside():
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with rigged(Outside, Path(folder), {"127.255.0.0/16": 15001}) as made:
            made.feed.publish(mesh("one"))
            yield made


@pytest.fixture
async def apps(outside):
    one, two = App("one"), App("two")
    await one.start(outside.namespace, 8081, "10.99.0.1")
    await two.start(outside.namespace, 8082, "10.99.0.2")
    yield one, two
    await one.stop()
    await two.stop()


async def answering(outside: Outside) -> str:
    answer = await outside.namespace.get(*HTTP)
    assert answer.status == 200
    return str(json.loads(answer.body)["app"])


async def test_the_stock_agents_envoy_gets_everything_and_follows_changes(outside, apps):
    await outside.launch("stock", agents(outside.door, 9901))
    await outside.until(outside.synced)
    assert await outside.is_live(9901)
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: not outside.feed.holders("10.99.0.1", 8081))
    assert await answering(outside) == "two"
    assert dict(outside.feed.figures.items()).keys() == {("pushed",)}


async def test_the_local_cluster_that_nobody_has_keeps_no_envoy_from_starting(outside):
    await outside.launch("patient", agents(outside.door, 9901).replace("0.001s", "0s"))
    await outside.until(outside.synced)
    assert await outside.is_live(9901)
    found = await outside.namespace.get("127.0.0.1", 9901, "/stats?filter=cluster.local_cluster.update_success")
    assert found.body.strip() == "cluster.local_cluster.update_success: 1"


async def test_two_proxies_of_one_node_id_stand_side_by_side(outside, apps):
    for number in (1, 2):
        await outside.launch(f"stock-{number}", agents(outside.door, 9900 + number))
    await outside.until(lambda: outside.synced(2))
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: outside.synced(2) and not outside.feed.holders("10.99.0.1", 8081))
    assert [await outside.is_live(9900 + number) for number in (1, 2)] == [True, True]
    await outside.kill("stock-1")
    await outside.until(outside.synced)
    assert outside.feed.holders("10.99.0.2", 8082) == outside.feed.guests(FRONT)


async def test_one_too_many_waits_until_another_has_gone(outside):
    for number in (1, 2):
        await outside.launch(f"stock-{number}", agents(outside.door, 9900 + number))
    await outside.until(lambda: outside.synced(2))
    await outside.launch("stock-3", agents(outside.door, 9903))
    await outside.turned_away("resource_exhausted")
    assert not await outside.is_live(9903)
    await outside.kill("stock-1")
    await outside.until(lambda: outside.synced(2))
    assert await outside.is_live(9903)


async def test_a_control_plane_that_comes_back_finds_its_proxies_with_what_they_had(outside, apps):
    await outside.launch("stock", agents(outside.door, 9901))
    await outside.until(outside.synced)
    await outside.stop_serving()
    assert await answering(outside) == "one"
    outside.feed = Feed(outside.settings)
    outside.feed.publish(mesh("one"))
    await outside.serve()
    await outside.until(outside.synced)
    assert dict(outside.feed.figures.items()) == {("pushed",): 2}  # endpoints and routes, by name
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: not outside.feed.holders("10.99.0.1", 8081))
    assert await answering(outside) == "two"


async def test_what_envoy_refuses_is_seen_and_the_last_good_goes_on(outside, apps):
    await outside.launch("stock", agents(outside.door, 9901))
    await outside.until(outside.synced)
    good = mesh("one")
    broken = replace(good.workloads[FRONT], egress_port=70000)
    outside.feed.publish(replace(good, workloads={FRONT: broken}))
    await outside.until(lambda: any(state.rejected for state in outside.feed.states().values()))
    (proxy,) = outside.feed.guests(FRONT)
    assert "port_value" in str(outside.feed.states()[proxy].rejected)
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(outside.synced)
    assert await answering(outside) == "two"


async def test_a_node_that_is_not_there_keeps_its_proxy_from_starting_until_it_is(outside):
    await outside.launch("stock", agents(outside.door, 9901, "mesh/shop/virtualNode/later"))
    await outside.turned_away("invalid_argument")
    await asyncio.to_thread(eventually, lambda: "no virtualNode 'later'" in outside.log("stock"))
    assert not await outside.is_live(9901)
