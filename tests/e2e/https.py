"""HTTPS requests to a load balancer on this machine, by the host name of a service and the address of a node."""

from __future__ import annotations

import socket
import ssl
import threading
from http.client import HTTPSConnection
from typing import Any, Self

from tests.e2e.balancers import answer_of
from tests.e2e.waiting import eventually


class _ConnectionTo(HTTPSConnection):
    """A connection to an address, for a host with another one."""

    def __init__(self, address: str, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=60, context=context)
        self._address, self._own_context = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._own_context.wrap_socket(plain, server_hostname=self.host)


class HttpsClient:
    """Calls one host, and trusts one authority only."""

    def __init__(self, address: str, host: str, root: str, port: int = 443) -> None:
        self.address, self.host, self.port = address, host, port
        self._root, self._context = root, ssl.create_default_context(cadata=root)

    def at(self, address: str, port: int) -> HttpsClient:
        """The same client at another address."""
        return HttpsClient(address, self.host, self._root, port)

    def get(self, path: str = "/", host: str | None = None, header: tuple[str, str] | None = None) -> Any:
        """The status and the JSON body, or text, of an answer; None without an answer."""
        connection = _ConnectionTo(self.address, self.host, self.port, self._context)
        headers = dict([("Host", host or self.host), *([header] if header else [])])
        return answer_of(connection, path, headers)

    def answers(self) -> bool:
        """Whether it is answered with success."""
        answer = self.get()
        return answer is not None and answer[0] == 200


class SteadyCaller:
    """Calls in a loop from a thread, and remembers what was answered; a context manager."""

    def __init__(self, client: HttpsClient) -> None:
        self._client = client
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._call)
        self.answers: list[Any] = []

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: len(self.answers) > 3)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _call(self) -> None:
        while not self._ends.wait(0.02):
            self.answers.append(self._client.get())

    @property
    def failures(self) -> list[Any]:
        """The answers that are no successes."""
        return [answer for answer in self.answers if answer is None or answer[0] != 200]
