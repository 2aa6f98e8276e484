"""What one more UpdateService costs a control plane of 100 tasks and one of 10,000, in 10 and 1,000 services.

Run by `make bench`, or by hand: `.venv/bin/python bench/update.py`. Each is a whole control plane over simulated tasks
on a clock that is turned by hand. The update is a rolling deployment of ten tasks; what the same time costs without
one (the loop looks at everything every 30 seconds) is taken away. Counts are the same in every run; seconds are of the
processor. No number here is a test.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.sim.crowd import REPLICAS, Crowd

SIZES: Final = (10, 1000)


async def main() -> None:
    """Measure both."""
    print(f"{'':>12} {'to converge':>12} {'one update: records written':>28} {'looks at a task':>16} {'calls':>9}")
    costs = []
    for services in SIZES:
        crowd = Crowd(services)
        started = time.process_time()
        await crowd.converge()
        seconds = time.process_time() - started
        cost = await crowd.cost_of_an_update()
        await crowd.installation.crash()
        costs.append(cost)
        tasks = f"{services * REPLICAS} tasks"
        print(f"{tasks:>12} {seconds:>10.1f} s {cost.written:>28} {cost.looks:>16} {cost.calls:>9}", flush=True)
    ratios = [f"{large / small:.2f} x" for small, large in zip(*costs, strict=True)]
    print(f"{'ratio':>12} {'':>12} {ratios[0]:>28} {ratios[1]:>16} {ratios[2]:>9}")


if __name__ == "__main__":
    asyncio.run(main())
