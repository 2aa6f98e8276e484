"""Serve until SIGTERM, then leave at once: nothing here knows about draining."""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """A thread a connection, with room for a burst."""

    daemon_threads = True
    request_queue_size = 128


class JsonHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with answers in JSON."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes) -> None:
        """Send an answer whole."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: the proxy counts the requests."""


def leave_on_sigterm() -> None:
    """Exit the moment we are asked to. (As process 1 of a container there is no default action.)"""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def listen_http(handler: type[BaseHTTPRequestHandler], port: int) -> None:
    """Serve HTTP/1.1 on every address."""
    leave_on_sigterm()
    print(f"listening on {port}", file=sys.stderr, flush=True)
    Server(("0.0.0.0", port), handler).serve_forever()
