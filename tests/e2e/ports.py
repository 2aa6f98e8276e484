"""Ports of this machine for servers that tests start later.

A port that the kernel chooses is in its ephemeral range: once it is released, any connection may get it before the
server listens. These ports are below that range, and each pytest-xdist worker has a block of its own.
"""

from __future__ import annotations

import os
import socket
from typing import Final

_FIRST: Final = 20_000
_BLOCK: Final = 1_000
_BLOCKS: Final = 12
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_candidates = iter(range(_FIRST + _worker % _BLOCKS * _BLOCK, _FIRST + (_worker % _BLOCKS + 1) * _BLOCK))


def free_port() -> int:
    """A TCP port of the loopback at which nothing listens, another one with each call."""
    for port in _candidates:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise RuntimeError(f"all {_BLOCK} ports of this worker have been used")
