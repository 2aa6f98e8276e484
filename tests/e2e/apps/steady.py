"""A steady load on one HTTP service, of which nothing goes uncounted.

Two kinds of callers at once. Closed: so many, each asking again a moment after it was answered. Open: so many requests
a second come due whether or not the earlier ones were answered, as from a crowd; their time counts from when they
were due. Every fourth request is a POST with an id of its own, the others are GETs.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from itertools import pairwise
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 90
THINKING = 0.05
EVERY_POST = 4
CROWD = 64
FAILURES_KEPT = 20


class Steady:
    """The load, from its beginning to its end."""

    def __init__(self, url: str, name: str, closed: int, rate: float) -> None:
        self.parts = urlsplit(url)
        self.name = name
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.begun = time.monotonic()
        self.number = 0
        self.under_way: set[tuple[float, int]] = set()
        self.taken: list[float] = []
        self.answered: Counter[str] = Counter()
        self.successes: list[float] = []
        self.failures: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.due: SimpleQueue[float | None] = SimpleQueue()
        callers = [threading.Thread(target=self.ask_again, daemon=True) for _ in range(closed)]
        crowd = [threading.Thread(target=self.ask_when_due, daemon=True) for _ in range(CROWD if rate else 0)]
        clock = [threading.Thread(target=self.keep_time, args=(rate,), daemon=True)] if rate else []
        self.threads = [*callers, *crowd, *clock]
        for thread in self.threads:
            thread.start()

    # ------------------------------------------------------------------------------------------- callers

    def ask_again(self) -> None:
        caller = self.connection()
        while not self.over.wait(THINKING):
            caller = self.ask(caller, time.monotonic())

    def ask_when_due(self) -> None:
        caller = self.connection()
        while (due := self.due.get()) is not None:
            caller = self.ask(caller, due)

    def keep_time(self, rate: float) -> None:
        due = time.monotonic()
        while not self.over.wait(max(0.0, due - time.monotonic())):
            self.due.put(due)
            due += 1 / rate
        for _ in range(CROWD):
            self.due.put(None)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.parts.hostname or "", self.parts.port or 80, timeout=PATIENCE)

    # ------------------------------------------------------------------------------------------ counting

    def ask(self, caller: http.client.HTTPConnection, due: float) -> http.client.HTTPConnection:
        """One request; the connection for the next one."""
        with self.lock:
            self.number += 1
            number = f"{self.name}-{self.number}" if self.number % EVERY_POST == 0 else ""
            mine = (time.monotonic(), self.number)
            self.under_way.add(mine)
        try:
            caller.request("POST" if number else "GET", self.parts.path or "/", number.encode() or None)
            answer = caller.getresponse()
            body = answer.read()
            status = str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            status, body = repr(error), b""
            caller.close()
            caller = self.connection()
        with self.lock:
            self.under_way.discard(mine)
        self.count(number, due, status, body)
        return caller

    def count(self, number: str, due: float, status: str, body: bytes) -> None:
        now = time.monotonic()
        with self.lock:
            if status == "200":
                self.taken.append(now - due)
                self.successes.append(now)
                self.answered[json.loads(body)["task"]] += 1
                if number:
                    self.done.append(number)
            else:
                texts = {
                    "at": round(now - self.begun, 3),
                    "after": round(now - due, 3),
                    "status": status,
                    "post": number,
                }
                self.failures.append(texts | {"body": body[:100].decode(errors="replace")})

    def results(self) -> dict[str, Any]:
        with self.lock:
            failed_posts = [failure["post"] for failure in self.failures if failure["post"]]
            times = sorted(self.taken) or [0.0]
            moments = sorted(self.successes)
            return {
                "oldest": time.monotonic() - min(self.under_way)[0] if self.under_way else 0,
                "now": round(time.monotonic() - self.begun, 3),
                "requests": len(self.taken) + len(self.failures),
                "posts": len(self.done) + len(failed_posts),
                "failed": len(self.failures) - len(failed_posts),
                "failed_posts": failed_posts,
                "failures": self.failures[:FAILURES_KEPT],
                "last_failure": self.failures[-1]["at"] if self.failures else 0,
                "done": list(self.done),
                "answered": dict(self.answered),
                "gap": round(max((b - a for a, b in pairwise(moments)), default=0), 3),
                "p50": round(times[len(times) // 2], 4),
                "p99": round(times[len(times) * 99 // 100], 4),
            }

    def end(self) -> dict[str, Any]:
        self.over.set()
        for thread in self.threads:
            thread.join()
        return self.results()
