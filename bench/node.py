"""A proxy for each task, one for all tasks of the host, and a pair of Envoys that nobody has tuned, in turns.

Run by `make bench ONLY=node` as root. wrk calls an nginx that answers with 1 KiB, in a closed loop, from the namespace
of the caller. The untuned pair is in the namespaces of the tasks whose proxies are their own. The memory is that of the
tasks that the host's proxy serves beyond the first. No number here is a test.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from rig.balancers import self_signed
from rig.peers import Placement, available, placements, untuned_envoy, wrk
from rig.report import show
from rig.server import Server, server
from rig.tasks import Stage, address, cpu_seconds, host_proxy, inside, kill, memory, proxy_of, root, virtual_address

ROUNDS: Final = 5
SECONDS: Final = 2
CONNECTIONS: Final = (2, 16)
MANY: Final = 100
OUTAGE_SECONDS: Final = 8
ASKING: Final = """
import sys, time, urllib.request
url, seconds = sys.argv[1], float(sys.argv[2])
answered, longest, end = time.monotonic(), 0.0, None
while end is None or time.monotonic() < end:
    try:
        urllib.request.urlopen(url, timeout=1).read()
    except OSError:
        time.sleep(0.005)
        continue
    if end is None:
        print("ready", flush=True)
        end = time.monotonic() + seconds
    else:
        longest = max(longest, time.monotonic() - answered)
    answered = time.monotonic()
print(longest)
"""
"""A program that asks again and again, and prints the longest time between two answers."""
PORT, ALIAS_PORT, NEAR, FAR = 8080, 80, 9000, 9100
PAIR: Final = "untuned pair"
_NGINX: Final = (
    "daemon off; pid /tmp/nginx.pid; error_log /tmp/error.log; events {} http { access_log off;"
    " keepalive_requests 1000000000; server { listen %d; location / { return 200 '%s'; } } }"
)
# nginx overwrites its environment, by which a task's process is found; the shell keeps it.
APPLICATION: Final = [
    "sh",
    "-c",
    'printf "%s" "$0" >/tmp/nginx.conf; nginx -c /tmp/nginx.conf -e /tmp/error.log; exit',
    _NGINX % (PORT, "x" * 1024),
]


class Way(NamedTuple):
    """A way to the application: where wrk runs, its URL, and the proxies on the way."""

    load: Placement
    url: str
    proxies: tuple[int, ...]


def add_tasks(stage: Stage, topology: str) -> tuple[int, int, str]:
    """A caller and a target with this topology of their proxies: a process of each, and the target's address."""
    stage.set_topology(topology)
    target, caller = f"web-{topology}", f"caller-{topology}"
    stage.define(target, APPLICATION, PORT)
    stage.define(caller, ["sleep", "infinity"])
    offer = {"portName": "web", "discoveryName": target, "clientAliases": [{"dnsName": target, "port": ALIAS_PORT}]}
    stage.serve(target, [offer])
    stage.serve(caller)
    (of_target,), (of_caller,) = stage.tasks(serviceName=target), stage.tasks(serviceName=caller)
    return inside(of_caller), inside(of_target), address(of_target)


def compare(paths: dict[str, Way]) -> None:
    """All ways in turns, at each number of connections."""
    for connections in CONNECTIONS:
        waits, costs, rates = defaultdict(list), defaultdict(list), defaultdict(list)
        for _ in range(ROUNDS):
            for name, path in paths.items():
                before = sum(map(cpu_seconds, path.proxies))
                sample = wrk(path.load, path.url, connections, SECONDS)
                waits[name].append(sample.p50_ms)
                rates[name].append(sample.rate)
                costs[name].append(1e6 * (sum(map(cpu_seconds, path.proxies)) - before) / sample.requests)
        show(f"p50 of a request, {connections} connections", "ms", waits, PAIR)
        show(f"requests, {connections} connections", "1/s", rates, PAIR)
        del costs["direct"]
        show(f"CPU of the proxies, {connections} connections", "µs a request", costs, PAIR)


def weigh(stage: Stage, envoy: int) -> None:
    """The host's proxy with more tasks, each of which calls two names."""
    before = memory(envoy)[1]
    stage.scale("caller-node", MANY + 1)
    stage.steady("caller-node")
    show(f"private memory a task, {MANY} tasks more", "MiB", {"node": [(memory(envoy)[1] - before) / MANY]})


def interrupt(inside_of: int, url: str, envoy: int) -> None:
    """How long a caller gets no answer when the proxy ends, and starts again."""
    command = ["nsenter", "-t", str(inside_of), "-n", sys.executable, "-c", ASKING, url, str(OUTAGE_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:  # noqa: S603
        assert caller.stdout is not None  # noqa: S101
        caller.stdout.readline()
        kill(envoy)
        show("longest time without an answer, proxy ended", "s", {"node": [float(caller.stdout.readline())]})


def measure(target: Server, stack: ExitStack) -> None:
    """Both topologies and the pair."""
    stage, folder = Stage(target), Path(stack.enter_context(tempfile.TemporaryDirectory()))
    caller, called, there = add_tasks(stage, "sidecar")
    node_caller, _, _ = add_tasks(stage, "node")
    near, far, node = stack.enter_context(placements(caller, caller, called, node_caller))
    chain_and_key, pair = self_signed("web"), []
    for name, place, to, port in (("far", far, ("127.0.0.1", PORT), FAR), ("near", near, (there, FAR), NEAR)):
        (folder / name).mkdir()
        for file, content in zip(("chain.pem", "key.pem"), chain_and_key, strict=True):
            (folder / name / file).write_bytes(content)
        pair.append(stack.enter_context(untuned_envoy(place, folder / name, to, port, port + 1)))
    own = (proxy_of(caller), proxy_of(called))
    envoy = host_proxy(target.state)
    alias = virtual_address(node_caller, "web-node")
    compare(
        {
            "direct": Way(far, f"http://127.0.0.1:{PORT}/", ()),
            PAIR: Way(near, f"http://127.0.0.1:{NEAR}/", tuple(pair)),
            "sidecar": Way(near, f"http://{virtual_address(caller, 'web-sidecar')}/", own),
            "node": (shared := Way(node, f"http://{alias}/", (envoy,))),
        }
    )
    weigh(stage, envoy)
    interrupt(node_caller, shared.url, envoy)


def main() -> None:
    """Measure."""
    if root() and available():
        with server() as target, ExitStack() as stack:
            measure(target, stack)


if __name__ == "__main__":
    main()
