"""A plain TCP application: answers each line with the task's id and the line.

usage: python3 -m tests.e2e.apps.lines PORT
"""

from __future__ import annotations

import socketserver
import sys

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import TcpServer, listen


class Lines(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(f"{task_id()} ".encode() + line)


if __name__ == "__main__":
    leave_on_sigterm()
    with listen(lambda place: TcpServer(place, Lines), int(sys.argv[1])) as server:
        server.serve_forever()
