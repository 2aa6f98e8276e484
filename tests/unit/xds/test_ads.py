"""Who may speak for whom on the socket."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import InboundPort, Mesh, Protocol, TimeoutPolicy, Workload
from moyai.xds.server.ads import AdsHandler, serve
from moyai.xds.server.feed import Feed
from moyai.xds.server.resource import Kind
from moyai.xds.translate.bootstrap import ProxySettings

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
ONE = WorkloadId("one")
PORT = InboundPort(80, Protocol.TCP, TimeoutPolicy(0, 0), 1, "ingress.db")


@pytest.fixture
async def socket():
    feed = Feed(ProxySettings())
    feed.publish(Mesh(workloads={ONE: Workload(ONE, "a", 15000, 15001, (PORT,))}))
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        path = Path(folder) / "xds.sock"
        path.touch()
        server = await serve(path, os.getgid(), [AdsHandler(feed)])
        yield path
        await server.stop(None)


async def first_response(path: Path, node: str, metadata: tuple[tuple[str, str], ...]) -> DeltaDiscoveryResponse:
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        call = channel.stream_stream(
            METHOD,
            request_serializer=DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=DeltaDiscoveryResponse.FromString,
        )(metadata=metadata)
        await call.write(DeltaDiscoveryRequest(node=Node(id=node), type_url=Kind.CLUSTER))
        response = await call.read()
        if response is grpc.aio.EOF:
            raise AssertionError(await call.code())
        call.cancel()
        assert isinstance(response, DeltaDiscoveryResponse)
        return response


async def test_a_proxy_gets_its_own_configuration(socket):
    response = await first_response(socket, "one", (("x-moyai-workload", "one"),))
    assert [r.name for r in response.resources] == ["one/app:80"]


@pytest.mark.parametrize("metadata", [(), (("x-moyai-workload", "two"),)], ids=["unnamed", "another"])
async def test_a_proxy_that_does_not_say_one_thing_is_refused(socket, metadata):
    with pytest.raises((grpc.aio.AioRpcError, AssertionError)) as refused:
        await first_response(socket, "one", metadata)
    assert "PERMISSION_DENIED" in str(refused.value)


async def test_the_socket_is_closed_to_others(socket):
    assert stat.S_IMODE(socket.stat().st_mode) & 0o007 == 0
