"""External Envoys in a namespace, which get their configuration from a listener for external proxies."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    InboundPort,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RouteRule,
    RouteRules,
    ServiceAddress,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.testing.clock import ManualClock
from moyai.xds.server.ads import AdsHandler, peer_of
from moyai.xds.server.authorization import ALL_PROXIES
from moyai.xds.server.grpc_server import serve_unix
from moyai.xds.server.proxy_auth import ExternalProxyAuth
from tests.e2e.envoy_rig import Namespace, Rig, open_rig
from tests.e2e.rig_app import one_and_two
from tests.e2e.waiting import PATIENCE, STEP, eventually, while_it_lasts
from tests.unit.telemetry.pushes import Telemetry
from tests.unit.xds.shop_mesh import MESH, directory

FRONT = WorkloadId(f"{MESH}/virtualNode/front")
NODE = "mesh/shop/virtualNode/front"
HTTP, SERVED = ("127.255.0.1", 80), ("10.99.0.3", 8085)
REDIRECTS = {"10.99.0.3:8085": 15000, "127.255.0.0/16": 15001}
COMMAND = (str(Path(sys.executable).with_name("moyai")), "appmesh", "proxy", NODE, "--log-level", "warning")
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
MEMBERS = {"one": Member("a", "10.99.0.1", 8081), "two": Member("a", "10.99.0.2", 8082)}


def mesh(*back: str) -> MeshIR:
    """The virtual node calls ``http``, behind which these are registered."""
    table = RouteRules((RouteRule((WeightedDestination("http"),), TIMEOUTS),))
    outlier = OutlierPolicy(5, 10, 30, 300, 50)
    port = InboundPort(SERVED[1], Protocol.HTTP, TIMEOUTS, 1, "ingress.front")
    return MeshIR(
        workloads={FRONT: Workload(FRONT, "a", 15000, 15001, (port,), OutboundView((ServiceAddress(*HTTP, "http"),)))},
        services={"http": MeshService("http", Protocol.HTTP, table, "egress.http")},
        destinations={
            "http": Destination(
                "http", EndpointGroupSource("http"), Protocol.HTTP, 1, outlier, label="cds_egress_shop_back_http_80"
            )
        },
        groups={"http": EndpointGroup("http", tuple(MEMBERS[name] for name in back))},
    )


def agents(socket: Path, admin: int, node: str = NODE) -> str:
    """The bootstrap that App Mesh's agent writes where APPMESH_XDS_ENDPOINT is a ``unix://`` path."""
    keepalive = {"grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 20_000}
    arguments = {"grpc.http2.max_pings_without_data": 0, **keepalive}
    channel = {"args": {name: {"int_value": value} for name, value in arguments.items()}}
    agents_by_label: dict[str, Any] = {
        "admin": {"address": {"socket_address": {"address": "0.0.0.0", "port_value": admin}}},  # noqa: S104
        "node": {
            "id": node,
            "cluster": node,
            "locality": {"zone": "use1-az1"},
            "metadata": {"aws.appmesh.platformInfo": {"ecsPlatformInfo": {}}, "aws.appmesh.task.interfaces": {}},
        },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [
                    {"google_grpc": {"target_uri": f"unix://{socket}", "stat_prefix": "ads", "channel_args": channel}}
                ],
            },
            "lds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
            "cds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
        },
        "cluster_manager": {"local_cluster_name": "local_cluster"},
        "static_resources": {
            "clusters": [
                {
                    "name": "local_cluster",
                    "type": "EDS",
                    "eds_cluster_config": {
                        "eds_config": {"ads": {}, "initial_fetch_timeout": "0.001s", "resource_api_version": "V3"}
                    },
                }
            ]
        },
    }
    return json.dumps(agents_by_label)


class Outside(Rig):
    """With a listener for external proxies beside our own proxies'."""

    external: grpc.aio.Server

    def __init__(self, folder: Path, namespace: Namespace) -> None:
        super().__init__(folder, namespace)
        self.commands: list[subprocess.Popen[bytes]] = []
        self.reporters: set[ProxyId] = set()

    async def serve(self) -> None:
        await super().serve()
        auth = ExternalProxyAuth(self.feed, directory(), lambda _peer: (ALL_PROXIES,), 2)
        reports = MetricsService(Telemetry().recorder, ManualClock(), self.reporters.add)
        handlers = [AdsHandler(self.feed, auth), reports.handler(lambda context: auth.reporter(peer_of(context)))]
        self.external = await serve_unix(self.socket_path, os.getgid(), handlers)

    @property
    def socket_path(self) -> Path:
        return self.folder / "external.sock"

    async def stop_serving(self) -> None:
        await super().stop_serving()
        await self.external.stop(None)

    def is_synced(self, count: int = 1) -> bool:
        states = [self.feed.states()[proxy] for proxy in self.feed.external_proxies(FRONT)]
        return len(states) == count and all(state.synced for state in states)

    async def close(self) -> None:
        for process in self.commands:
            process.kill()
            await asyncio.to_thread(process.wait)
        await super().close()
        await self.external.stop(None)

    async def command(self, *options: str) -> subprocess.Popen[bytes]:
        """Run ``moyai appmesh proxy``."""
        log = (self.folder / "command").open("ab")
        environment = {**os.environ, "TMPDIR": str(self.folder)}
        process = await self.namespace.run(
            lambda: subprocess.Popen([*COMMAND, *options], stdout=log, stderr=log, env=environment)
        )
        log.close()
        self.commands.append(process)
        return process

    def envoys(self) -> list[str]:
        """The Envoys in the namespace that run with a bootstrap of the command's."""
        command = ["pgrep", "-f", f"{self.folder}/moyai-proxy-"]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout.split()

    async def turned_away(self, code: str) -> None:
        await asyncio.to_thread(eventually, lambda: (code,) in dict(self.feed.rejected_streams.items()))

    async def becomes_live(self, admin: int) -> None:
        """Envoy says so a moment after it has acknowledged everything."""
        async with asyncio.timeout(PATIENCE):
            while not await self.is_live(admin):
                await asyncio.to_thread(while_it_lasts, STEP)

    async def is_live(self, admin: int) -> bool:
        return "LIVE" in await self.admin_answer(admin, "/server_info")

    async def statistic(self, admin: int, name: str) -> int:
        """A counter; 0 as long as there is none."""
        admin_answer = await self.admin_answer(admin, f"/stats?filter=^{name}$")
        return int(admin_answer.rpartition(": ")[2] or 0)

    async def admin_answer(self, admin: int, path: str) -> str:
        """The answer of the admin interface; nothing when it isn't there yet."""
        try:
            return (await self.namespace.get("127.0.0.1", admin, path)).body
        except ConnectionError:
            return ""


@asynccontextmanager
async def outsiders() -> AsyncIterator[Outside]:
    """The rig, with the virtual node published."""
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with open_rig(Outside, Path(folder), REDIRECTS) as rig:
            rig.feed.publish(mesh("one"))
            yield rig


@asynccontextmanager
async def applications(outside: Outside) -> AsyncIterator[None]:
    """Both of those that are behind ``http``, in turn."""
    async with one_and_two(outside.namespace, ("10.99.0.1", "10.99.0.2")):
        yield


async def answering(outside: Outside) -> str:
    answer = await outside.namespace.get(*HTTP)
    assert answer.status == 200
    return str(json.loads(answer.body)["app"])
