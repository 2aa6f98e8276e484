"""Pushes over a real gRPC server on a Unix socket."""

from __future__ import annotations

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from moyai.kernel.clock import Instant
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.otlp import MetricsService, Stranger
from moyai.telemetry.query import ArchiveReader
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import FRONT, Office, push

METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PUSH = push(1, {"http.egress.cart.downstream_rq_total": 3})


def whose(context: grpc.aio.ServicerContext[bytes, bytes]) -> ProxyId | Stranger:
    found = dict(context.invocation_metadata() or ()).get(PROXY_HEADER)
    return ProxyId(str(found)) if found else Stranger(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


@pytest.fixture
async def desk(tmp_path):
    office = Office()
    heard: list[ProxyId] = []
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((MetricsService(office.recorder, ManualClock(), heard.append).handler(whose),))
    server.add_insecure_port(f"unix:{tmp_path}/s")
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/s") as channel:
        yield channel.unary_unary(METHOD), office, heard
    await server.stop(None)


async def test_a_push_is_counted_and_told_of(desk):
    export, office, heard = desk
    answer = await export(PUSH, metadata=((PROXY_HEADER, FRONT),))
    assert ExportMetricsServiceResponse.FromString(answer) == ExportMetricsServiceResponse()
    assert heard == [FRONT]
    [edge] = ArchiveReader(office.archive).edges((EPOCH, Instant(EPOCH + 5)))
    assert edge.requests == 3


@pytest.mark.parametrize(
    ("body", "metadata", "code"),
    [
        pytest.param(PUSH, (), grpc.StatusCode.UNAUTHENTICATED, id="nobody's"),
        pytest.param(b"\xff\xff", ((PROXY_HEADER, FRONT),), grpc.StatusCode.INVALID_ARGUMENT, id="not OTLP"),
    ],
)
async def test_what_is_refused(desk, body, metadata, code):
    export, office, heard = desk
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await export(body, metadata=metadata)
    assert raised.value.code() is code
    assert heard == []
    assert office.archive.scopes() == ()
