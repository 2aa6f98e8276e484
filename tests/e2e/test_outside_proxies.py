"""External Envoys, started as App Mesh's own agent starts them, which get their configuration from moyai."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.xds.server.feed import Feed
from tests.e2e.external_proxies import FRONT, agents, answering, mesh
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


async def test_the_stock_agents_envoy_gets_everything_and_follows_changes(outside, outside_apps):
    await outside.launch("stock", agents(outside.socket_path, 9901))
    await outside.until(outside.is_synced)
    await outside.becomes_live(9901)
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: not outside.feed.holders("10.99.0.1", 8081))
    assert await answering(outside) == "two"
    assert dict(outside.feed.responses.items()).keys() == {("pushed",)}


async def test_a_missing_local_cluster_does_not_block_envoys_start(outside):
    await outside.launch("patient", agents(outside.socket_path, 9901).replace("0.001s", "0s"))
    await outside.until(outside.is_synced)
    await outside.becomes_live(9901)
    assert await outside.statistic(9901, "cluster.local_cluster.update_success") == 1


async def test_two_proxies_may_share_one_node_id(outside, outside_apps):
    for number in (1, 2):
        await outside.launch(f"stock-{number}", agents(outside.socket_path, 9900 + number))
    await outside.until(lambda: outside.is_synced(2))
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: outside.is_synced(2) and not outside.feed.holders("10.99.0.1", 8081))
    for number in (1, 2):
        await outside.becomes_live(9900 + number)
    await outside.kill("stock-1")
    await outside.until(outside.is_synced)
    assert outside.feed.holders("10.99.0.2", 8082) == outside.feed.external_proxies(FRONT)


async def test_a_proxy_over_the_limit_waits_until_another_disconnects(outside):
    for number in (1, 2):
        await outside.launch(f"stock-{number}", agents(outside.socket_path, 9900 + number))
    await outside.until(lambda: outside.is_synced(2))
    await outside.launch("stock-3", agents(outside.socket_path, 9903))
    await outside.turned_away("resource_exhausted")
    assert not await outside.is_live(9903)
    await outside.kill("stock-1")
    await outside.until(lambda: outside.is_synced(2))
    await outside.becomes_live(9903)


async def test_a_restarted_control_plane_finds_its_proxies_configured(outside, outside_apps):
    await outside.launch("stock", agents(outside.socket_path, 9901))
    await outside.until(outside.is_synced)
    await outside.stop_serving()
    assert await answering(outside) == "one"
    outside.feed = Feed(outside.settings)
    outside.feed.publish(mesh("one"))
    await outside.serve()
    await outside.until(outside.is_synced)
    assert dict(outside.feed.responses.items()) == {("pushed",): 5}, (
        "it is sent all once more, and refuses nothing of it"
    )
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: not outside.feed.holders("10.99.0.1", 8081))
    assert await answering(outside) == "two"


async def test_a_rejected_configuration_is_reported_and_the_last_good_one_serves(outside, outside_apps):
    await outside.launch("stock", agents(outside.socket_path, 9901))
    await outside.until(outside.is_synced)
    good = mesh("one")
    broken_workload = replace(good.workloads[FRONT], egress_port=70000)
    outside.feed.publish(replace(good, workloads={FRONT: broken_workload}))
    await outside.until(lambda: any(state.rejection for state in outside.feed.states().values()))
    (proxy,) = outside.feed.external_proxies(FRONT)
    assert "port_value" in str(outside.feed.states()[proxy].rejection)
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(outside.is_synced)
    assert await answering(outside) == "two"


async def test_a_proxy_of_a_missing_node_waits_until_the_node_exists(outside):
    await outside.launch("stock", agents(outside.socket_path, 9901, "mesh/shop/virtualNode/later"))
    await outside.turned_away("invalid_argument")
    await asyncio.to_thread(eventually, lambda: "no virtualNode 'later'" in outside.log("stock"))
    assert not await outside.is_live(9901)
