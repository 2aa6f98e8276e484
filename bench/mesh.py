"""What the mesh adds to a request: latency, and the proxies' CPU.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/mesh.py`. Real tasks and real Envoys: a caller, and a
service that answers with 1 KiB. The load runs in the caller's network namespace, at a fixed rate. Three paths take
turns: straight to a port of the target's that nobody offers, to the offered port by address (through the target's
proxy alone), and by alias (through both). No number here is a test.
"""

from __future__ import annotations

from typing import Final

from rig.load import Load
from rig.report import show
from rig.server import server
from rig.tasks import ANSWERING, Stage, address, cpu_seconds, inside, proxy_of, root, virtual_address

RATE: Final = 200
CONNECTIONS: Final = 4
SECONDS: Final = 2.5
ROUNDS: Final = 4
OFFERED, PLAIN, ALIAS_PORT = 8080, 8081, 80
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n"


def measure(stage: Stage) -> None:
    """The three paths in turn."""
    (caller,), (target,) = stage.tasks(serviceName="caller"), stage.tasks(serviceName="web")
    pid, there = inside(caller), address(target)
    proxies = (proxy_of(pid), proxy_of(inside(target)))
    paths = {
        "direct": (there, PLAIN),
        "through the target's proxy": (there, OFFERED),
        "through both proxies, by alias": (virtual_address(pid, "web"), ALIAS_PORT),
    }
    waits: dict[str, list[float]] = {name: [] for name in paths}
    costs: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name, (host, port) in paths.items():
            before = sum(map(cpu_seconds, proxies))
            result = Load(host, port, CONNECTIONS, SECONDS, RATE).run(REQUEST, ("nsenter", "-t", str(pid), "-n"))
            waits[name].append(result.p50_ms)
            costs[name].append(1e6 * (sum(map(cpu_seconds, proxies)) - before) / result.requests)
    show("p50 of a request", "ms", waits, "direct")
    show("CPU of both proxies a request", "µs", costs)


def main() -> None:
    """Measure."""
    if not root():
        return
    print(f"load: {RATE} requests/s over {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turn, 1 KiB")
    with server() as target:
        stage = Stage(target)
        stage.define("web", ["python", "-c", ANSWERING, str(OFFERED), str(PLAIN)], OFFERED)
        stage.define("caller", ["sleep", "infinity"])
        stage.serve("web", [{"portName": "web", "clientAliases": [{"dnsName": "web", "port": ALIAS_PORT}]}])
        stage.serve("caller")
        measure(stage)


if __name__ == "__main__":
    main()
