"""The endpoint that Prometheus reads, and who may read it."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.models import load_models
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.app.adapters.prometheus_endpoint import MetricSources, metrics_handler
from moyai.kernel.clock import Instant, Seconds
from moyai.store.sqlite import SqliteStore
from moyai.telemetry.ingest.totals import Totals
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.telemetry.exposition.test_exposition import CALLS, NOW, new_counts


class Keys:
    """A ``KeyStore`` with one key."""

    def secret(self, access_key: str) -> str | None:
        return "tell nobody" if access_key == "AKIA" else None


@pytest.fixture
async def exporter(tmp_path):
    store = SqliteStore.open(tmp_path / "state.db", SeededIds(1), EPOCH)
    gateway = ApiGateway((), load_models(["ecs"]), GatewayDependencies(store, ManualClock(), SeededIds(2)))
    totals = Totals()
    totals.total(CALLS, NOW).add(*new_counts(requests=7), NOW)
    list(totals.take_unsaved())
    totals.confirm_saved()
    yield MetricSources("sim", Instant(5), gateway, store, Feed(BootstrapSettings(Seconds(1))), totals, lambda: None)
    await store.close()


async def request_metrics(scraped, path="/metrics", keys=None, method="GET", **headers):
    answer = await metrics_handler(scraped, keys)(HttpRequest(method, path, "", headers, b""))
    if isinstance(answer, HttpResponse):
        return answer
    return HttpResponse(answer.status, dict(answer.headers), b"".join([chunk async for chunk in answer.chunks]))


def basic(user: str, password: str) -> Mapping[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def test_process_and_mesh_metrics_have_separate_pages(exporter):
    await exporter.gateway.answer(HttpRequest("POST", "/", "", {}, b""))
    own, mesh = (await request_metrics(exporter, "/metrics")), (await request_metrics(exporter, "/metrics/mesh"))
    assert own.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    splitlines = own.body.decode().splitlines()
    assert 'moyai_requests_total{service="",operation="",status="400"} 1' in splitlines
    assert 'moyai_request_duration_seconds_count{service=""} 1' in splitlines
    assert "process_start_time_seconds 5" in splitlines
    assert not [line for line in splitlines if "mesh" in line]
    assert [line.rpartition(" ")[2] for line in mesh.body.decode().splitlines() if "requests_total{" in line] == ["7"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/metrics/", "GET", 200), ("/metrics", "HEAD", 200), ("/metrics", "POST", 405), ("/metrics/x", "GET", 404)],
)
async def test_other_paths_and_methods_are_refused(exporter, path, method, status):
    assert (await request_metrics(exporter, path, method=method)).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (basic("AKIA", "tell nobody"), 200),
        (basic("AKIA", "wrong"), 401),
        (basic("AKIB", ""), 401),
        (basic("", ""), 401),
        ({"authorization": "Basic ???"}, 401),
        ({"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}, 401),
        ({"authorization": basic("AKIA", "tell nobody")["authorization"].replace("Basic", "Bearer")}, 401),
    ],
)
async def test_with_keys_a_key_is_required(exporter, headers, status):
    answer = await request_metrics(exporter, keys=Keys(), **headers)
    assert answer.status == status
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert (b"moyai_info" in answer.body) is (status == 200)
