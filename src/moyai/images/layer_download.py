"""Downloads a layer, and unpacks it while it arrives."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple, TypeVar

from moyai.images.errors import BadContent
from moyai.images.model import Descriptor
from moyai.images.progress import PullTracker
from moyai.images.source import ResolvedImage, Source
from moyai.images.store.lease import Lease
from moyai.images.store.unpacking import Arrival

T = TypeVar("T")
_NEWS_BYTES: Final = 1024 * 1024
"""Number of received bytes after which the unpacking process is notified; sources write as many at once."""


class LayerDownload(NamedTuple):
    """The state that the downloads of one image's layers share."""

    source: Source
    image: ResolvedImage
    lease: Lease
    tracker: PullTracker

    async def run(self, descriptor: Descriptor, diff_id: str, unpackers: ThreadPoolExecutor) -> None:
        """Add a layer to the store. It is unpacked while it is downloaded; if the download has to begin again
        meanwhile, the layer is unpacked again afterwards. ``unpackers``: the threads that wait for unpacking, which
        must be others than those that write received bytes. Raises PullFailed, and adds nothing then.
        """
        begins_again, unreported = False, 0

        def add_received(count: int) -> None:
            nonlocal begins_again, unreported
            begins_again = begins_again or count < 0
            unreported = max(0, unreported + count)
            self.tracker.add_received(count)
            if unreported >= _NEWS_BYTES:
                unreported = 0
                with suppress(BlockingIOError, BrokenPipeError):  # earlier news is unread, or unpacking has ended
                    os.write(writing, b"+")

        with tempfile.TemporaryFile(dir=self.lease.directory) as file:
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            add = partial(self.lease.add_layer, descriptor, diff_id, file)
            arrival = Arrival(descriptor.size, reading)
            unpacking = asyncio.create_task(finish_in_thread(partial(add, arrival), unpackers))
            fetching = asyncio.create_task(self.source.fetch(self.image, descriptor, file, add_received))
            try:
                try:
                    await asyncio.wait({fetching, unpacking}, return_when=asyncio.FIRST_COMPLETED)
                    refusal = unpacking.exception() if unpacking.done() else None
                    if refusal is not None and not (begins_again and isinstance(refusal, BadContent)):
                        raise refusal
                    await fetching
                    file.flush()
                finally:
                    fetching.cancel()
                    await asyncio.wait({fetching})
                    os.close(writing)
                    await asyncio.wait({unpacking})
                    failure = unpacking.exception()
            finally:
                os.close(reading)
            if failure is not None:
                if not (begins_again and isinstance(failure, BadContent)):
                    raise failure
                await finish_in_thread(add, unpackers)


async def finish_in_thread(work: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
    """Run blocking work in a thread, and wait for its end even if the caller is cancelled, because it uses a lease."""
    running = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
