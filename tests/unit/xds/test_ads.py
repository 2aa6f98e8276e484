"""Both methods on both listeners, over real gRPC."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)

from moyai.kernel.ids import PROXY_HEADER, WorkloadId
from moyai.mesh.ir import InboundPort, MeshIR, Protocol, TimeoutPolicy, Workload
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.authorization import ALL_PROXIES, Authorization
from moyai.xds.server.feed import Feed
from moyai.xds.server.grpc_server import serve_unix
from moyai.xds.server.proxy_auth import ExternalProxyAuth, Peer, ProxyAuth
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.xds.shop_mesh import MESH, directory, task_proxy_auth

ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
FRONT, ONE = WorkloadId(f"{MESH}/virtualNode/front"), WorkloadId("one")
NODE = "mesh/shop/virtualNode/front"
PORT = InboundPort(80, Protocol.TCP, TimeoutPolicy(0, 0), 1, "ingress.db")
SOTW, DELTA = DiscoveryRequest, DeltaDiscoveryRequest


class Listeners:
    """Our own proxies' and external proxies', whose token is good while ``trusted``."""

    def __init__(self, folder: Path) -> None:
        self.own, self.external = folder / "own.sock", folder / "external.sock"
        self.trusted = True
        self.feed = Feed(BootstrapSettings())
        self.feed.publish(MeshIR(workloads={w: Workload(w, "a", 15000, 15001, (PORT,)) for w in (ONE, FRONT)}))

    def authorizations(self, peer: Peer) -> tuple[Authorization, ...] | None:
        return (ALL_PROXIES,) if self.trusted and peer.bearer == "good" else None


@pytest.fixture
async def listeners():
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        new_listeners = Listeners(Path(folder))
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(new_listeners.own))
        auths: dict[Path, ProxyAuth] = {
            new_listeners.own: task_proxy_auth(new_listeners.feed),
            new_listeners.external: ExternalProxyAuth(new_listeners.feed, directory(), new_listeners.authorizations, 2),
        }
        servers = [
            await serve_unix(path, os.getgid(), [AdsHandler(new_listeners.feed, auth)]) for path, auth in auths.items()
        ]
        yield new_listeners
        for server in servers:
            await server.stop(None)


@asynccontextmanager
async def stream(path: Path, form: Any, **metadata: str) -> AsyncIterator[Any]:
    method, answer = (
        ("StreamAggregatedResources", DiscoveryResponse)
        if form is SOTW
        else ("DeltaAggregatedResources", DeltaDiscoveryResponse)
    )
    headers = tuple((PROXY_HEADER if name == "proxy" else name, value) for name, value in metadata.items())
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        call = channel.stream_stream(
            ADS + method, request_serializer=form.SerializeToString, response_deserializer=answer.FromString
        )(metadata=headers)
        yield call
        call.cancel()


async def first_names(path: Path, form: Any, node: str, **metadata: str) -> list[str]:
    """The names of the clusters in the first response, or the code that the stream ended with."""
    async with stream(path, form, **metadata) as call:
        await call.write(form(node=Node(id=node), type_url=ResourceType.CLUSTER))
        try:
            response = await call.read()
        except grpc.aio.AioRpcError as refused:
            return [refused.code().name]
        if form is DELTA:
            return [resource.name for resource in response.resources]
        return [resource.type_url.rpartition(".")[2] for resource in response.resources]


async def end_of(call: Any) -> str:
    """The code that a stream ends with; what is still on its way is left there."""
    return str((await call.code()).name)


@pytest.mark.parametrize(("form", "found"), [(DELTA, ["one/app:80"]), (SOTW, ["Cluster"])])
async def test_a_proxy_gets_its_own_configuration(listeners, form, found):
    assert await first_names(listeners.own, form, "one", proxy="one") == found


@pytest.mark.parametrize(
    ("metadata", "code"),
    [({}, "UNAUTHENTICATED"), ({"proxy": "two"}, "PERMISSION_DENIED")],
    ids=["unnamed", "another"],
)
@pytest.mark.parametrize("form", [DELTA, SOTW])
async def test_a_proxy_without_one_consistent_name_is_refused(listeners, form, metadata, code):
    assert await first_names(listeners.own, form, "one", **metadata) == [code]


@pytest.mark.parametrize(("form", "found"), [(DELTA, [f"{FRONT}/app:80"]), (SOTW, ["Cluster"])])
async def test_an_external_proxy_needs_only_a_node_id_and_credentials(listeners, form, found):
    assert await first_names(listeners.external, form, NODE, authorization="Bearer good") == found


@pytest.mark.parametrize(
    ("node", "authorization", "code"),
    [
        (NODE, "Bearer bad", "UNAUTHENTICATED"),
        (NODE, "good", "UNAUTHENTICATED"),
        ("mesh/shop/virtualNode/nobody", "Bearer good", "INVALID_ARGUMENT"),
        ("one", "Bearer good", "INVALID_ARGUMENT"),
    ],
    ids=["bad", "no bearer", "nobody", "one of our own"],
)
async def test_a_refused_external_proxy_gets_the_reason(listeners, node, authorization, code):
    assert await first_names(listeners.external, SOTW, node, authorization=authorization) == [code]


async def test_an_external_proxy_over_the_limit_is_refused(listeners):
    texts = {"authorization": "Bearer good"}
    async with (
        stream(listeners.external, SOTW, **texts) as first_stream,
        stream(listeners.external, DELTA, **texts) as two,
    ):
        for call, form in ((first_stream, SOTW), (two, DELTA)):
            await call.write(form(node=Node(id=NODE), type_url=ResourceType.CLUSTER))
            assert await call.read() is not grpc.aio.EOF
        assert {proxy.rpartition("#")[2] for proxy in listeners.feed.external_proxies(FRONT)} == {"1", "2"}
        assert await first_names(listeners.external, SOTW, NODE, **texts) == ["RESOURCE_EXHAUSTED"]


async def test_a_revoked_token_ends_its_streams_at_the_next_request(listeners):
    async with stream(listeners.external, SOTW, authorization="Bearer good") as call:
        await call.write(SOTW(node=Node(id=NODE), type_url=ResourceType.CLUSTER))
        await call.read()
        listeners.trusted = False
        await call.write(SOTW(type_url=ResourceType.LISTENER))
        assert await end_of(call) == "UNAUTHENTICATED"
    async with asyncio.timeout(60):
        while listeners.feed.external_proxies(FRONT):  # noqa: ASYNC110 - the server closes it after its client knows
            await asyncio.sleep(0.01)


async def test_a_stream_with_too_many_subscriptions_is_ended(listeners):
    names = [f"n{number}" for number in range(20_001)]
    async with stream(listeners.external, DELTA, authorization="Bearer good") as call:
        await call.write(DELTA(node=Node(id=NODE), type_url=ResourceType.SECRET, resource_names_subscribe=names))
        assert await end_of(call) == "RESOURCE_EXHAUSTED"


async def test_an_unserved_method_is_unimplemented(listeners):
    async with grpc.aio.insecure_channel(f"unix:{listeners.own}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as exc_info:
            await channel.unary_unary("/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters", bytes)(b"")
    assert exc_info.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_the_socket_is_private(listeners):
    assert stat.S_IMODE(listeners.own.stat().st_mode) & 0o007 == 0


async def test_a_file_that_is_not_a_socket_is_kept(tmp_path):
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="notes"):
        await serve_unix(path, os.getgid(), [])
    assert path.read_text() == "mine"
