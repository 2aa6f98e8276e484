"""Callers that send requests until they are stopped, and count the results."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
import grpc
from google.protobuf.wrappers_pb2 import StringValue

PATIENCE = 30
FAILURES_KEPT = 5


class Wrong(Exception):
    """An answer that is not what was asked for."""


class Caller(Protocol):
    """Asks one question at a time, and says who answered."""

    def ask(self) -> str: ...

    def close(self) -> None: ...


class Http:
    """``keep``: one connection for all requests, or one for each."""

    def __init__(self, url: str, method: str = "GET", *, keep: bool = True) -> None:
        self.parts = urlsplit(url)
        self.method = method
        self.keep = keep
        self.connection = self.connect()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.parts.hostname or "", self.parts.port or 80, timeout=PATIENCE)

    def ask(self) -> str:
        """The name of the task that answered."""
        body = b"a body" if self.method == "POST" else None
        self.connection.request(self.method, self.parts.path or "/", body)
        answer = self.connection.getresponse()
        content = answer.read()
        if not self.keep:
            self.close()
        if answer.status != http.client.OK:
            raise Wrong(f"{answer.status} {content[:200]!r}")
        return str(json.loads(content)["task"])

    def close(self) -> None:
        self.connection.close()


class Lines:
    """A connection for each line."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)

    def ask(self) -> str:
        with socket.create_connection(self.target, timeout=PATIENCE) as connection:
            connection.sendall(b"hello\n")
            answer = connection.makefile().readline().split()
        if len(answer) != 2:
            raise Wrong(f"the line {answer!r}")
        return answer[0]

    def close(self) -> None:
        """Nothing is kept."""


class LineCaller:
    """A connection for each line, to each of a name's addresses in turn; an answer is used until it has expired.
    Without a port, the name's SRV records say where.
    """

    def __init__(self, host: str, port: int | None = None) -> None:
        self.name = host
        self.port = port
        self.places: list[tuple[str, int]] = []
        self.expires = 0.0

    def ask(self) -> str:
        if time.monotonic() >= self.expires:
            self.places, ttl = addresses(self.name, self.port) if self.port else resolve_srv(self.name)
            self.expires = time.monotonic() + ttl
        self.places.append(self.places.pop(0))
        return Lines(*self.places[0]).ask()

    def close(self) -> None:
        """Nothing is kept."""


def addresses(name: str, port: int) -> tuple[list[tuple[str, int]], float]:
    """Where a name's A records lead, and for how many seconds."""
    body = dns.resolver.resolve(name, "A")
    return [(record.address, port) for record in body], ttl_of(body)


def resolve_srv(name: str) -> tuple[list[tuple[str, int]], float]:
    """Where a name's SRV records lead, and for how many seconds."""
    body = dns.resolver.resolve(name, "SRV")
    targets = [addresses(str(record.target), record.port) for record in body]
    return [place for places, _ in targets for place in places], min(ttl_of(body), *(ttl for _, ttl in targets))


def ttl_of(answer: dns.resolver.Answer) -> float:
    return 0 if answer.rrset is None else answer.rrset.ttl


class Rpc:
    """One channel for all calls."""

    def __init__(self, target: str) -> None:
        self.channel = grpc.insecure_channel(target)
        self.say = self.channel.unary_unary("/e2e.Echo/Say", StringValue.SerializeToString, StringValue.FromString)

    def ask(self) -> str:
        return str(self.say(StringValue(value="hello"), timeout=PATIENCE).value.split()[0])

    def close(self) -> None:
        self.channel.close()


class Url:
    """One connection for all requests; every answer with 200 counts as right."""

    def __init__(self, url: str) -> None:
        self.http = Http(url)

    def ask(self) -> str:
        self.http.connection.request("GET", self.http.parts.path or "/")
        answer = self.http.connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise Wrong(f"{answer.status} {body[:200]!r}")
        return "somebody"

    def close(self) -> None:
        self.http.close()


KINDS: Mapping[str, Callable[..., Caller]] = {"http": Http, "lines": Lines, "named": LineCaller, "rpc": Rpc, "url": Url}
FAULTS = (OSError, http.client.HTTPException, grpc.RpcError, dns.exception.DNSException, Wrong, ValueError)


class Load:
    """Any number of callers, each asking about ``rate`` times a second."""

    def __init__(self, callers: list[dict[str, Any]], rate: float) -> None:
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.sent = 0
        self.answered: Counter[str] = Counter()
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self.call, args=(caller, rate), daemon=True) for caller in callers]
        for thread in self.threads:
            thread.start()

    def call(self, caller: dict[str, Any], rate: float) -> None:
        settings = dict(caller)
        client = KINDS[settings.pop("kind")](**settings)
        while not self.ended.wait(1 / rate):
            with self.count_call(str(caller)):
                who = client.ask()
                with self.lock:
                    self.answered[who] += 1
        client.close()

    @contextmanager
    def count_call(self, caller: str) -> Iterator[None]:
        with self.lock:
            self.sent += 1
        try:
            yield
        except FAULTS as error:
            with self.lock:
                self.failures.append(f"{caller}: {error!r}")

    def results(self) -> dict[str, object]:
        with self.lock:
            failures = self.failures[:FAILURES_KEPT]
            return {
                "sent": self.sent,
                "failed": len(self.failures),
                "failures": failures,
                "answered": dict(self.answered),
            }

    def end(self) -> dict[str, object]:
        self.ended.set()
        for thread in self.threads:
            thread.join()
        return self.results()
