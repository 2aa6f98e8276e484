"""How long `moyai up` takes on an empty state until it is ready, and the memory that it has then.

Run by `make bench`, or by hand: `.venv/bin/python bench/ready.py`. It waits for the line with the URL. The processor
time is that of the process and says more than the clock on a busy machine. No number here is a test.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from typing import Final

from rig.report import show
from rig.server import server
from rig.tasks import cpu_seconds, memory

ROUNDS: Final = 3
REST: Final = 3
"""Seconds after which the memory is that of a control plane at rest."""


def main() -> None:
    """Measure, in turn with an interpreter that does nothing."""
    print(f"load: none; {ROUNDS} times")
    times: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, list[float]] = defaultdict(list)
    for turn in range(ROUNDS + 1):  # the first compiles
        at = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        bare = 1000 * (time.perf_counter() - at)
        at = time.perf_counter()
        with server("--dns-port", "0") as target:
            ready, used = 1000 * (time.perf_counter() - at), 1000 * cpu_seconds(target.pid)
            time.sleep(REST)
            resident, private = memory(target.pid)
        if turn:
            times["python -c pass"].append(bare)
            times["until ready"].append(ready)
            times["processor time until ready"].append(used)
            sizes["resident"].append(resident)
            sizes["private"].append(private)
    show("moyai up", "ms", times)
    show("memory at rest", "MiB", sizes)


if __name__ == "__main__":
    main()
