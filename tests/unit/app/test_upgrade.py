"""An older moyai's proxies go on reporting over gRPC, this one's report over HTTP: to the listeners that both know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import permutations
from pathlib import Path

import grpc
import pytest

from moyai.app.adapters.proxy_listeners import ProxyListeners
from moyai.app.config import RuntimeKind, Settings
from moyai.app.state_paths import StatePaths
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH, ManualClock
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.telemetry.pushes import FRONT, Telemetry, called_requests, push, push_request
from tests.unit.xds.shop_mesh import directory

EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
OTHER = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/front2")
"""The other task of the same service."""


class Installation:
    """A control plane, as far as proxies report to it. ``saved``: how far the one before had counted them."""

    def __init__(self, state: Path, saved: Mapping[ProxyId, bytes] | None = None) -> None:
        self.settings = Settings(state=StatePaths(state), runtime=RuntimeKind.LINUX)
        reporters = Telemetry().reporters
        reporters[OTHER] = reporters[FRONT]
        self.head = MetricHead()
        self.recorder = Recorder(self.head, reporters.get, EPOCH, (saved or {}).get)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Installation]:
        statistics = MetricsService(self.recorder, ManualClock(), lambda _: None)
        async with AsyncExitStack() as leaving:
            await ProxyListeners(self.settings, Feed(BootstrapSettings()), directory(), statistics).open(leaving)
            yield self

    async def over_grpc(self, proxy: ProxyId, second: int, count: int) -> None:
        """Report, as of some second, how many calls a proxy has made since it began."""
        async with grpc.aio.insecure_channel(f"unix:{self.settings.state.xds_socket}") as channel:
            await channel.unary_unary(EXPORT, bytes)(call_push(second, count), metadata=((PROXY_HEADER, proxy),))

    async def over_http(self, proxy: ProxyId, second: int, count: int) -> None:
        """The same."""
        reader, writer = await asyncio.open_unix_connection(self.settings.state.statistics_socket)
        writer.write(push_request(call_push(second, count), proxy))
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()

    @property
    def total_requests(self) -> float:
        """Requests in all."""
        return called_requests(SeriesReader(self.head, self.recorder.buffer.flush), EPOCH)

    def save(self) -> Mapping[ProxyId, bytes]:
        """How far each has been counted."""
        return {stored.proxy: stored.body for stored in self.recorder.take_unsaved_proxies()}


Way = Callable[[Installation, ProxyId, int, int], Awaitable[None]]
WAYS: tuple[Way, ...] = (Installation.over_grpc, Installation.over_http)
CHANGES = pytest.mark.parametrize(("former", "latter"), [*permutations(WAYS)], ids=["to HTTP", "to gRPC"])


def call_push(second: int, count: int) -> bytes:
    names = ("http.egress.cart.downstream_rq_total", "cluster.egress.cart.upstream_rq_2xx")
    return push(second, dict.fromkeys(names, count))


async def test_proxies_over_grpc_and_http_are_each_counted_once(tmp_path):
    async with Installation(tmp_path).open() as installation:
        await installation.over_grpc(FRONT, 1, 3)
        await installation.over_http(OTHER, 1, 5)
        assert installation.total_requests == 3 + 5
        await installation.over_grpc(FRONT, 2, 10)
        await installation.over_http(OTHER, 2, 9)
        assert installation.total_requests == 10 + 9


@CHANGES
async def test_a_proxy_that_changes_its_protocol_continues_its_counts(tmp_path, former, latter):
    async with Installation(tmp_path).open() as installation:
        await former(installation, FRONT, 1, 3)
        await latter(installation, FRONT, 2, 10)
        assert installation.total_requests == 10
        await former(installation, FRONT, 2, 10)
        await former(installation, FRONT, 1, 3)
        assert installation.total_requests == 10, "what comes again, or late, is nothing new"


@CHANGES
async def test_a_restarted_proxy_with_another_protocol_counts_from_0(tmp_path, former, latter):
    async with Installation(tmp_path).open() as installation:
        await former(installation, FRONT, 1, 10)
        await latter(installation, FRONT, 2, 3)
        assert installation.total_requests == 10 + 3


@CHANGES
async def test_the_protocol_may_change_with_a_restart_of_the_control_plane(tmp_path, former, latter):
    async with Installation(tmp_path).open() as before:
        await former(before, FRONT, 1, 3)
    async with Installation(tmp_path, before.save()).open() as installation:
        await latter(installation, FRONT, 2, 10)
        assert (before.total_requests, installation.total_requests) == (3, 7)
