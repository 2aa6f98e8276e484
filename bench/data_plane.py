"""What a request between two tasks costs: the mesh's two topologies beside pairs of forwarders that nobody has tuned.

Run by `make bench ONLY=data_plane` as root. h2load calls an nginx that answers with 1 KiB, from the namespace of the
caller: at 1,000 requests a second over 16 connections, and in a closed loop over 2, 16 and 64. Ways to the application:
directly; through a pair of nginx, of HAProxies and of Envoys; through a proxy for each task; through the proxy that
tasks share. With TLS, it is between the two proxies, and between h2load and the application on the direct way. All ways
take turns, five rounds of 0.8 s for HTTP/1.1 in plain text and three of 0.3 s for the rest. Added p50 is that over the
direct way of the same round. CPU is that of the proxies. TCP carries HTTP/1.1, which no proxy looks at.
Needs Debian's packages nginx-light and nghttp2-client, and for peers libnginx-mod-stream and haproxy. No number here is
a test.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from rig.balancers import self_signed
from rig.forwarders import PROTOCOLS, Ends, Pair, envoy_pair, haproxy_pair, nginx_pair
from rig.peers import Placement, placements
from rig.report import show
from rig.server import Server, server
from rig.tasks import Stage, address, host_proxy, inside, processor_seconds, proxy_of, root, tree, virtual_address

PAIR: Final = "untuned pair"
APPLICATION: Final = dict(zip(PROTOCOLS, (8080, 8081, 8082, 8083), strict=True))
"""The application's port of each protocol; that with TLS is larger by 400."""
TLS_OFFSET: Final = 400
APP_PROTOCOL: Final = {"HTTP/1.1": "http", "HTTP/2": "http2", "gRPC": "grpc"}
RATE: Final = 1000
PACED: Final = "1,000/s"
LOADS: Final[Mapping[str, tuple[int, int]]] = {
    PACED: (16, RATE),
    "2 connections": (2, 0),
    "16 connections": (16, 0),
    "64 connections": (64, 0),
}
"""Connections, and requests a second of all together; 0 = a closed loop."""
FEW: Final = 0.05
"""The share of requests that may fail: nginx answers some of gRPC with 502, because the application answers early."""
_MESSAGE: Final = r"printf '\000\000\000\004\000%01024d' 0 >/tmp/www/message"
_NGINX: Final = """
daemon off; pid /tmp/nginx.pid; error_log /tmp/error.log; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; ssl_certificate /tmp/chain.pem; ssl_certificate_key /tmp/key.pem;
  server {{ listen 8080; listen 8083; listen 8480 ssl; listen 8483 ssl; location / {{ return 200 '{body}'; }} }}
  server {{ listen 8081; listen 8481 ssl; http2 on; location / {{ return 200 '{body}'; }} }}
  server {{
    listen 8082; listen 8482 ssl; http2 on; root /tmp/www; default_type application/grpc;
    error_page 405 =200 $uri; add_trailer grpc-status 0; location / {{ }}
  }}
}}
"""
# nginx overwrites its environment, by which a task's process is found; the shell keeps it.
_START: Final = (
    'printf "%s" "$0" >/tmp/nginx.conf; printf "%s" "$1" >/tmp/chain.pem; printf "%s" "$2" >/tmp/key.pem;'
    f" mkdir -p /tmp/www; {_MESSAGE}; nginx -c /tmp/nginx.conf -e /tmp/error.log; exit"
)


class Way(NamedTuple):
    """A way to the application: where h2load runs, the address and port it calls, and the proxies' processes."""

    load: Placement
    host: str
    ports: Mapping[tuple[str, bool], int]
    """By protocol, and whether TLS is used."""
    proxies: tuple[int, ...] = ()
    hosts: Mapping[tuple[str, bool], str] = {}
    """Addresses other than ``host``."""

    def processor_seconds(self) -> float:
        """The processor time that the proxies and their workers have used."""
        return sum(processor_seconds(process) for proxy in self.proxies for process in tree(proxy))


class Sample(NamedTuple):
    """What one run of h2load saw. ``p50``: in µs."""

    p50: float
    requests: int
    rate: float


class H2Load:
    """Runs h2load. ``folder`` has its files."""

    def __init__(self, folder: Path) -> None:
        self._log, self._body = folder / "requests.log", folder / "body"
        self._body.write_bytes(bytes(5))  # an empty message

    def run(self, way: Way, protocol: str, load: str, seconds: float, *, tls: bool) -> Sample:
        """Load on one way."""
        connections, rate = LOADS[load]
        secure = tls and not way.proxies
        host, port = way.hosts.get((protocol, tls), way.host), way.ports[protocol, tls]
        url = f"http{'s' if secure else ''}://{host}:{port}/{'message' if protocol == 'gRPC' else ''}"
        self._log.unlink(missing_ok=True)
        words = ["h2load", "-t1", f"-c{connections}", "-D", f"{round(1000 * seconds)}ms", f"--log-file={self._log}"]
        words += [f"--rps={rate / connections}"] if rate else []
        words += ["--h1"] if protocol in {"HTTP/1.1", "TCP"} else []
        words += ["-d", str(self._body), "-H", "content-type: application/grpc"] if protocol == "gRPC" else []
        done = subprocess.run(way.load.command(*words, url), capture_output=True, text=True, check=False)  # noqa: S603
        statuses = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
        answered, *others = map(int, statuses.groups()) if statuses else (0,)
        if done.returncode or not answered or sum(others) > FEW * answered:
            sys.exit(f"{' '.join(words)} {url}\n{done.stdout}{done.stderr}")
        waits = [int(line.split("\t")[2]) for line in self._log.read_text().splitlines()]
        return Sample(median(waits), len(waits), len(waits) / seconds)


