"""An HTTP/1.1 application: says who it is and what it was asked, and fails or dawdles when told to.

usage: python3 -m tests.e2e.apps.web PORT
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.starting import listen

FAILING = threading.Event()
REFUSED: list[str] = []


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Web(BaseHTTPRequestHandler):
    """``/slow/S`` waits, ``/status/N`` answers so, ``/fail`` makes all later answers 503, ``/count`` counts those."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: a death between the two could not be made good by anybody

    def do_GET(self) -> None:
        command, _, value = self.path.strip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        if command == "count":
            self.answer(200, {"task": task_id(), "refused": len(REFUSED)})
            return
        if FAILING.is_set():
            REFUSED.append(self.path)
            self.answer(503, {"task": task_id()})
            return
        if command == "slow":
            threading.Event().wait(float(value))
        if command == "fail":
            FAILING.set()
        found: dict[str, object] = {"task": task_id(), "version": os.environ.get("VERSION", ""), "body": body}
        found |= {"path": self.path, "headers": dict(self.headers), "peer": self.client_address[0]}
        self.answer(int(value) if command == "status" else 200, found)

    do_POST = do_PUT = do_GET  # noqa: N815 - names that http.server looks for

    def answer(self, status: int, found: dict[str, object]) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    leave_on_sigterm()
    port = int(sys.argv[1])
    server = listen(lambda place: Server(place, Web), port)
    print(f"listening on {port}", flush=True)  # noqa: T201 - a container's output is its log
    server.serve_forever()
