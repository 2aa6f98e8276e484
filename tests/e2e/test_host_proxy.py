"""A real Envoy that serves several workloads of a host, each in a network namespace of its own.

The caller and two of the three applications are of the host. The third is another host's: its application is reached
at its address. Envoy itself is in an empty namespace, so whatever it reaches, it reaches from a workload's namespace.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from socket import create_connection

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.domain.sandbox.shared_output import JSON_MEMBER, text_beginning
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.kernel.metrics import Counter as Count
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
    RequestMatch,
    RetryCondition,
    RetryPolicy,
    RouteRule,
    RouteRules,
    ServiceAddress,
    StdoutLog,
    StreamSplit,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.runtime.linux.system_containers.envoy_admin import connect_to_socket, request
from moyai.xds.server.ads import AdsHandler
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.feed import Feed
from moyai.xds.server.grpc_server import serve_unix
from moyai.xds.server.proxy import Sink
from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot
from moyai.xds.server.stream import AdsStream
from moyai.xds.translate.access_log import log_kind
from moyai.xds.translate.bootstrap import host_bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.placement import WorkloadPlace
from tests.e2e.envoy_rig import ENVOY, PATIENCE, Namespace
from tests.e2e.faults.starve import starve, threads
from tests.e2e.rig_app import App
from tests.e2e.waiting import eventually
from tests.unit.xds.shop_mesh import task_proxy_auth

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HOST = ProxyId("host/one")
CALLER, ONE, TWO, AWAY = (WorkloadId(f"task/{name}") for name in ("caller", "one", "two", "away"))
LOCAL = (CALLER, ONE, TWO)
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
OUTLIER = OutlierPolicy(5, 1, 30, 300, 50)
RETRY = RetryPolicy(2, (RetryCondition.CONNECT_FAILURE, RetryCondition.RESET_BEFORE_REQUEST), (503,), 5)
HTTP, STREAM = ("127.255.0.1", 80), ("127.255.0.2", 6379)
STAT_NAMES = {8080: "ingress.http", 8081: "ingress.stream"}
ADDRESSES = {CALLER: "10.98.0.1", ONE: "10.98.0.2", TWO: "10.98.0.3", AWAY: "10.98.0.4"}
BOOTSTRAP = host_bootstrap(HOST, BootstrapSettings(Seconds(1)))
INTERCEPTION = """table inet moyai {
  chain output { type nat hook output priority dstnat; ip daddr 127.255.0.0/16 meta l4proto tcp redirect to :15001; }
  chain prerouting { type nat hook prerouting priority dstnat; iifname eth0 tcp dport 8080 redirect to :15000; }
}
"""


class HostFeed:
    """The control plane of one host's Envoy: sends it the snapshots of its workloads, and knows what it has."""

    def __init__(self) -> None:
        self.rejected_streams = Count()
        self._cache = SnapshotCache()
        self._sink: Sink | None = None
        self._stream: AdsStream[DeltaDiscoveryRequest] | None = None
        self._changed = asyncio.Event()

    def connect(
        self, _proxy: ProxyId, sink: Sink, stream: AdsStream[DeltaDiscoveryRequest], _external: WorkloadId | None
    ) -> HostFeed:
        self._sink, self._stream = sink, stream
        self._send(stream.offer(self._snapshot()))
        return self

    def receive(self, request: DeltaDiscoveryRequest) -> None:
        assert self._stream is not None
        self._send(self._stream.receive(request))
        self._changed.set()

    def close(self) -> None:
        self._sink = None

    async def publish(self, mesh: MeshIR, placement: dict[WorkloadId, WorkloadPlace]) -> None:
        """Give this to the Envoy until it has acknowledged it."""
        self._offer(mesh, placement)
        stream = await self._until(lambda stream: stream.is_synced)
        assert stream.rejection is None

    async def publish_refused(self, mesh: MeshIR, placement: dict[WorkloadId, WorkloadPlace]) -> str:
        """Give this to the Envoy until it has refused a listener; its reason."""
        self._offer(mesh, placement)
        stream = await self._until(lambda stream: stream.rejection is not None)
        return stream.rejection or ""

    def _offer(self, mesh: MeshIR, placement: dict[WorkloadId, WorkloadPlace]) -> None:
        self._cache.update(mesh, placement)
        self._served = tuple(placement)
        if self._stream is not None:
            self._send(self._stream.offer(self._snapshot()))

    async def _until(
        self, condition: Callable[[AdsStream[DeltaDiscoveryRequest]], bool]
    ) -> AdsStream[DeltaDiscoveryRequest]:
        async with asyncio.timeout(PATIENCE):
            while self._stream is None or not condition(self._stream):
                self._changed.clear()
                await self._changed.wait()
        return self._stream

    def _snapshot(self) -> Snapshot:
        resources: dict[ResourceType, dict[str, EncodedResource]] = {kind: {} for kind in ResourceType}
        for workload in self._served:
            for kind, named in (self._cache.snapshot(workload) or {}).items():
                resources[kind].update(named)
        return resources

    def _send(self, responses: list[bytes]) -> None:
        for response in responses:
            assert self._sink is not None
            self._sink.send(response)


