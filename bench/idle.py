"""What an installation costs that nobody asks anything: CPU and memory with eight tasks, each with its proxy.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/idle.py`. CPU is in thousandths of one processor,
over twenty seconds after everything has come to rest. No number here is a test.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rig.report import show
from rig.server import server
from rig.tasks import ANSWERING, Stage, cpu_seconds, inside, memory, monitors, proxy_of, root

TASKS: Final = 8
REST: Final = 5
SECONDS: Final = 20


def main() -> None:
    """Measure."""
    if not root():
        return
    print(f"load: none; {TASKS} tasks of one container and one proxy")
    with server() as target:
        stage = Stage(target)
        stage.define("web", ["python", "-S", "-c", ANSWERING, "8080"], 8080)
        stage.serve("web", [{"portName": "web", "clientAliases": [{"dnsName": "web", "port": 80}]}], count=TASKS)
        proxies = [proxy_of(inside(task)) for task in stage.tasks(serviceName="web")]
        groups: dict[str, Sequence[int]] = {
            "control plane": [target.pid],
            "a container monitor (two a task)": monitors(target),
            "an Envoy": proxies,
        }
        time.sleep(REST)
        before = {name: [cpu_seconds(pid) for pid in pids] for name, pids in groups.items()}
        time.sleep(SECONDS)
        used = {
            name: [1000 * (cpu_seconds(pid) - then) / SECONDS for pid, then in zip(pids, before[name], strict=True)]
            for name, pids in groups.items()
        }
        show("CPU when idle", "1/1000 of a processor", used)
        show("resident memory", "MiB", {name: [memory(pid)[0] for pid in pids] for name, pids in groups.items()})
        show("private memory", "MiB", {name: [memory(pid)[1] for pid in pids] for name, pids in groups.items()})


if __name__ == "__main__":
    main()
