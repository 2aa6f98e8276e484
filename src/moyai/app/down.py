"""Stops everything of one installation, whether its control plane runs or not."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from moyai.app.clock import SystemClock
from moyai.app.config import Settings
from moyai.app.ids import SystemIds
from moyai.app.runtimes import make_runtime
from moyai.delegate.embedded import EmbeddedServer
from moyai.images.store.trees import remove_tree
from moyai.kernel.clock import Seconds
from moyai.ports.runtime import NotStopped
from moyai.ports.store import StateLocked
from moyai.store.sqlite import SqliteStore

_TIMEOUT = 30.0
_POLL = Seconds(0.1)


async def down(settings: Settings, *, forget: bool) -> bool:
    """End the control plane, stop all tasks and remove what they have on this machine; with ``forget``, also delete the
    state. Returns False if the state directory has no installation.

    Other files in the state directory are left alone: it may be a home directory.
    Errors: StateLocked when the control plane does not end within half a minute; NotStopped when a process can't be
    ended, and then the state is kept; StoreFault.
    """
    if not settings.state.database.exists():
        return False
    store = await _take_over(settings)
    try:
        await asyncio.to_thread(EmbeddedServer(settings.state.delegate, SystemClock()).stop)
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
                remove_tree(str(path))  # tasks may have made deep trees in it
            else:
                path.unlink(missing_ok=True)
    return True


async def _take_over(settings: Settings) -> SqliteStore:
    """End the control plane that has locked the store, and open the store. The control plane gets only one signal: a
    second one could arrive when it has closed everything, and would make it end with an error.
    """
    clock = SystemClock()
    signalled: set[int] = set()
    deadline = clock.now() + _TIMEOUT
    while True:
        try:
            return SqliteStore.open(settings.state.database, SystemIds(), clock.now())
        except StateLocked as locked:
            if clock.now() > deadline:
                raise
            if locked.holder is not None and locked.holder not in signalled:
                signalled.add(locked.holder)
                with suppress(ProcessLookupError):
                    os.kill(locked.holder, signal.SIGTERM)
            await clock.sleep(_POLL)
