"""How an application starts, as its environment says.

LISTEN_AFTER   seconds until it listens
LISTEN_AT      the address it listens at; all of them without it
REOPEN_AFTER   it listens, closes the port at once, and listens again so many seconds later
END_AFTER      seconds from when it listens until it ends with 1
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from socketserver import TCPServer
from typing import TypeVar

S = TypeVar("S", bound=TCPServer)


def listen(make: Callable[[tuple[str, int]], S], port: int) -> S:
    """The listening server, once it is due."""
    pause = threading.Event()
    place = (os.environ.get("LISTEN_AT", ""), port)
    pause.wait(_seconds("LISTEN_AFTER") or 0)
    reopen = _seconds("REOPEN_AFTER")
    if reopen is not None:
        make(place).server_close()
        pause.wait(reopen)
    end = _seconds("END_AFTER")
    if end is not None:
        threading.Timer(end, os._exit, (1,)).start()
    return make(place)


def _seconds(name: str) -> float | None:
    return float(os.environ[name]) if name in os.environ else None
