"""An HTTP application that writes down every request it gets, a line each: ``got status/503``.

usage: python3 -m tests.e2e.apps.counting PORT

/ok, /slow/MS (after so many milliseconds), /status/N
"""

from __future__ import annotations

import os
import sys
import threading

from tests.e2e.apps.leaving import leave_on_sigterm
from tests.e2e.apps.serving import HttpHandler, HttpServer


class Counting(HttpHandler):
    def do_GET(self) -> None:
        asked = self.path.strip("/")
        os.write(1, f"got {asked}\n".encode())
        command, _, value = asked.partition("/")
        if command == "slow":
            threading.Event().wait(int(value) / 1000)
        self.respond(int(value) if command == "status" else 200, "ok")


if __name__ == "__main__":
    leave_on_sigterm()
    HttpServer(("", int(sys.argv[1])), Counting).serve_forever()
