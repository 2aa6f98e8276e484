"""An HTTP/1.1 application that answers with its colour, and fails or delays as a request orders.

usage: python3 -m tests.e2e.apps.colour PORT…

It listens at IPv4's addresses, at IPv6's with the variable FAMILY=6, at those of both with FAMILY=both.

``GET /``                  the colour, which is the variable COLOUR's value; with several ports, and which port it was
``GET /seen``              the request as it came: path, headers
``GET /delay/S``           the colour, after so many seconds
``POST /latency/S``        from now on every colour is so late
``POST /fault/N/TIMES``    the next answers have this status, so many of them
``POST /faulty/N/SECONDS`` the same for a while
``POST /``                 the colour
``GET /ping``              that it is there
``GET /count``             how many requests for a colour came, by what they were answered
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections import Counter

from tests.e2e.apps.leaving import leave_on_sigterm
from tests.e2e.apps.serving import HttpHandler, HttpServer


class State:
    """The settings that the application has received."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.latency = 0.0
        self.status, self.times, self.until = 503, 0, 0.0
        self.answered: Counter[str] = Counter()

    def next_status(self) -> int:
        """The status of the next colour."""
        with self.lock:
            faulty = self.times > 0 or time.monotonic() < self.until
            self.times = max(self.times - 1, 0)
            status = self.status if faulty else 200
            self.answered[str(status)] += 1
            return status


STATE = State()


def colour(port: int) -> str:
    """The answer on this port."""
    return os.environ["COLOUR"] if len(sys.argv) == 2 else f"{os.environ['COLOUR']}:{port}"


class Server(HttpServer):
    family = os.environ.get("FAMILY", "4")
    address_family = socket.AF_INET if family == "4" else socket.AF_INET6

    def server_bind(self) -> None:
        if self.family != "4":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, self.family == "6")
        super().server_bind()


class Colour(HttpHandler):
    server: Server

    def do_GET(self) -> None:
        command, _, value = self.path.partition("?")[0].strip("/").partition("/")
        if command == "ping":
            self.respond(200, "pong")
        elif command == "count":
            self.respond(200, json.dumps(STATE.answered))
        elif command == "seen":
            self.respond(200, json.dumps({"path": self.path, "headers": dict(self.headers)}))
        else:
            threading.Event().wait(float(value) if command == "delay" else STATE.latency)
            status = STATE.next_status()
            self.respond(status, colour(self.server.server_port) if status == 200 else "")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        command, *values = self.path.strip("/").split("/")
        with STATE.lock:
            if command == "latency":
                STATE.latency = float(values[0])
            if command == "fault":
                STATE.status, STATE.times = int(values[0]), int(values[1])
            if command == "faulty":
                STATE.status, STATE.until = int(values[0]), time.monotonic() + float(values[1])
        self.respond(200, "" if command else colour(self.server.server_port))


if __name__ == "__main__":
    leave_on_sigterm()
    servers = [Server(("", int(port)), Colour) for port in sys.argv[1:]]
    print(f"listening on {' '.join(sys.argv[1:])}", flush=True)  # noqa: T201 - a container's output is its log
    for other in servers[1:]:
        threading.Thread(target=other.serve_forever, daemon=True).start()
    servers[0].serve_forever()
