"""A steady stream of requests at one URL, each of them counted."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Tally:
    """What a caller saw."""

    sent: int = 0
    failed: int = 0
    last_failure: str = ""


@dataclass
class Traffic:
    """``callers`` threads, each with a connection of its own, each about ``rate`` requests a second."""

    url: str
    callers: int = 3
    rate: float = 15.0
    _end: threading.Event = field(default_factory=threading.Event)
    _tallies: list[Tally] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        for number in range(self.callers):
            tally = Tally()
            thread = threading.Thread(target=self._call, args=(tally, number), daemon=True)
            self._tallies.append(tally)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> Tally:
        """End, and give the sum."""
        self._end.set()
        for thread in self._threads:
            thread.join()
        return total(self._tallies)

    def _call(self, tally: Tally, number: int) -> None:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        while not self._end.wait(1 / self.rate):
            item = f"{parts.path}/{number}-{tally.sent}"
            tally.sent += 1
            try:
                connection.request("GET", item)
                answer = connection.getresponse()
                body = answer.read()
                problem = "" if answer.status == http.client.OK else f"{answer.status} {body[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                problem = repr(error)
            if problem:
                tally.failed += 1
                tally.last_failure = f"{item}: {problem}"
        connection.close()


def total(tallies: Sequence[Tally]) -> Tally:
    """The sum of what all callers saw."""
    last = next((t.last_failure for t in tallies if t.last_failure), "")
    return Tally(sum(t.sent for t in tallies), sum(t.failed for t in tallies), last)
