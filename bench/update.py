"""What one more UpdateService costs a control plane of 100 tasks and one of 3,000, in 10 and 300 services.

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

from rig.report import show

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.sim.crowd import REPLICAS, Crowd

SIZES: Final = (10, 300)


async def main() -> None:
    """Measure both."""
    converged: dict[str, list[float]] = {}
    costs: dict[str, dict[str, list[float]]] = {field: {} for field in ("written", "looks", "calls")}
    for services in SIZES:
        label = f"among {services * REPLICAS:,} tasks"
        crowd = Crowd(services)
        started = time.process_time()
        await crowd.converge()
        converged[label] = [time.process_time() - started]
        cost = await crowd.cost_of_an_update()
        await crowd.installation.crash()
        for field, row in costs.items():
            row[label] = [getattr(cost, field)]
    base = next(iter(converged))
    show("from nothing until all tasks run", "CPU s", converged, base)
    for field, title in (("written", "records written"), ("looks", "looks at a task"), ("calls", "Python calls")):
        show(f"one update: {title}", "", costs[field], base)


if __name__ == "__main__":
    asyncio.run(main())
