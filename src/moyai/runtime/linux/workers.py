"""The threads that do the runtime's blocking work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from moyai.ports.runtime import CannotCreate

T = TypeVar("T")

_THREADS = 8
_log = logging.getLogger(__name__)


class Workers:
    """A pool of threads, used from one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="moyai-runtime")

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work on a thread, and return what it returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def run_with_port_errors(self, work: Callable[[], T]) -> T:
        """As ``run``; an OSError, such as a full disk or no more processes, becomes CannotCreate."""
        try:
            return await self.run(work)
        except OSError as error:
            raise CannotCreate(str(error)) from error

    def start(self, work: Callable[[], None]) -> None:
        """Let a thread do the work. A failure is logged, as nobody waits for it."""
        self._threads.submit(work).add_done_callback(_log_failure)

    async def close(self) -> None:
        """Wait until all work is done. No work can be started any more."""
        await asyncio.to_thread(self._threads.shutdown)


def _log_failure(future: Future[None]) -> None:
    if error := future.exception():
        _log.error("the runtime's work in the background failed", exc_info=error)
