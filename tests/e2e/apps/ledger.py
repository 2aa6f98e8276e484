"""An HTTP application that records what it does, and fails as a request orders.

usage: python3 -m tests.e2e.apps.ledger PORT

GET anything     who answers
POST anything    the body is an id: ``did ID`` is written to the output first, then who answers
GET /mode/NAME   from now on: well, slow (half a second each), cut (the connection is reset once the request is
                 read), busy (503 at once), deaf (nobody listens any more)
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import HttpHandler, HttpServer, listen

MODE = ["well"]
LISTENING: list[socket.socket] = []
SLOW = 0.5
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Ledger(HttpHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/mode/"):
            MODE[0] = self.path.rpartition("/")[2]
            self.answer(200)
            if MODE[0] == "deaf":
                self.close_connection = True
                LISTENING[0].close()
        else:
            self.serve("")

    def do_POST(self) -> None:
        self.serve(self.rfile.read(int(self.headers["content-length"])).decode())

    def serve(self, number: str) -> None:
        if MODE[0] == "busy":
            self.answer(503)
        elif MODE[0] == "cut":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True
        else:
            if MODE[0] == "slow":
                threading.Event().wait(SLOW)
            if number:
                os.write(1, f"did {number}\n".encode())
            self.answer(200)

    def answer(self, status: int) -> None:
        self.respond(status, json.dumps({"task": task_id(), "version": os.environ.get("VERSION", "")}))


if __name__ == "__main__":
    leave_on_sigterm()
    serving = listen(lambda place: HttpServer(place, Ledger), int(sys.argv[1]))
    LISTENING.append(serving.socket)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    threading.Event().wait()
