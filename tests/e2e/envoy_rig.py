"""A network namespace with real Envoys in it, which a Feed in this process configures.

All workloads share the one namespace, so each has addresses and proxy ports of its own: an app listens on
loopback at its workload's port, callers come through 10.99.0.<n>, and an egress port is used by the one
caller that the redirect of 127.255.0.0/16 leads to. Envoys have a group of their own, which distinguishes
them from callers.
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
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from functools import partial, reduce
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple, TypeVar

import grpc
from google.protobuf.json_format import MessageToDict
from pyroute2 import netns

from moyai.domain.sandbox.open_files import MOST, open_limits
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import MeshIR
from moyai.runtime.linux.system_containers.configs import COMPONENT_LOG_LEVELS
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.telemetry.ingest.otlp_http import OtlpHttpReceiver
from moyai.testing.clock import ManualClock
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.feed import Feed
from moyai.xds.server.grpc_server import serve_unix, unix_socket_path
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.cluster import pipe_cluster
from moyai.xds.translate.names import SECRETS_CLUSTER
from tests.unit.telemetry.pushes import Telemetry
from tests.unit.xds.shop_mesh import task_proxy_auth

ENVOY = Path(sys.executable).with_name("envoy")
PATIENCE = 60
GROUP = 1337
R = TypeVar("R")
AnyRig = TypeVar("AnyRig", bound="Rig")


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

    async def get(
        self, address: str, port: int, path: str = "/", method: str = "GET", host: str = "back", **headers: str
    ) -> Answer:
        """The response of an HTTP server; in the names of ``headers``, ``_`` stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def call() -> Answer:
            with closing(http.client.HTTPConnection(address, port, timeout=PATIENCE)) as connection:
                connection.request(
                    method, path, body=b"x" if method == "POST" else None, headers={"host": host, **named}
                )
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


class Rig:
    """The namespace, the control plane and the Envoys."""

    def __init__(
        self, folder: Path, namespace: Namespace, *, everything_counts: bool = False, files: int | None = None
    ) -> None:
        self.folder = folder
        self.namespace = namespace
        self.everything_counts = everything_counts
        connections = (MOST if files is None else open_limits(files)).connections
        self.settings = BootstrapSettings(stats_interval=Seconds(1), max_connections=connections)
        self._limit = () if files is None else ("prlimit", f"--nofile={files}")
        self.feed = Feed(self.settings)
        self.senders: set[ProxyId] = set()
        self.telemetry = Telemetry()
        service = MetricsService(self.telemetry.recorder, ManualClock(), self.senders.add)
        self._reports = OtlpHttpReceiver(service, ProxyId)
        self.server: grpc.aio.Server | None = None
        self._envoys: dict[str, subprocess.Popen[bytes]] = {}
        self._runs: dict[str, Path] = {}

    async def serve(self) -> None:
        handlers = [AdsHandler(self.feed, task_proxy_auth(self.feed))]
        self.server = await serve_unix(self.folder / "xds.sock", os.getgid(), handlers)
        statistics = socket.socket(socket.AF_UNIX)
        with unix_socket_path(self.folder / "statistics.sock", os.getgid()) as address:
            statistics.bind(address)
        await self._reports.serve(statistics)

    async def stop_serving(self) -> None:
        assert self.server is not None
        self._reports.close()
        await self.server.stop(None)

    async def configure(self, wanted: MeshIR, *proxies: str) -> None:
        """Give the mesh to these Envoys, which are started where they aren't, until they have it."""
        self.feed.publish(wanted)
        for proxy in map(ProxyId, proxies):
            if not self.feed.is_connected(proxy):
                await self.start(proxy)
            await self.until(lambda who=proxy: self.feed.states()[who].synced)  # type: ignore[misc]

    async def start(self, name: str) -> None:
        """Start the Envoy of the proxy of this name and wait until it has everything."""
        text = self.feed.bootstrap(ProxyId(name)).decode()
        await self.launch(name, self._fill_paths(text))
        await self.until(lambda: self.feed.states()[ProxyId(name)].synced)

    async def launch(self, name: str, bootstrap: str) -> None:
        """Start an Envoy under a name of the test's own; ``{run}`` is its private directory."""
        run = self._runs[name] = self.folder / f"envoy-{len(self._runs)}"
        run.mkdir()
        config = run / "envoy.json"
        config.write_text(self._own(bootstrap.replace("{run}", str(run))))
        command = [
            *self._limit,
            *("setpriv", "--regid", str(GROUP), "--keep-groups"),
            str(ENVOY),
            "-c",
            str(config),
            *("--concurrency", "1", "--log-level", "warning", "--component-log-level", COMPONENT_LOG_LEVELS),
            "--file-flush-interval-msec",
            "100",
            "--use-dynamic-base-id",
        ]
        log = (run / "log").open("wb")
        self._envoys[name] = await self.namespace.run(lambda: subprocess.Popen(command, stdout=log, stderr=log))
        log.close()

    def _fill_paths(self, bootstrap: str) -> str:
        places = {f"{{{name}}}": str(self.folder / f"{name}.sock") for name in ("xds", "statistics")}
        return reduce(lambda text, place: text.replace(*place), places.items(), bootstrap)

    def _own(self, text: str) -> str:
        """The bootstrap, with every statistic where the test wants them and the socket of its secret server."""
        if not self.everything_counts:
            return text
        config = json.loads(text)
        del config["stats_config"], config["stats_sinks"]
        secrets = MessageToDict(pipe_cluster(SECRETS_CLUSTER, str(self.folder / "sds.sock")))
        config["static_resources"]["clusters"].append(secrets)
        return json.dumps(config)

    async def count(self, proxy: str, statistic: str) -> int:
        """A counter or gauge; 0 when there is none of the name."""
        lines = (await self.admin(proxy, "/stats")).splitlines()
        return next((int(line.partition(": ")[2]) for line in lines if line.startswith(f"{statistic}: ")), 0)

    async def wait_for_statistic(self, proxy: str, statistic: str, expected: int) -> None:
        """Wait until a counter or gauge, which nothing announces, stands there."""
        async with asyncio.timeout(PATIENCE):
            while await self.count(proxy, statistic) != expected:
                pass

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
        """The answer of the Envoy's admin interface."""
        reader, writer = await asyncio.open_unix_connection(self._runs[proxy] / "admin.sock")
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.decode().partition("\r\n\r\n")[2]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition on proxies; whatever changes it notifies the feed's watchers."""
        async with asyncio.timeout(3 * PATIENCE):
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
            await self.stop_serving()


