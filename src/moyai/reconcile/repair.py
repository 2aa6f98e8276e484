"""Computing derived values where a failure stays with its key, and computing all of them again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from moyai.domain.derived import Derived
from moyai.kernel.clock import Clock, Seconds

_KEYS_AT_ONCE = 10
"""How many values are computed again between two turns of others."""

_log = logging.getLogger(__name__)


async def repair(derived: Iterable[Derived[Any, Any]], clock: Clock) -> None:
    """Compute all values again, as a notification of a change may have been lost; others have their turn in between."""
    for values in derived:
        for number, key in enumerate(values.keys(), start=1):
            if key in values:
                attempt(partial(values.update, key), key)
            if number % _KEYS_AT_ONCE == 0:
                await clock.sleep(Seconds(0))


def attempt(update: Callable[[], object], what: str) -> None:
    """Call ``update``; when it fails, log that ``what`` keeps its last good form."""
    try:
        update()
    except Exception:  # noqa: BLE001 (the top of the loop: the last good form goes on serving)
        _log.exception("%s: kept in its last good form", what)
