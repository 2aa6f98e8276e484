"""A control plane to be killed: it makes one task after the other, for ever. Arguments: state, first task."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from tests.contract.runtime.adapters import STUBBORN, LinuxAdapter, proxy, sandbox


async def live(state: Path, first: int) -> None:
    """Make tasks until killed."""
    adapter = LinuxAdapter(state)
    for number in itertools.count(first):
        spec = sandbox(number)
        await adapter.runtime.prepare(spec)
        await adapter.runtime.start_proxy(proxy(spec.task))
        await adapter.runtime.start(adapter.container(STUBBORN, task=spec.task))
        sys.stdout.write("one\n")
        sys.stdout.flush()
        if number % 2:
            await adapter.runtime.release(spec.task)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
