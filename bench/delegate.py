"""How long the first answer of another AWS service takes, and what moyai adds to later ones, against moto's own server.

Run by `make bench`, or by hand: `.venv/bin/python bench/delegate.py`. The first answer is that of a control plane whose
embedded server has not been started; the baseline is moto_server, from its start to its first answer. Later ones are
asked for one after the other, of both in turn: SQS speaks JSON, S3 sends an object of 1 KiB. The processor time is that
of the whole control plane in the meantime, for each of them. No number here is a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from api import free_port
from rig.report import show
from rig.server import server, wait_until

MOTO: Final = str(Path(sys.executable).with_name("moto_server"))
STARTS: Final = 3
ROUNDS: Final = 5
CALLS: Final = 100
BASE: Final = "moto_server"


class Call(NamedTuple):
    """A request of one service, and the one that must be answered before it."""

    service: str
    before: tuple[str, str, bytes]
    request: tuple[str, str, bytes]
    target: str = ""

    def headers(self) -> dict[str, str]:
        """The headers of a client that signs for this service."""
        scope = f"AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/{self.service}/aws4_request"
        signed = {"Authorization": f"{scope}, SignedHeaders=host, Signature=none"}
        as_json = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": self.target}
        return {**signed, **(as_json if self.target else {})}


QUEUES: Final = Call("sqs", ("POST", "/", b"{}"), ("POST", "/", b"{}"), "AmazonSQS.ListQueues")
OBJECT: Final = Call("s3", ("PUT", "/bench", b""), ("GET", "/bench/object", b""))


def ask(connection: HTTPConnection, call: Call, request: tuple[str, str, bytes]) -> bytes:
    """The body of the answer, which must be a success."""
    method, path, body = request
    connection.request(method, path, body, call.headers())
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:  # noqa: PLR2004
        sys.exit(f"{method} {path}: {answer.status} {content!r}")
    return content


def answers(port: int) -> bool:
    """Whether a server answers there."""
    connection = HTTPConnection("127.0.0.1", port)
    try:
        ask(connection, QUEUES, QUEUES.request)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


@contextmanager
def moto(port: int) -> Iterator[None]:
    """Moto's own server, when it answers."""
    process = subprocess.Popen([MOTO, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until(lambda: answers(port), "moto_server answers", step=0.01)
        yield
    finally:
        process.terminate()
        process.wait()


def processor_time(pid: int) -> float:
    """The seconds that a process has had a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_answers() -> None:
    """The time to the first answer, of each server a few times."""
    seconds: dict[str, list[float]] = {BASE: [], "moyai": []}
    for _ in range(STARTS):
        start = perf_counter()
        with moto(free_port()):
            seconds[BASE].append(perf_counter() - start)
        with server("--runtime", "sim") as target:
            start = perf_counter()
            if not answers(target.port):
                sys.exit("moyai does not answer ListQueues")
            seconds["moyai"].append(perf_counter() - start)
    show("the first answer, ListQueues", "s", seconds, BASE)


def later_answers() -> None:
    """The time of each of many answers on one connection, of both servers in turn."""
    port = free_port()
    with moto(port), server("--runtime", "sim") as target:
        connections = {BASE: HTTPConnection("127.0.0.1", port), "moyai": HTTPConnection("127.0.0.1", target.port)}
        for call in (QUEUES, OBJECT):
            milliseconds: dict[str, list[float]] = {name: [] for name in connections}
            for connection in connections.values():
                ask(connection, call, call.before)
                if call is OBJECT:
                    ask(connection, call, ("PUT", "/bench/object", bytes(1024)))
            used = processor_time(target.pid)
            for _ in range(ROUNDS):
                for name, connection in connections.items():
                    start = perf_counter()
                    for _ in range(CALLS):
                        ask(connection, call, call.request)
                    milliseconds[name].append((perf_counter() - start) * 1000 / CALLS)
            show(f"a later answer, {call.service}", "ms", milliseconds, BASE)
            added = [ours - theirs for ours, theirs in zip(milliseconds["moyai"], milliseconds[BASE], strict=True)]
            show(f"what moyai adds to a later answer, {call.service}", "ms", {"moyai": added})
            each = (processor_time(target.pid) - used) * 1000 / (ROUNDS * CALLS)
            show(f"processor time of the control plane, {call.service}", "ms", {"moyai": [each]})


def main() -> None:
    """Measure both."""
    first_answers()
    later_answers()


if __name__ == "__main__":
    main()
