"""An HTTP application that writes down every request it gets, a line each: ``got status/503``.

usage: python3 -m tests.e2e.apps.counting PORT

/ok, /slow/MS (after so many milliseconds), /status/N
"""

from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.apps.leaving import leave_on_sigterm


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        asked = self.path.strip("/")
        os.write(1, f"got {asked}\n".encode())
        command, _, value = asked.partition("/")
        if command == "slow":
            threading.Event().wait(int(value) / 1000)
        self.send_response(int(value) if command == "status" else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    leave_on_sigterm()
    Server(("", int(sys.argv[1])), Counting).serve_forever()
