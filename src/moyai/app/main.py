"""The process: open, serve until a signal, let go.

SIGTERM and SIGINT end the control plane and leave tasks and proxies running.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import resource
import signal
import sys
from collections.abc import Callable

from moyai.app.config import Settings
from moyai.app.pauses import short_pauses
from moyai.app.plane import ControlPlane
from moyai.app.preflight import problems, warnings
from moyai.kernel.errors import MoyaiError

_log = logging.getLogger(__name__)
_FILES = 65536


class Refused(MoyaiError):
    """The control plane can't start here; ``problems`` has a line for each thing to mend."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = found


def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` gets the URL when everything is ready.

    Raises Refused before anything is made when it can't start.
    """
    faulthandler.enable()  # what ends a process below Python says nothing by itself
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    found = problems(settings)
    if found:
        raise Refused(found)
    allow_files()
    for line in warnings(settings):
        _log.warning(line)
    try:
        asyncio.run(_serve(settings, announce))
    except (OSError, MoyaiError) as error:
        raise Refused([str(error)]) from error


def allow_files() -> None:
    """Have as many files open as we may, up to what Fargate gives a task: a shell's 1024 is fewer than our connections.

    Containers without a ``nofile`` of their own inherit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    plane = await ControlPlane.open(settings)
    try:
        with short_pauses():
            announce(plane.url)
            await _until(ended, plane)
    finally:
        await plane.close()
    left = plane.tasks_left
    if left:
        _log.info("%d tasks go on; `moyai up` takes them over again, `moyai down` stops them", left)


async def _until(ended: asyncio.Event, plane: ControlPlane) -> None:
    """Wait for the signal; an inner part that fails ends the process, which loses nothing."""
    waiting = asyncio.create_task(ended.wait())
    failing = asyncio.create_task(plane.failed())
    try:
        await asyncio.wait({waiting, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            failing.result()
    finally:
        waiting.cancel()
        failing.cancel()
