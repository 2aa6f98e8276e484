"""The servers of the applications, and how an application starts, as its environment says.

LISTEN_AFTER   seconds until it listens
LISTEN_AT      the address it listens at; all of them without it
REOPEN_AFTER   it listens, closes the port at once, and listens again so many seconds later
END_AFTER      seconds from when it listens until it ends with 1
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer, ThreadingTCPServer
from typing import TypeVar

S = TypeVar("S", bound=TCPServer)


class TcpServer(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: a death between the two could not be made good by anybody

    def respond(self, status: int, body: str, *, content_type: str | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        if content_type is not None:
            self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log: a container's output is the test's."""


def listen(make: Callable[[tuple[str, int]], S], port: int) -> S:
    """The listening server, once it is due."""
    pause = threading.Event()
    place = (os.environ.get("LISTEN_AT", ""), port)
    pause.wait(_seconds("LISTEN_AFTER") or 0)
    reopen = _seconds("REOPEN_AFTER")
    if reopen is not None:
        make(place).server_close()
        pause.wait(reopen)
    end = _seconds("END_AFTER")
    if end is not None:
        threading.Timer(end, os._exit, (1,)).start()
    return make(place)


def _seconds(name: str) -> float | None:
    return float(os.environ[name]) if name in os.environ else None
