"""An HTTP/1.1 application that answers with its task and the request, and fails or delays as a request orders.

usage: python3 -m tests.e2e.apps.web PORT
"""

from __future__ import annotations

import json
import os
import sys
import threading

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import HttpHandler, HttpServer, listen

FAILING = threading.Event()
REFUSED: list[str] = []
WAITING: list[str] = []


class Web(HttpHandler):
    """``/slow/S`` waits, ``/status/N`` answers so, ``/fail`` makes all later answers 503.

    ``/count`` counts those, and the requests that wait.
    """

    def do_GET(self) -> None:
        command, _, value = self.path.strip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        if command == "count":
            self.answer(200, {"task": task_id(), "refused": len(REFUSED), "waiting": len(WAITING)})
            return
        if FAILING.is_set():
            REFUSED.append(self.path)
            self.answer(503, {"task": task_id()})
            return
        if command == "slow":
            WAITING.append(self.path)
            threading.Event().wait(float(value))
            WAITING.remove(self.path)
        if command == "fail":
            FAILING.set()
        found: dict[str, object] = {"task": task_id(), "version": os.environ.get("VERSION", ""), "body": body}
        found |= {"path": self.path, "headers": dict(self.headers), "peer": self.client_address[0]}
        self.answer(int(value) if command == "status" else 200, found)

    do_POST = do_PUT = do_GET

    def answer(self, status: int, found: dict[str, object]) -> None:
        self.respond(status, json.dumps(found), content_type="application/json")


if __name__ == "__main__":
    leave_on_sigterm()
    port = int(sys.argv[1])
    server = listen(lambda place: HttpServer(place, Web), port)
    print(f"listening on {port}", flush=True)  # noqa: T201 - a container's output is its log
    server.serve_forever()
