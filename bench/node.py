"""The proxy that tasks share: its memory for each task, and how long its callers get no answer when it ends.

Run by `make bench ONLY=node` as root. The memory is that of the tasks that the host's proxy serves beyond the first.
What a request costs is measured by data_plane.py. No number here is a test.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from rig.report import show
from rig.server import Server, server
from rig.tasks import ANSWERING, Stage, host_proxy, inside, kill, memory, root, virtual_address

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
PORT: Final = 8080


def weigh(stage: Stage, envoy: int) -> None:
    """The host's proxy with more tasks, each of which calls a name."""
    before = memory(envoy)[1]
    stage.scale("caller", MANY + 1)
    stage.steady("caller")
    show(f"private memory a task, {MANY} tasks more", "MiB", {"node": [(memory(envoy)[1] - before) / MANY]})


def interrupt(inside_of: int, url: str, envoy: int) -> None:
    """How long a caller gets no answer when the proxy ends, and starts again."""
    command = ["nsenter", "-t", str(inside_of), "-n", sys.executable, "-c", ASKING, url, str(OUTAGE_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:  # noqa: S603
        assert caller.stdout is not None  # noqa: S101
        caller.stdout.readline()
        kill(envoy)
        show("longest time without an answer, proxy ended", "s", {"node": [float(caller.stdout.readline())]})


def measure(target: Server) -> None:
    """Both, with one target and its callers."""
    stage = Stage(target)
    stage.set_topology("node")
    stage.define("web", ["python3", "-S", "-c", ANSWERING, str(PORT)], PORT)
    stage.define("caller", ["sleep", "infinity"])
    stage.serve("web", [{"portName": "web", "clientAliases": [{"dnsName": "web", "port": 80}]}])
    stage.serve("caller")
    (caller,) = stage.tasks(serviceName="caller")
    process, envoy = inside(caller), host_proxy(target.state)
    weigh(stage, envoy)
    interrupt(process, f"http://{virtual_address(process, 'web')}/", envoy)


def main() -> None:
    """Measure."""
    if root():
        with server() as target:
            measure(target)


if __name__ == "__main__":
    main()
