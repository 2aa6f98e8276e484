"""A steady stream of counted requests to one URL."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_TIMEOUT = 30.0


@dataclass
class RequestCount:
    """The requests that callers sent, and those that failed."""

    sent: int = 0
    failed: int = 0
    last_failure: str = ""


class LocalHttpsConnection(http.client.HTTPSConnection):
    """A connection to this machine under a name below ``localhost``, which not every resolver knows. Its server needs a
    certificate for that name, signed by the authority ``root`` (PEM).
    """

    def __init__(self, host: str, port: int, root: str, timeout: float) -> None:
        self._tls = ssl.create_default_context(cadata=root)
        super().__init__(host, port, timeout=timeout, context=self._tls)

    def connect(self) -> None:
        """Connect, and verify the server's certificate. Raises OSError."""
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


@dataclass
class Traffic:
    """Sends requests from ``callers`` threads, each with its own connection and about ``rate`` requests per second."""

    url: str
    root: str = ""
    """PEM: the authority of the server's certificate, if the URL is an HTTPS one below ``localhost``."""
    callers: int = 3
    rate: float = 15.0
    _end: threading.Event = field(default_factory=threading.Event)
    _counts: list[RequestCount] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the threads that send requests."""
        for number in range(self.callers):
            count = RequestCount()
            thread = threading.Thread(target=self._call, args=(count, number), daemon=True)
            self._counts.append(count)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> RequestCount:
        """Stop sending. Returns the counts of all callers."""
        self._end.set()
        for thread in self._threads:
            thread.join()
        return _total(self._counts)

    def _call(self, count: RequestCount, number: int) -> None:
        parts = urlsplit(self.url)
        connection = self._connection()
        while not self._end.wait(1 / self.rate):
            item = f"{parts.path}/{number}-{count.sent}"
            count.sent += 1
            try:
                connection.request("GET", item)
                response = connection.getresponse()
                body = response.read()
                problem = "" if response.status == http.client.OK else f"{response.status} {body[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                problem = repr(error)
            if problem:
                count.failed += 1
                count.last_failure = f"{item}: {problem}"
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port
        if self.root and port:
            return LocalHttpsConnection(host, port, self.root, _TIMEOUT)
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)


def _total(counts: Sequence[RequestCount]) -> RequestCount:
    last = next((t.last_failure for t in counts if t.last_failure), "")
    return RequestCount(sum(t.sent for t in counts), sum(t.failed for t in counts), last)
