"""Asks HOST:PORT by HTTP again and again until it answers 200, then prints the time (seconds since the epoch).

Run as a program: ``prober.py HOST PORT``. It prints a line when it begins.
"""

from __future__ import annotations

import http.client
import sys
import time

_PAUSE = 0.002
_TIMEOUT = 5


def ask(host: str, port: int) -> int:
    """The status, 0 when there was no answer."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    print("asking", flush=True)
    while ask(sys.argv[1], int(sys.argv[2])) != http.client.OK:
        time.sleep(_PAUSE)
    print(time.time())