class Host:
    """A bridge with the workloads' namespaces, and the Envoy."""

    pid = 0
    """The Envoy's process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.feed = HostFeed()
        self.names = {workload: f"moyai-{os.getpid()}-{workload[5:]}" for workload in ADDRESSES}
        self.outside = Namespace(f"moyai-{os.getpid()}-outside")
        self.namespaces = {workload: Namespace(name) for workload, name in self.names.items()}
        self.placement = {w: WorkloadPlace(w, f"/run/netns/{self.names[w]}", w[5:]) for w in LOCAL}

    async def open(self) -> None:
        await self.outside.command("ip link set lo up")
        await self.outside.command("ip link add bridge type bridge")
        await self.outside.command("ip link set bridge up")
        for number, (workload, namespace) in enumerate(self.namespaces.items()):
            end = f"ip link add p{number} type veth peer name eth0 netns {self.names[workload]}"
            await self.outside.command(end)
            await self.outside.command(f"ip link set p{number} master bridge up")
            for line in ("link set lo up", f"address add {ADDRESSES[workload]}/24 dev eth0", "link set eth0 up"):
                await namespace.command(f"ip {line}")
        for workload in LOCAL:
            await self.namespaces[workload].command("nft -f -", INTERCEPTION)

    async def start_envoy(self, bootstrap: bytes) -> subprocess.Popen[bytes]:
        text = bootstrap.decode()
        for place, path in (("run", self.folder), ("xds", "xds.sock"), ("statistics", "statistics.sock")):
            text = text.replace(f"{{{place}}}", str(self.folder / path))
        (self.folder / "envoy.json").write_text(text)
        options = ["--concurrency", "1", "--log-level", "warning", "--use-dynamic-base-id"]
        options += ["--drain-time-s", "2", "--drain-strategy", "immediate"]
        command = [str(ENVOY), "-c", str(self.folder / "envoy.json"), *options]
        with (self.folder / "log").open("wb") as log:
            return await self.outside.run(lambda: subprocess.Popen(command, stdout=log, stderr=log))

    async def count(self, statistic: str) -> int:
        body = await request(partial(connect_to_socket, self.folder), "GET", f"/stats?filter=^{statistic}$")
        return int(body.decode().strip().rpartition(": ")[2] or 0)

    async def counts(self, statistic: str, number: int) -> bool:
        """Wait until a statistic is at least so, and tell whether it is no more: an answer may be there before it is
        counted.
        """
        async with asyncio.timeout(PATIENCE):
            while (found := await self.count(statistic)) < number:
                pass
        return found == number

    async def get(self, path: str = "/", method: str = "GET"):
        return await self.namespaces[CALLER].get(*HTTP, path=path, method=method)

    def remove(self) -> None:
        for namespace in (*self.namespaces.values(), self.outside):
            namespace.remove()


def mesh(*members: WorkloadId, log: StdoutLog | None = None) -> MeshIR:
    """A caller, and the applications behind ``http`` of which those in ``members`` are registered."""
    inbound = InboundPort(
        8080, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http", connection_idle=4, cut_request_status=502
    )
    raw = InboundPort(8081, Protocol.TCP, TIMEOUTS, 0.25, "ingress.stream")
    rules = (
        RouteRule((WeightedDestination("http"),), TIMEOUTS, RequestMatch(methods=("GET",)), RETRY),
        RouteRule((WeightedDestination("http"),), TIMEOUTS),
    )
    split = StreamSplit((WeightedDestination("stream"),), TIMEOUTS, 3)
    services = (
        MeshService(
            "http",
            Protocol.HTTP,
            RouteRules(rules),
            "egress.http",
            cut_request_status=502,
            target_logs=(log,) if log else (),
        ),
        MeshService("stream", Protocol.TCP, split, "egress.stream"),
    )
    calls = (ServiceAddress(*HTTP, "http"), ServiceAddress(*STREAM, "stream"))
    targets = (Workload(w, "a", 15000, 15001, (inbound, raw), access_log=log) for w in (ONE, TWO))
    workloads = (Workload(CALLER, "a", 15000, 15001, outbound=OutboundView(calls)), *targets)
    groups = {
        name: EndpointGroup(name, tuple(member(w, port) for w in members))
        for name, port in {"http": 8080, "stream": 8081}.items()
    }
    return MeshIR(
        workloads={w.id: w for w in workloads},
        services={s.name: s for s in services},
        destinations={
            s.name: Destination(s.name, EndpointGroupSource(s.name), s.protocol, 1, OUTLIER, s.stat_name)
            for s in services
        },
        groups=groups,
    )


def member(workload: WorkloadId, port: int) -> Member:
    of = {} if workload == AWAY else {"workload": workload, "workload_port": port}
    return Member("a", ADDRESSES[workload], port, stat_name=STAT_NAMES[port], **of)  # type: ignore[arg-type]


@asynccontextmanager
async def open_host(folder: Path, bootstrap: bytes = BOOTSTRAP) -> AsyncIterator[Host]:
    host = Host(folder)
    envoy = None
    feed: Feed = host.feed  # type: ignore[assignment]
    server = await serve_unix(
        folder / "xds.sock", os.getgid(), [AdsHandler(feed, task_proxy_auth(Feed(BootstrapSettings())))]
    )
    try:
        await host.open()
        envoy = await host.start_envoy(bootstrap)
        host.pid = envoy.pid
        yield host
    finally:
        if envoy is not None:
            envoy.send_signal(signal.SIGKILL)
            await asyncio.to_thread(envoy.wait)
        await server.stop(None)
        host.remove()


@pytest.fixture
async def host():
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with open_host(Path(folder)) as made:
            yield made


@pytest.fixture
async def apps(host):
    images = {}
    for workload in (ONE, TWO, AWAY):
        images[workload] = app = App(workload[5:])
        address = ADDRESSES[AWAY] if workload == AWAY else "127.0.0.1"
        await app.start(host.namespaces[workload], 8080, address)
    yield images
    for app in images.values():
        await app.stop()


async def test_a_request_passes_the_filters_once_on_its_way_between_two_tasks(host, apps):
    await host.feed.publish(mesh(ONE), host.placement)
    answer = await host.get()
    assert answer.status == 200
    assert answer.body.split('"')[3] == "one"
    assert [head.get("x-forwarded-proto") for head in apps[ONE].heads] == ["http"]
    assert apps[ONE].peers == ["127.0.0.1"]
    assert await host.counts("http.caller.egress.http.downstream_rq_completed", 1)
    assert await host.count("http.one.ingress.http.downstream_rq_completed") == 0
    assert await host.counts("tcp.one.local.ingress.http.downstream_cx_total", 1)
    assert await host.counts("listener.one.local.ingress.http.downstream_cx_active", 1)
    assert await host.counts("target.requests.of.one.ingress.http", 1)
    assert await host.count("target.failed.of.one.ingress.http") == 0


async def test_a_request_that_its_caller_gives_up_counts_at_both_ends(host, apps):
    await host.feed.publish(mesh(ONE), host.placement)
    waiting = await host.namespaces[CALLER].run(lambda: create_connection(HTTP))
    with waiting:
        waiting.sendall(b"POST /hold HTTP/1.1\r\nhost: back\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx")
        await asyncio.to_thread(eventually, lambda: apps[ONE].requests)
        assert await host.count("http.caller.egress.http.downstream_rq_unanswered") == 0
    for statistic in ("http.caller.egress.http.downstream_rq_unanswered", "target.requests.of.one.ingress.http"):
        async with asyncio.timeout(PATIENCE):
            while await host.count(statistic) != 1:
                pass
    assert await host.counts("http.caller.egress.http.downstream_rq_completed", 1)
    assert await host.counts("http.caller.egress.http.downstream_rq_1xx", 1)
    apps[ONE].released.set()


async def test_requests_go_to_tasks_of_this_host_and_of_others(host, apps):
    await host.feed.publish(mesh(ONE, TWO, AWAY), host.placement)
    answers = [await host.get() for _ in range(6)]
    assert Counter(answer.body.split('"')[3] for answer in answers) == {"one": 2, "two": 2, "away": 2}
    assert set(apps[AWAY].peers) == {ADDRESSES[CALLER]}


async def test_a_request_is_retried_at_another_task_and_the_failing_one_is_ejected(host, apps):
    await host.feed.publish(mesh(ONE, TWO), host.placement)
    await apps[ONE].stop()
    answers = [await host.get() for _ in range(12)]
    assert {(answer.status, answer.body.split('"')[3]) for answer in answers} == {(200, "two")}
    assert await host.counts("cluster.caller.egress.http.outlier_detection.ejections_active", 1)
    failed = await host.count("cluster.caller.egress.http.upstream_rq_retry")
    assert await host.counts("target.failed.of.one.ingress.http", failed)
    assert await host.counts("target.requests.of.one.ingress.http", failed)
    assert await host.counts("target.requests.of.two.ingress.http", 12)


async def test_a_cut_request_has_the_status_that_the_service_asks_for(host, apps):
    await host.feed.publish(mesh(ONE), host.placement)
    assert (await host.get("/cut", method="POST")).status == 502
    assert await host.counts("target.failed.of.one.ingress.http", 1)


async def test_a_request_from_outside_of_the_host_passes_the_targets_own_filters(host, apps):
    await host.feed.publish(mesh(ONE), host.placement)
    answer = await host.namespaces[AWAY].get(ADDRESSES[ONE], 8080)
    assert (answer.status, answer.headers["server"]) == (200, "envoy")
    assert apps[ONE].peers == ["127.0.0.1"]
    assert await host.counts("http.one.ingress.http.downstream_rq_completed", 1)
    assert await host.counts("target.requests.of.one.ingress.http", 1)


@pytest.mark.parametrize("json", [False, True])
async def test_requests_between_two_tasks_are_in_the_log_that_the_target_has(host, apps, json):
    log = StdoutLog(json, query=False)
    host.placement[ONE] = host.placement[ONE]._replace(log=log_kind(log))
    await host.feed.publish(mesh(ONE, TWO, log=log), host.placement)
    assert {(await host.get("/a?secret")).status for _ in range(4)} == {200}
    beginning = f'{{"{JSON_MEMBER}":"one"' if json else text_beginning("one")

    def entries() -> list[str]:
        lines = (host.folder / "log").read_text().splitlines()
        return [line for line in lines if line.startswith(beginning)]

    await asyncio.to_thread(eventually, lambda: len(entries()) == 2, "each task has two entries")
    assert all("/a" in line and "secret" not in line and "10.98.0.2:8080" in line for line in entries())


async def test_connections_reach_tcp_services(host):
    await host.feed.publish(mesh(ONE), host.placement)
    listening = await host.namespaces[ONE].listen("127.0.0.1", 8081)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        writer.close()

    async with await asyncio.start_server(echo, sock=listening):
        assert await host.namespaces[CALLER].talk(*STREAM, b"ping") == b"ping"


async def test_a_task_that_left_the_host_leaves_nothing_in_its_namespace(host, apps):
    await host.feed.publish(mesh(ONE, TWO), host.placement)
    del host.placement[ONE]
    await host.feed.publish(mesh(TWO), host.placement)

    def is_port_free() -> bool:
        try:
            socket.create_server((ADDRESSES[ONE], 15000)).close()
        except OSError:
            return False
        return True

    # Envoy's main thread acknowledges that a listener is removed; the worker that has its socket closes it later.
    await host.namespaces[ONE].run(lambda: eventually(is_port_free, "the worker closes the listener"))
    assert {(await host.get()).body.split('"')[3] for _ in range(4)} == {"two"}


async def test_a_port_in_use_is_named_and_concerns_its_task_alone(host, apps):
    with await host.namespaces[ONE].listen(ADDRESSES[ONE], 15000):
        reason = await host.feed.publish_refused(mesh(TWO), host.placement)
    assert "cannot bind '0.0.0.0:15000': Address already in use" in reason
    assert (await host.get()).status == 200


async def test_a_namespace_that_is_gone_is_named_and_concerns_its_task_alone(host, apps):
    host.placement[ONE] = host.placement[ONE]._replace(namespace="/run/netns/gone")
    assert "netns" in await host.feed.publish_refused(mesh(TWO), host.placement)
    assert (await host.get()).status == 200


@pytest.mark.parametrize("name", ["wrk:worker_0", "envoy"])
async def test_an_envoy_of_which_a_thread_hangs_ends_itself(name):
    """With a shorter time, because what counts is which threads are watched, and that the process ends. A thread that
    hangs with a lock that the watchdog needs is found by the control plane instead.
    """
    settings = json.loads(BOOTSTRAP)
    for watchdog in settings["watchdogs"].values():
        assert watchdog["kill_timeout"] == "30s"
        watchdog["kill_timeout"] = "10s"
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with open_host(Path(folder), json.dumps(settings).encode()) as host:
            await host.feed.publish(mesh(ONE), host.placement)
            with starve(threads(host.pid, name)[0], idle=True):
                await asyncio.to_thread(eventually, partial(has_ended, host.pid), "the watchdog ends the process")


def has_ended(pid: int) -> bool:
    """Whether a process of this one's has ended, whose end it has not asked for yet."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
