"""A client that calls one URL again and again and says whenever it fares otherwise than before.

usage: python3 -m tests.e2e.apps.caller URL

Each line is ``unresolved``, a status, or the name of an error. Each call looks the name up and makes a connection.
"""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from urllib.parse import urlsplit

from tests.e2e.apps.leaving import leave_on_sigterm

PAUSE = 0.02
PATIENCE = 20


def call(host: str, port: int) -> str:
    """How one call fares."""
    try:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        connection.request("GET", "/")
        return str(connection.getresponse().status)
    except socket.gaierror:
        return "unresolved"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


if __name__ == "__main__":
    leave_on_sigterm()
    where = urlsplit(sys.argv[1])
    before = ""
    while True:
        now = call(where.hostname or "", where.port or 80)
        if now != before:
            print(now, flush=True)  # noqa: T201 - a container's output is its log
        before = now
        threading.Event().wait(PAUSE)
