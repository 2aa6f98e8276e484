"""A network namespace with real Envoys in it, led by a Feed in this process.

All workloads share the one namespace, so each has addresses and proxy ports of its own: an app listens on
loopback at its workload's port, callers come through 10.99.0.<n>, and an egress port is used by the one
caller that the redirect of 127.255.0.0/16 leads to.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import grpc
from pyroute2 import netns

from moyai.kernel.clock import Seconds
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.xds.server.ads import AdsHandler, serve
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap import ProxySettings

ENVOY = Path(sys.executable).with_name("envoy")
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PATIENCE = 20
R = TypeVar("R")


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: str


class Namespace:
    """Runs functions in threads that live in the namespace; sockets made there stay there."""

    def __init__(self, name: str) -> None:
        self.name = name
        netns.create(name)
        self._threads = ThreadPoolExecutor(8, initializer=netns.setns, initargs=(name,))

    async def run(self, function: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def command(self, line: str, stdin: str = "") -> None:
        def call() -> None:
            subprocess.run(line.split(), check=True, input=stdin, text=True)

        await self.run(call)

    def remove(self) -> None:
        self._threads.shutdown()
        netns.remove(self.name)

    async def listen(self, address: str, port: int) -> socket.socket:
        return await self.run(lambda: socket.create_server((address, port)))

    async def get(self, address: str, port: int, path: str = "/", method: str = "GET") -> Answer:
        def call() -> Answer:
            with closing(http.client.HTTPConnection(address, port, timeout=PATIENCE)) as connection:
                connection.request(method, path, body=b"x" if method == "POST" else None, headers={"host": "back"})
                response = connection.getresponse()
                headers = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, headers, response.read().decode())

        return await self.run(call)

    async def talk(self, address: str, port: int, text: bytes) -> bytes:
        """Send, then read to the end; empty when the connection is reset."""

        def call() -> bytes:
            try:
                with socket.create_connection((address, port), timeout=PATIENCE) as connection:
                    connection.sendall(text)
                    return connection.makefile("rb").read()
            except ConnectionError:
                return b""

        return await self.run(call)


class Exports(grpc.GenericRpcHandler):
    """Takes statistics and keeps who sent them."""

    def __init__(self) -> None:
        self.senders: list[str] = []

    def service(self, handler_call_details):
        if handler_call_details.method != EXPORT:
            return None

        async def export(request: bytes, context) -> bytes:
            self.senders.append(str(dict(context.invocation_metadata())[PROXY_HEADER]))
            return b""

        return grpc.unary_unary_rpc_method_handler(export)


class Rig:
    """The namespace, the control plane and the Envoys."""

    def __init__(self, folder: Path, namespace: Namespace) -> None:
        self.folder = folder
        self.namespace = namespace
        self.settings = ProxySettings(stats_interval=Seconds(1))
        self.feed = Feed(self.settings)
        self.exports = Exports()
        self.server: grpc.aio.Server | None = None
        self._envoys: dict[str, subprocess.Popen[bytes]] = {}
        self._runs: dict[str, Path] = {}

    async def serve(self) -> None:
        self.server = await serve(self.folder / "xds.sock", os.getgid(), [AdsHandler(self.feed), self.exports])

    async def stop_serving(self) -> None:
        assert self.server is not None
        await self.server.stop(None)

    async def start(self, name: str) -> None:
        """Start the Envoy of the proxy of this name and wait until it has everything."""
        proxy = ProxyId(name)
        run = self._runs[proxy] = self.folder / f"envoy-{len(self._runs)}"
        run.mkdir()
        text = self.feed.bootstrap(proxy).decode()
        config = run / "envoy.json"
        config.write_text(text.replace("{run}", str(run)).replace("{xds}", str(self.folder / "xds.sock")))
        command = [
            str(ENVOY),
            "-c",
            str(config),
            "--concurrency",
            "1",
            "--log-level",
            "warning",
            "--file-flush-interval-msec",
            "100",
            "--use-dynamic-base-id",
        ]
        log = (run / "log").open("wb")
        self._envoys[proxy] = await self.namespace.run(lambda: subprocess.Popen(command, stdout=log, stderr=log))
        log.close()
        await self.until(lambda: self.feed.states()[proxy].synced)

    async def kill(self, proxy: str) -> None:
        process = self._envoys.pop(proxy)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    def run(self, proxy: str) -> Path:
        """The private directory of the proxy's Envoy."""
        return self._runs[proxy]

    def log(self, proxy: str) -> str:
        return (self._runs[proxy] / "log").read_text()

    async def admin(self, proxy: str, path: str) -> str:
        """What the Envoy's admin interface answers."""
        reader, writer = await asyncio.open_unix_connection(self._runs[proxy] / "admin.sock")
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.decode().partition("\r\n\r\n")[2]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition on proxies; whatever changes it rings the feed's bell."""
        async with asyncio.timeout(PATIENCE):
            changes = self.feed.changes()
            pending = asyncio.ensure_future(anext(changes))
            while not condition():
                await asyncio.wait([pending], timeout=0.2)
                if pending.done():
                    pending = asyncio.ensure_future(anext(changes))
            pending.cancel()

    async def close(self) -> None:
        for proxy in tuple(self._envoys):
            await self.kill(proxy)
        if self.server is not None:
            await self.server.stop(None)


@asynccontextmanager
async def rig(folder: Path, redirects: Mapping[str, int]) -> AsyncIterator[Rig]:
    """``redirects``: destinations (``address:port`` or a whole network) and the proxy port each is led to."""
    namespace = Namespace(f"moyai-test-{os.getpid()}")
    made = Rig(folder, namespace)
    try:
        await namespace.command("ip link set lo up")
        for number in range(1, 4):
            await namespace.command(f"ip address add 10.99.0.{number}/32 dev lo")
        await namespace.command("nft -f -", _rules(redirects))
        await made.serve()
        yield made
    finally:
        await made.close()
        namespace.remove()


def _rules(redirects: Mapping[str, int]) -> str:
    lines = []
    for destination, port in redirects.items():
        address, _, service = destination.partition(":")
        match = f"ip daddr {address} tcp dport {service}" if service else f"ip daddr {address} meta l4proto tcp"
        lines.append(f"{match} redirect to :{port}")
    chain = "\n".join(["type nat hook output priority dstnat;", *lines])
    return f"table ip rig {{\nchain output {{\n{chain}\n}}\n}}\n"


class App:
    """An HTTP application: ``/cut`` breaks off after the request was read, ``/socket`` is upgraded and echoes
    four bytes, everything else is answered.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, namespace: Namespace, port: int, address: str = "127.0.0.1") -> None:
        listening = await namespace.listen(address, port)
        self._server = await asyncio.start_server(self._serve, sock=listening)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode("latin-1").split("\r\n")
                length = next((int(h.partition(":")[2]) for h in rest if h.lower().startswith("content-length")), 0)
                await reader.readexactly(length)
                self.requests.append(first)
                if "/cut" in first:
                    break
                if "/socket" in first:
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                    )
                    writer.write(await reader.readexactly(4))
                    break
                body = json.dumps({"app": self.name, "request": first}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
                if "/last" in first:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
