"""The process of `moyai up`: opens the control plane, serves until a signal, and closes it.

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
from contextlib import suppress

from moyai.app.config import Settings
from moyai.app.control_plane import ControlPlane
from moyai.app.gc_tuning import gc_tuned
from moyai.app.preflight import decide_topology, problems, warnings
from moyai.kernel.errors import MoyaiError

_log = logging.getLogger(__name__)
_OPEN_FILES = 65536


class StartupFailed(MoyaiError):
    """The control plane can't start; ``problems`` has a line for each thing to fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` gets the URL when everything is ready.

    Raises StartupFailed, before anything is made, when it can't start.
    """
    faulthandler.enable()  # prints a traceback when native code crashes
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    errors = problems(settings)
    if errors:
        raise StartupFailed(errors)
    raise_open_file_limit()
    settings, reason = decide_topology(settings)
    for line in [*warnings(settings), *([] if reason is None else [reason])]:
        _log.warning(line)
    try:
        asyncio.run(_serve(settings, announce))
    except (OSError, MoyaiError) as error:
        raise StartupFailed([str(error)]) from error


def raise_open_file_limit() -> None:
    """Raise the limits of open files as far as allowed, up to Fargate's: a shell's 1024 are too few for us.

    Containers can't exceed the hard limit. Those on container instances inherit both limits, unless they have a
    ``nofile`` limit of their own.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES:
        with suppress(ValueError, OSError):  # without CAP_SYS_RESOURCE
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, _OPEN_FILES))
            hard = _OPEN_FILES
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    plane = await ControlPlane.open(settings)
    try:
        with gc_tuned():
            announce(plane.url)
            await _until(end, plane)
    finally:
        await plane.close()
    left = plane.tasks_left
    if left:
        _log.info("%d tasks keep running; `moyai up` picks them up again, `moyai down` stops them", left)


async def _until(ended: asyncio.Event, plane: ControlPlane) -> None:
    """Wait for the signal. A background loop that fails ends the process; nothing is lost by that."""
    waiting = asyncio.create_task(ended.wait())
    failing = asyncio.create_task(plane.wait_for_failure())
    try:
        await asyncio.wait({waiting, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            failing.result()
    finally:
        waiting.cancel()
        failing.cancel()
