"""A control plane to be killed: it makes one task after the other, for ever. Arguments: state, first task."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from tests.contract.runtime.places import STUBBORN, LinuxPlace, proxy, sandbox


async def live(state: Path, first: int) -> None:
    """Make tasks until killed."""
    place = LinuxPlace(state)
    for number in itertools.count(first):
        spec = sandbox(number)
        await place.runtime.prepare(spec)
        await place.runtime.start_proxy(proxy(spec.task))
        await place.runtime.start(place.container(STUBBORN, task=spec.task))
        sys.stdout.write("one\n")
        sys.stdout.flush()
        if number % 2:
            await place.runtime.release(spec.task)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
