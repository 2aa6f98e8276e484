"""The service stock, over plain TCP: a line with an item in, a line with a number out."""

from __future__ import annotations

import socketserver
import sys
import zlib

from serving import leave_on_sigterm


class Stock(socketserver.StreamRequestHandler):
    """One connection; as many questions as the caller likes."""

    def handle(self) -> None:
        """Answer line by line until the caller hangs up."""
        for line in self.rfile:
            count = zlib.crc32(line.strip()) % 100
            self.wfile.write(f"{count}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    leave_on_sigterm()
    with Server(("0.0.0.0", 7000), Stock) as server:
        print("listening on 7000", file=sys.stderr, flush=True)
        server.serve_forever()
