"""What a load balancer costs: latency and CPU beside nginx and an untuned Envoy, memory, new targets, a deployment.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/load_balancers.py [ROUNDS]`. All proxies are in network
namespaces of the same VPC, in front of the same nginx, and are called from a third one, in turns; each has the same
share of the processors. The untuned Envoy has an access log, request ids, all statistics, retries and outlier
detection. Without Debian's nginx-light and wrk, latency and CPU are left out; HAProxy is Debian's haproxy, if it is
there. No number here is a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from rig.balancers import Balancers, self_signed
from rig.load import Load
from rig.peers import (
    Placement,
    Sample,
    available,
    haproxy,
    nginx_application,
    nginx_proxy,
    placements,
    untuned_envoy,
    wrk,
)
from rig.report import show
from rig.server import Server, server, wait_until
from rig.tasks import ANSWERING, Stage, address, cpu_seconds, inside, memory, root, tree

ROUNDS: Final = 5
SECONDS: Final = 1
CONNECTIONS: Final = (2, 16)
PORT, HTTP, HTTPS = 8080, 9080, 9443
DIRECT, BALANCER, ENVOY, NGINX, HAPROXY = "direct", "load balancer", "untuned Envoy", "nginx", "HAProxy"
FURTHER: Final = 10
"""Load balancers beside the first, each with two listeners of twenty rules and five target groups of three."""
NEW_TARGETS: Final = 7
RATE: Final = 1000
PACED_CONNECTIONS: Final = 8
PACED_SECONDS: Final = 25
PROBER: Final = str(Path(__file__).parent / "rig" / "prober.py")
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n"
REPORTING: Final = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("user-agent", "").startswith("ELB-HealthChecker"):
            print(time.time(), flush=True)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler)
print("listening", flush=True)
server.serve_forever()
"""
"""A target that prints when it listens, and the time of each check."""


class Place(NamedTuple):
    """The tasks whose network namespaces everything is in: their process, and for two of them the address."""

    caller: int
    proxies: int
    proxies_address: str
    target: int
    target_address: str


def compare(balancers: Balancers, place: Place, rounds: int) -> None:
    """Latency and CPU of the three proxies, with HTTP and HTTPS."""
    chain, key = self_signed("web.example")
    balancer = balancers.new("compared")
    group = balancers.group("compared", (place.target_address, PORT))
    balancers.listen(balancer, HTTP, group)
    balancers.listen(balancer, HTTPS, group, balancers.certificate(chain, key))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "chain.pem").write_bytes(chain)
        (folder / "key.pem").write_bytes(key)
        application = f"{place.target_address}:{PORT}"
        balancers.await_active()
        inside_of = (place.caller, place.proxies, place.target)
        load, proxies, target = stack.enter_context(placements(balancers.proxy(), *inside_of))
        stack.enter_context(nginx_application(target, folder, PORT))
        nginx = stack.enter_context(nginx_proxy(proxies, folder, application, HTTP, HTTPS))
        envoy = stack.enter_context(untuned_envoy(proxies, folder, (place.target_address, PORT), HTTP + 1, HTTPS + 1))
        third = stack.enter_context(haproxy(proxies, folder, application, HTTP + 2, HTTPS + 2))
        wait_until(lambda: balancers.healthy(group) == 1, "the application is healthy")
        node, other = balancers.address(balancer), place.proxies_address
        processes = {BALANCER: balancers.proxy(), ENVOY: envoy, NGINX: nginx}
        if third is not None:
            processes[HAPROXY] = third
        schemes = {
            scheme: {
                DIRECT: f"http://{application}",
                BALANCER: f"{scheme}://{node}:{port}",
                ENVOY: f"{scheme}://{other}:{port + 1}",
                NGINX: f"{scheme}://{other}:{port}",
                HAPROXY: f"{scheme}://{other}:{port + 2}",
            }
            for scheme, port in (("http", HTTP), ("https", HTTPS))
        }
        for scheme, urls in schemes.items():
            for connections in CONNECTIONS:
                _compare(f"{scheme}, {connections} connections", load, urls, processes, connections, rounds)
    balancers.elb.delete_load_balancer(LoadBalancerArn=balancer)


def _compare(
    title: str, load: Placement, urls: Mapping[str, str], processes: Mapping[str, int], connections: int, rounds: int
) -> None:
    added: dict[str, list[float]] = defaultdict(list)
    costs: dict[str, list[float]] = defaultdict(list)
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        base = wrk(load, urls[DIRECT], connections, SECONDS)
        rates[DIRECT].append(base.rate)
        for name, process in processes.items():
            sample, cost = _measure(load, urls[name], process, connections)
            added[name].append(1000 * (sample.p50_ms - base.p50_ms))
            costs[name].append(cost)
            rates[name].append(sample.rate)
    show(f"{title}: added p50", "µs", added, ENVOY)
    show(f"{title}: CPU a request", "µs", costs, ENVOY)
    show(f"{title}: requests/s", "", rates, ENVOY)


def _measure(load: Placement, url: str, process: int, connections: int) -> tuple[Sample, float]:
    used = sum(map(cpu_seconds, tree(process)))
    sample = wrk(load, url, connections, SECONDS)
    return sample, 1e6 * (sum(map(cpu_seconds, tree(process))) - used) / sample.requests