def compare(ways: Mapping[str, Way], h2load: H2Load) -> None:
    """All ways in turns, with each protocol and load."""
    for tls in (False, True):
        for protocol in PROTOCOLS:
            rounds, seconds = (5, 0.8) if protocol == "HTTP/1.1" and not tls else (3, 0.3)
            for load in LOADS:
                title = f"{protocol}{' with TLS' if tls else ''}"
                added: dict[str, list[float]] = defaultdict(list)
                costs: dict[str, list[float]] = defaultdict(list)
                rates: dict[str, list[float]] = defaultdict(list)
                for _ in range(rounds):
                    direct = 0.0
                    for name, way in ways.items():
                        before = way.processor_seconds()
                        sample = h2load.run(way, protocol, load, seconds, tls=tls)
                        rates[name].append(sample.rate)
                        if not way.proxies:
                            direct = sample.p50
                            continue
                        added[name].append(sample.p50 - direct)
                        costs[name].append(1e6 * (way.processor_seconds() - before) / sample.requests)
                show(f"{title}: added p50", "µs", added, PAIR, load)
                show(f"{title}: CPU of the proxies a request", "µs", costs, PAIR, load)
                if load != PACED:
                    show(f"{title}: requests", "1/s", rates, PAIR, load)


class Tasks(NamedTuple):
    """A caller and its targets, without and with TLS, of one topology: a process of each."""

    caller: int
    targets: tuple[int, int]
    target_address: str
    alias: str

    def ports_and_hosts(self) -> tuple[dict[tuple[str, bool], int], dict[tuple[str, bool], str]]:
        """The ports of the aliases, and their virtual addresses."""
        ports = {(protocol, tls): 80 + n for n, protocol in enumerate(PROTOCOLS) for tls in (False, True)}
        hosts = {(p, tls): virtual_address(self.caller, alias_of(self.alias, tls=tls)) for p, tls in ports}
        return ports, hosts


def alias_of(topology: str, *, tls: bool) -> str:
    """The alias of the target."""
    return f"web-{topology}{'-tls' if tls else ''}"


def add_tasks(stage: Stage, topology: str, command: list[str]) -> Tasks:
    """A caller and targets with this topology of their proxies."""
    stage.set_topology(topology)
    targets = []
    for tls in (False, True):
        name = alias_of(topology, tls=tls)
        define(stage, name, command)
        offers: list[dict[str, Any]] = []
        for number in range(len(PROTOCOLS)):
            aliases = [{"dnsName": name, "port": 80 + number}]
            offers.append({"portName": f"p{number}", "discoveryName": f"{name}-{number}", "clientAliases": aliases})
            if tls:
                offers[-1]["tls"] = {"issuerCertificateAuthority": {}}
        stage.serve(name, offers)
        targets += stage.tasks(serviceName=name)
    stage.define(f"caller-{topology}", ["sleep", "infinity"])
    stage.serve(f"caller-{topology}")
    (caller,) = stage.tasks(serviceName=f"caller-{topology}")
    return Tasks(inside(caller), (inside(targets[0]), inside(targets[1])), address(targets[0]), topology)


def define(stage: Stage, family: str, command: list[str]) -> None:
    """A task definition with a port for each protocol."""
    ports = [
        {"name": f"p{number}", "containerPort": APPLICATION[protocol]}
        | ({"appProtocol": APP_PROTOCOL[protocol]} if protocol in APP_PROTOCOL else {})
        for number, protocol in enumerate(PROTOCOLS)
    ]
    app = {"name": "app", "image": "moyai.local/host", "command": command, "portMappings": ports, "stopTimeout": 2}
    size = {"cpu": "1024", "memory": "2048", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    stage.ecs.register_task_definition(family=family, containerDefinitions=[app], **size)


def measure(target: Server, stack: ExitStack) -> None:
    """All ways."""
    stage, folder = Stage(target), Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    chain, key = self_signed("web")
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(key)
    command = ["sh", "-c", _START, _NGINX.format(body="x" * 1024), chain.decode(), key.decode()]
    own, shared = add_tasks(stage, "sidecar", command), add_tasks(stage, "node", command)
    called = own.targets[0]
    near, far, node = stack.enter_context(placements(own.caller, own.caller, called, shared.caller))
    ends = Ends(near, far, own.target_address, APPLICATION, folder)
    direct = {(p, tls): port + (TLS_OFFSET if tls else 0) for p, port in APPLICATION.items() for tls in (False, True)}
    ways = {"direct": Way(far, "127.0.0.1", direct)}
    for name, pair in (("nginx", nginx_pair), ("HAProxy", haproxy_pair), (PAIR, envoy_pair)):
        forwarders: Pair | None = stack.enter_context(pair(ends))
        if forwarders is not None:
            ways[name] = Way(near, "127.0.0.1", forwarders.ports, forwarders.processes)
    for name, tasks, place, proxies in (
        ("sidecar", own, near, tuple(map(proxy_of, (own.caller, *own.targets)))),
        ("node", shared, node, (host_proxy(target.state),)),
    ):
        ports, hosts = tasks.ports_and_hosts()
        ways[name] = Way(place, "", ports, proxies, hosts)
    compare(ways, H2Load(folder))


def main() -> None:
    """Measure."""
    if not root():
        return
    if not all(shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("nginx", "h2load")):
        print("left out: it needs Debian's packages nginx-light and nghttp2-client")
        return
    with server() as target, ExitStack() as stack:
        measure(target, stack)


if __name__ == "__main__":
    main()
