"""A plain TCP application that sends first: a greeting, then what the caller's first line orders.

usage: python3 -m tests.e2e.apps.tcp PORT

digest      reads to the caller's end of stream, then tells how much came and its SHA-256
farewell    says "bye", ends its own side, and goes on reading to the caller's end of stream
overheard   what came after the last farewell
fill N      N bytes, then the end
query       messages as PostgreSQL frames them: a type, a length that counts itself, a payload; each "Q" is
            answered by a row for each word and by "Z", "X" ends
"""

from __future__ import annotations

import hashlib
import socket
import socketserver
import struct
import sys
from io import BufferedIOBase
from typing import IO

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import TcpServer

PIECE = b"moyai" * 13000
HEARD: list[bytes] = [b""]


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(f"220 {task_id()}\n".encode())
        what, *rest = self.rfile.readline().decode().split() or ["nothing"]
        getattr(self, f"do_{what}")(*rest)

    def do_nothing(self) -> None:
        """The caller has left."""

    def do_digest(self) -> None:
        size, digest = 0, hashlib.sha256()
        while piece := self.rfile.read1(65536):
            size += len(piece)
            digest.update(piece)
        self.wfile.write(f"{size} {digest.hexdigest()}\n".encode())

    def do_farewell(self) -> None:
        self.wfile.write(b"bye\n")
        self.connection.shutdown(socket.SHUT_WR)
        HEARD[0] = self.rfile.read()

    def do_overheard(self) -> None:
        self.wfile.write(HEARD[0])

    def do_fill(self, size: str) -> None:
        left = int(size)
        while left:
            left -= self.connection.send(PIECE[:left])

    def do_query(self) -> None:
        while (message := read_message(self.rfile))[0] == b"Q":
            rows = [b"D" + struct.pack("!i", 4 + len(word)) + word for word in message[1].split()]
            self.wfile.write(b"".join(rows) + b"Z" + struct.pack("!i", 5) + b"I")


def read_message(stream: IO[bytes] | BufferedIOBase) -> tuple[bytes, bytes]:
    """A message's type and payload; an empty type at the end of the stream."""
    kind = stream.read(1)
    if not kind:
        return b"", b""
    (length,) = struct.unpack("!i", stream.read(4))
    return kind, stream.read(length - 4)


if __name__ == "__main__":
    leave_on_sigterm()
    with TcpServer(("", int(sys.argv[1])), Session) as server:
        server.serve_forever()
