"""Requests of several kinds, one after the other in each of a few callers, all of them counted and timed.

usage: python3 -m tests.e2e.apps.mixed URL CALLERS SECONDS PATH…

Prints {"statuses": {"200": n, …, "none": n}, "times": [milliseconds, sorted]}. A caller goes round the paths until
the time is over.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from itertools import cycle
from urllib.parse import urlsplit

PATIENCE = 20


def ask(host: str, paths: list[str], end: float, statuses: list[str], times: list[float]) -> None:
    connection = http.client.HTTPConnection(host, 80, timeout=PATIENCE)
    for path in cycle(paths):
        if time.monotonic() > end:
            break
        start = time.monotonic()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            statuses.append(str(answer.status))
        except (OSError, http.client.HTTPException):
            statuses.append("none")
            connection.close()
        times.append(1000 * (time.monotonic() - start))
    connection.close()


def main(url: str, callers: int, seconds: float, *paths: str) -> None:
    host = urlsplit(url).hostname or ""
    statuses: list[str] = []
    times: list[float] = []
    end = time.monotonic() + seconds
    asking = [
        threading.Thread(
            target=ask, args=(host, [*paths[n % len(paths) :], *paths[: n % len(paths)]], end, statuses, times)
        )
        for n in range(callers)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    print(json.dumps({"statuses": Counter(statuses), "times": sorted(times)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
