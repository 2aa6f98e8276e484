"""Stop everything of one installation, whether its control plane runs or not."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress

from moyai.app.clock import SystemClock
from moyai.app.config import Settings
from moyai.app.ids import SystemIds
from moyai.app.runtimes import make_runtime
from moyai.kernel.clock import Seconds
from moyai.ports.runtime import NotStopped
from moyai.ports.store import StateLocked
from moyai.store.sqlite import SqliteStore

_PATIENCE = 30.0
_STEP = Seconds(0.1)


async def down(settings: Settings, *, forget: bool) -> None:
    """End the control plane, stop all tasks, remove what they had on this machine; with ``forget`` the state too.

    What else lies in the state directory is left: it may be somebody's home.
    Errors: StateLocked when the control plane does not end within half a minute; NotStopped when a process can't be
    ended, and then nothing is forgotten; StoreFault.
    """
    if not settings.state.database.exists():
        return
    store = await _take_over(settings)
    try:
        runtime = make_runtime(settings, store.installation.id, SystemClock())
        await runtime.destroy()
        await runtime.close()
    except NotStopped as left:
        raise NotStopped(f"{left}. All else is stopped. Run `moyai down` again when it has ended.") from left
    finally:
        await store.close()
    if forget:
        for path in settings.state.everything:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


async def _take_over(settings: Settings) -> SqliteStore:
    """The store, once nobody else has it."""
    clock = SystemClock()
    deadline = clock.now() + _PATIENCE
    while True:
        try:
            return SqliteStore.open(settings.state.database, SystemIds(), clock.now())
        except StateLocked as locked:
            if clock.now() > deadline:
                raise
            if locked.holder is not None:
                with suppress(ProcessLookupError):
                    os.kill(locked.holder, signal.SIGTERM)
            await clock.sleep(_STEP)
