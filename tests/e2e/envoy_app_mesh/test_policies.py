"""Real Envoys keep to what a node or a route asks for: retries, timeouts, limits, health, and what is written down."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from moyai.mesh.ir import (
    ActiveHealthCheck,
    ConnectionLimits,
    Failure,
    FileLog,
    Member,
    OutlierPolicy,
    Protocol,
    RetryCondition,
    RetryPolicy,
    TimeoutPolicy,
)
from tests.e2e.envoy_app_mesh.mesh import ANYWHERE, CALLER, ONE, caller, host, http, mesh, node, rule, to
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PAIR = (Member("a", "127.0.0.1", 8081), Member("a", "127.0.0.1", 8082))
CLUSTER = "cluster.cds_egress_shop_one_http_80"


async def test_only_listed_conditions_are_retried(envoys, apps):
    policy = RetryPolicy(2, (RetryCondition.RESET, RetryCondition.REFUSED_STREAM), (500, 503), 5)
    shop = host("shop", rule("one", retry=policy, stat_name="listed"))
    await envoys.configure(mesh(caller(http(shop)), destinations=[to("one")], groups={"one": PAIR[:1]}), CALLER)
    for answered, seen, tries in (((503, 500), 200, 3), ((503,) * 3, 503, 3), ((501,), 501, 1), ((409,), 409, 1)):
        apps[0].requests.clear()
        apps[0].statuses.extend(answered)
        assert (await envoys.namespace.get(ANYWHERE, 80, host="shop")).status == seen
        assert len(apps[0].requests) == tries
    assert await envoys.count(CALLER, f"{CLUSTER}.upstream_rq_retry") == 4
    assert await envoys.count(CALLER, "vhost.shop.route.listed.upstream_rq_total") == 8


async def test_a_request_times_out_after_the_routes_timeout(envoys, apps):
    shop = host("shop", rule("one", timeouts=TimeoutPolicy(0.2, 300)))
    await envoys.configure(mesh(caller(http(shop)), destinations=[to("one")], groups={"one": PAIR[:1]}), CALLER)
    assert (await envoys.namespace.get(ANYWHERE, 80, "/hold", host="shop")).status == 504
    assert await envoys.count(CALLER, f"{CLUSTER}.upstream_rq_timeout") == 1


async def test_a_server_refuses_and_counts_requests_over_its_limits(envoys, apps):
    await envoys.configure(mesh(node(ONE, limits=ConnectionLimits(connections=1, pending=1)), destinations=()), ONE)
    cluster = "cluster.cds_ingress_one_http_8081"
    get = envoys.namespace.get
    requests = [asyncio.create_task(get("10.99.0.1", 8081, "/hold"))]
    await envoys.wait_for_statistic(ONE, f"{cluster}.upstream_rq_active", 1)
    requests.append(asyncio.create_task(get("10.99.0.1", 8081, "/hold")))
    await envoys.wait_for_statistic(ONE, f"{cluster}.upstream_rq_pending_active", 1)
    assert (await get("10.99.0.1", 8081)).status == 503
    assert await envoys.count(ONE, f"{cluster}.upstream_rq_pending_overflow") == 1
    assert await envoys.count(ONE, f"{cluster}.upstream_cx_overflow") >= 1
    assert await envoys.count(ONE, f"{cluster}.circuit_breakers.default.cx_open") == 1
    apps[0].released.set()
    assert {answer.status for answer in await asyncio.gather(*requests)} == {200}


async def test_consecutive_errors_eject_an_endpoint(envoys, apps):
    outlier = OutlierPolicy(3, 10, 30, 300, 100, Failure.SERVER_ERROR)
    routed_mesh = mesh(
        caller(http(host("shop", rule("one")))), destinations=[to("one", outlier=outlier)], groups={"one": PAIR}
    )
    await envoys.configure(routed_mesh, CALLER)
    apps[0].statuses.extend([500] * 3)
    answers = [await envoys.namespace.get(ANYWHERE, 80, host="shop") for _ in range(6)]
    assert sorted(answer.status for answer in answers) == [200] * 3 + [500] * 3
    assert await envoys.count(CALLER, f"{CLUSTER}.outlier_detection.ejections_enforced_consecutive_5xx") == 1
    assert await envoys.count(CALLER, f"{CLUSTER}.outlier_detection.ejections_active") == 1
    apps[1].requests.clear()
    assert {(await envoys.namespace.get(ANYWHERE, 80, host="shop")).status for _ in range(4)} == {200}
    assert len(apps[1].requests) == 4


async def test_an_endpoint_that_fails_health_checks_gets_no_requests(envoys, apps):
    check = ActiveHealthCheck(Protocol.HTTP, 0.1, 60, 1, 1, "/ping")
    destination = to("one", health_check=check)
    shop = caller(http(host("shop", rule("one"))))
    await envoys.configure(mesh(shop, destinations=[destination], groups={"one": PAIR}), CALLER)
    await envoys.wait_for_statistic(CALLER, f"{CLUSTER}.membership_healthy", 2)
    apps[0].health = 503
    await envoys.wait_for_statistic(CALLER, f"{CLUSTER}.membership_healthy", 1)
    for _ in range(4):
        await envoys.namespace.get(ANYWHERE, 80, host="shop")
    assert (len(apps[0].requests), len(apps[1].requests)) == (0, 4)
    apps[0].health = 200
    await envoys.wait_for_statistic(CALLER, f"{CLUSTER}.membership_healthy", 2)
    await envoys.configure(mesh(shop, destinations=[destination], groups={"one": PAIR[1:]}), CALLER)
    await envoys.wait_for_statistic(
        CALLER, f"{CLUSTER}.membership_total", 1
    )  # though the first still says that it is well


@pytest.mark.parametrize(
    "log",
    [
        FileLog("", text="%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%\n"),
        FileLog("", json=(("path", "%REQ(:PATH)%"), ("status", "%RESPONSE_CODE%"))),
        FileLog(""),
    ],
    ids=["text", "json", "as Envoy does"],
)
async def test_access_logs_are_written_to_the_configured_file(envoys, apps, log):
    path = envoys.folder / "access.log"
    changed_caller = replace(caller(http(host("shop", rule("one")))), access_log=replace(log, path=str(path)))
    await envoys.configure(mesh(changed_caller, destinations=[to("one")], groups={"one": PAIR[:1]}), CALLER)
    await envoys.namespace.get(ANYWHERE, 80, "/page?q=1", host="shop")
    await asyncio.to_thread(eventually, lambda: path.exists() and path.read_text().endswith("\n"))
    written = path.read_text()
    if log.text:
        assert written == "GET /page?q=1 200\n"
    elif log.json:
        assert json.loads(written) == {"path": "/page?q=1", "status": 200}
    else:
        assert '"GET /page?q=1 HTTP/1.1" 200' in written