@asynccontextmanager
async def rig(
    redirects: Mapping[str, int], captured: Mapping[str, int] | None = None, files: int | None = None
) -> AsyncIterator[Rig]:
    """Real Envoys with a folder of their own.

    ``redirects``: destinations (``address:port`` or a whole network) and the proxy port each is redirected to; with
    ``captured``, which are redirected only for those that aren't Envoys, their first addresses are there, and every
    statistic is kept. ``files``: how many an Envoy may have open.
    """
    kind = partial(Rig, everything_counts=captured is not None, files=files)
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with open_rig(kind, Path(folder), redirects, captured) as new_rig:
            yield new_rig


@asynccontextmanager
async def open_rig(
    kind: Callable[[Path, Namespace], AnyRig],
    folder: Path,
    redirects: Mapping[str, int],
    captured: Mapping[str, int] | None = None,
) -> AsyncIterator[AnyRig]:
    """As ``rig``, of another kind and in this folder."""
    namespace = Namespace(f"moyai-test-{os.getpid()}")
    rig = kind(folder, namespace)
    try:
        await namespace.command("ip link set lo up")
        for number in range(1, 4):
            await namespace.command(f"ip address add 10.99.0.{number}/32 dev lo")
        for network in captured or {}:
            await namespace.command(f"ip address add {first_of(network)} dev lo")
        await namespace.command("nft -f -", _rules(redirects, captured or {}))
        await rig.serve()
        yield rig
    finally:
        await rig.close()
        namespace.remove()


def first_of(network: str) -> str:
    """The first address of a network."""
    return str(ip_network(network)[1])


def _rules(redirects: Mapping[str, int], captured: Mapping[str, int]) -> str:
    lines = []
    for destination, port in redirects.items():
        address, _, service = destination.partition(":")
        match = f"ip daddr {address} tcp dport {service}" if service else f"ip daddr {address} meta l4proto tcp"
        lines.append(f"{match} redirect to :{port}")
    lines.append(f"meta skgid {GROUP} return")
    for network, port in captured.items():
        family = "ip6" if ":" in network else "ip"
        lines.append(f"{family} daddr {network} meta l4proto tcp redirect to :{port}")
    chain = "\n".join(["type nat hook output priority dstnat;", *lines])
    return f"table inet rig {{\nchain output {{\n{chain}\n}}\n}}\n"
