"""``moyai appmesh proxy``: what it starts, how that ends, and how it comes in over TCP."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pyroute2 import netns

from moyai.app.adapters.external_tls import issued_certificate
from moyai.app.adapters.proxy_tokens import ProxyTokens
from moyai.app.clock import SystemClock
from moyai.app.config import EXTERNAL_CA_FILE
from moyai.kernel.clock import Instant
from moyai.pki.library import CryptographyPki
from moyai.testing.world import SCOPE
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.grpc_server import serve_tcp
from moyai.xds.server.proxy_auth import ExternalProxyAuth
from tests.e2e.envoy_rig import Namespace
from tests.e2e.external_proxies import COMMAND, FRONT, NODE, SERVED, Outside, answering, mesh
from tests.e2e.installation import Installation
from tests.e2e.ports import free_port
from tests.e2e.waiting import PATIENCE, STEP, eventually, while_it_lasts
from tests.unit.xds.shop_mesh import directory

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class Slow:
    """An application that answers when the test lets it."""

    def __init__(self) -> None:
        self.asked, self.told = asyncio.Event(), asyncio.Event()

    async def start(self, namespace: Namespace) -> asyncio.Server:
        listening = await namespace.listen("127.0.0.1", SERVED[1])
        return await asyncio.start_server(self._serve, sock=listening)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        await self.told.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
        writer.close()


@pytest.mark.parametrize("form", [(), ("--sotw",)], ids=["delta", "whole sets"])
async def test_the_proxy_command_starts_an_envoy_and_leaves_nothing(outside, outside_apps, form):
    process = await outside.command("--socket", str(outside.socket_path), *form)
    await outside.until(outside.is_synced)
    assert await answering(outside) == "one"
    outside.feed.publish(mesh("two"))
    await outside.until(lambda: not outside.feed.holders("10.99.0.1", 8081))
    assert await answering(outside) == "two"
    await outside.until(lambda: outside.reporters == outside.feed.external_proxies(FRONT))
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, PATIENCE) == 0
    assert (outside.envoys(), list(outside.folder.glob("moyai-proxy-*"))) == ([], [])


async def test_the_proxy_command_drains_active_requests(outside):
    slow = Slow()
    server = await slow.start(outside.namespace)
    process = await outside.command("--socket", str(outside.socket_path))
    await outside.until(outside.is_synced)
    asking = asyncio.create_task(outside.namespace.get(*SERVED))
    await slow.asked.wait()
    process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(eventually, lambda: b"draining" in (outside.folder / "command").read_bytes())
    assert process.poll() is None
    slow.told.set()
    answer = await asking
    assert (answer.status, answer.body) == (200, "done")
    assert await asyncio.to_thread(process.wait, PATIENCE) == 0
    server.close()


async def test_an_envoy_does_not_outlive_the_command(outside):
    process = await outside.command("--socket", str(outside.socket_path))
    await outside.until(outside.is_synced)
    await asyncio.to_thread(eventually, lambda: not list(outside.folder.glob("moyai-proxy-*")))
    process.kill()
    await asyncio.to_thread(eventually, lambda: not outside.envoys())
    await outside.until(lambda: not outside.feed.external_proxies(FRONT))


@asynccontextmanager
async def over_tcp(outside: Outside) -> AsyncIterator[tuple[str, str, ProxyTokens]]:
    """A listener on TCP in the proxies' namespace: where it is, whose certificate it shows, and its tokens."""
    folder = outside.folder / "keys"
    keys = await issued_certificate(folder, None, CryptographyPki(), SystemClock())
    tokens = ProxyTokens(outside.folder / "tokens.json", SCOPE)
    auth = ExternalProxyAuth(outside.feed, directory(), tokens.authorizations_of, 2)
    netns.pushns(outside.namespace.name)
    try:
        server, port = await serve_tcp("127.0.0.1:0", keys, [AdsHandler(outside.feed, auth)])
    finally:
        netns.popns()
    yield f"127.0.0.1:{port}", str(folder / EXTERNAL_CA_FILE), tokens
    await server.stop(None)


async def test_over_tcp_a_wrong_token_is_refused(outside, outside_apps):
    async with over_tcp(outside) as (place, authority, tokens):
        way = ("--xds", place, "--ca", authority)
        other = tokens.issue("mesh/shop/virtualNode/back", Instant(0))
        for token, code in ((other, "permission_denied"), ("no.token", "unauthenticated")):
            process = await outside.command(*way, "--token", token)
            await outside.turned_away(code)
            assert not await outside.is_live(9901)
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, PATIENCE)
        await outside.command(*way, "--token", tokens.issue("mesh/shop", Instant(0)))
        await outside.until(outside.is_synced)
        assert await answering(outside) == "one"


async def test_over_tcp_the_command_sends_no_token_to_a_server_with_another_name(outside):
    async with over_tcp(outside) as (place, authority, tokens):
        way = ("--xds", place, "--ca", authority, "--token", tokens.issue("", Instant(0)))
        await outside.command(*way, "--server-name", "other.example")
        async with asyncio.timeout(PATIENCE):
            while await outside.statistic(9901, "cluster.moyai-xds.ssl.fail_verify_san") == 0:
                await asyncio.to_thread(while_it_lasts, STEP)
        assert outside.feed.external_proxies(FRONT) == frozenset()


@pytest.fixture
def installation(tmp_path):
    new_installation = Installation(
        tmp_path / "state", "--runtime", "sim", "--dns-port", "0", "--appmesh-xds", "127.0.0.1:0"
    )
    new_installation.up()
    yield new_installation
    assert new_installation.leave() == []


def proxies(installation: Installation) -> dict[str, int]:
    found_proxies: dict[str, int] = json.loads(installation.own("GET", "health"))["proxies"]
    return found_proxies


def test_a_server_configures_proxies_over_its_socket_and_over_tcp(installation):
    meshes = installation.client("appmesh")
    meshes.create_mesh(meshName="shop")
    meshes.create_virtual_node(meshName="shop", virtualNodeName="front", spec={})
    state = ("--state", str(installation.state))
    token = installation.moyai("appmesh", "token", "issue", "--for", NODE, *state).strip()
    (port,) = re.findall(r"over TCP at port (\d+), with a token", installation.log.read_text())
    admin = f"127.0.0.1:{free_port()}"
    for way in ((), ("--sotw",), ("--xds", f"localhost:{port}", "--token", token)):
        process = subprocess.Popen([*COMMAND, *state, "--admin", admin, *way])
        try:
            eventually(lambda: proxies(installation)["synced"])
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        eventually(lambda: not proxies(installation)["connected"])
    assert installation.doctor() == []