def grow(balancers: Balancers, stage: Stage) -> None:
    """The front proxy's memory, with one load balancer and with more, beside another Envoy that shares its program. It
    is new: what other parts have it do stays in its heap.
    """
    stage.serve("place")
    _furnish(balancers, "first")
    balancers.await_active()
    first = memory(balancers.proxy())[1]
    for number in range(FURTHER):
        _furnish(balancers, f"further-{number}")
    balancers.await_active()
    further = (memory(balancers.proxy())[1] - first) / FURTHER
    sizes = {"with one load balancer": [first], "for each further one, with forty rules and five groups": [further]}
    show("private memory of a front proxy", "MiB", sizes)
    for balancer in balancers.elb.describe_load_balancers()["LoadBalancers"]:
        balancers.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])


def _furnish(balancers: Balancers, name: str) -> None:
    balancer = balancers.new(name)
    groups = [
        balancers.group(f"{name}-{number}", *(("192.168.0.1", port) for port in (81, 82, 83))) for number in range(5)
    ]
    for port in (80, 81):
        listener = balancers.listen(balancer, port, groups[0])
        for priority in range(1, 21):
            balancers.elb.create_rule(
                ListenerArn=listener,
                Priority=priority,
                Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}/*"]}],
                Actions=[{"Type": "forward", "TargetGroupArn": groups[priority % 5]}],
            )


def live(balancers: Balancers, place: Place) -> None:
    """From a target's first health check, as it answers it, until the first request, and until the API shows it."""
    balancer = balancers.new("live")
    requests: list[float] = []
    delays: list[float] = []
    group = balancers.group("live")
    balancers.listen(balancer, HTTP, group)
    balancers.await_active()
    node = balancers.address(balancer)
    for _ in range(NEW_TARGETS):
        _become_live(balancers, place, (group, node), requests, delays)
    show("after its health check: a target", "ms", {"gets its first request": requests, "is shown as healthy": delays})
    balancers.elb.delete_load_balancer(LoadBalancerArn=balancer)


def _become_live(
    balancers: Balancers, place: Place, at: tuple[str, str], requests: list[float], delays: list[float]
) -> None:
    group, node = at
    application = ["nsenter", "-t", str(place.target), "-n", sys.executable, "-c", REPORTING, str(PORT)]
    prober = ["nsenter", "-t", str(place.caller), "-n", sys.executable, PROBER, node, str(HTTP)]
    with (
        subprocess.Popen(application, stdout=subprocess.PIPE, text=True) as target,  # noqa: S603
        subprocess.Popen(prober, stdout=subprocess.PIPE, text=True) as client,  # noqa: S603
    ):
        assert target.stdout is not None and client.stdout is not None  # noqa: PT018, S101
        client.stdout.readline()
        target.stdout.readline()
        balancers.register(group, (place.target_address, PORT))
        wait_until(lambda: balancers.healthy(group) == 1, "the target is healthy", step=0.002)
        seen = time.time()
        checked = float(target.stdout.readline())
        requests.append(1000 * (float(client.stdout.readline()) - checked))
        delays.append(1000 * (seen - checked))
        target.terminate()
    balancers.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": place.target_address, "Port": PORT}])
    described = balancers.elb.describe_target_health
    wait_until(lambda: not described(TargetGroupArn=group)["TargetHealthDescriptions"], "the target is gone")


def deploy(balancers: Balancers, stage: Stage, place: Place) -> None:
    """A rolling deployment of two tasks behind a load balancer, called at a fixed rate."""
    balancer, group = balancers.new("deployed"), balancers.group("deployed")
    balancers.listen(balancer, HTTP, group)
    behind = {"targetGroupArn": group, "containerName": "app", "containerPort": PORT}
    stage.define("deployed", ["python3", "-S", "-c", ANSWERING, str(PORT)], PORT)
    stage.serve("deployed", connect=False, count=2, load_balancers=[behind])
    balancers.await_active()
    wait_until(lambda: balancers.healthy(group) == 2, "both tasks are healthy")  # noqa: PLR2004
    node = balancers.address(balancer)
    within = ("nsenter", "-t", str(place.caller), "-n")
    result = Load(node, HTTP, PACED_CONNECTIONS, PACED_SECONDS, RATE).start(REQUEST, within)
    time.sleep(1)
    stage.ecs.update_service(cluster="bench", service="deployed", forceNewDeployment=True)
    stage.completed("deployed")
    ended = result()
    counts = {"requests": [ended.requests], "of them failed": [ended.failures]}
    show(f"a rolling deployment, called {RATE:,} times a second", "", counts)


def tasks(stage: Stage) -> Place:
    """The three tasks whose network namespaces are used."""
    stage.define("place", ["sleep", "infinity"])
    caller, proxies, target = (stage.run("place") for _ in range(3))
    return Place(inside(caller), inside(proxies), address(proxies), inside(target), address(target))


def measure(control_plane: Server, rounds: int) -> None:
    """All parts."""
    stage, balancers = Stage(control_plane), Balancers(control_plane)
    place = tasks(stage)
    grow(balancers, stage)
    if available():
        compare(balancers, place, rounds)
    live(balancers, place)
    deploy(balancers, stage, place)


def main() -> None:
    """Measure."""
    if not root():
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(
        f"load: wrk, closed loop, {rounds} rounds of {SECONDS} s in turn, 1 KiB; load average {os.getloadavg()[0]:.1f}"
    )
    with server() as control_plane:
        measure(control_plane, rounds)


if __name__ == "__main__":
    main()
