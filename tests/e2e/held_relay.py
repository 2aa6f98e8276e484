"""A relay to a server, which holds back what the server sends once it has passed on a number of bytes."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 65_536


class HeldRelay(socketserver.ThreadingTCPServer):
    """A relay that runs. ``name``: its address as references have it."""

    def __init__(self, port: int, limit: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.name = f"127.0.0.1:{self.server_address[1]}"
        self.target = port
        self.left = limit
        self.released = threading.Event()
        self.sockets: list[socket.socket] = []

    def release(self) -> None:
        """Hold nothing back from now on."""
        self.released.set()


class _Connection(socketserver.BaseRequestHandler):
    server: HeldRelay

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target)) as target:
            self.server.sockets += [self.request, target]
            requests = threading.Thread(target=_copy, args=(self.request, target))
            requests.start()
            with suppress(OSError):
                while piece := target.recv(_PIECE):
                    self.server.left -= len(piece)
                    if self.server.left < 0:
                        self.server.released.wait()
                    self.request.sendall(piece)
            _shut(self.request)
            requests.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def held_relay(port: int, limit: int) -> Iterator[HeldRelay]:
    """Relay to a port of this machine."""
    with HeldRelay(port, limit) as relay:
        accepting = threading.Thread(target=relay.serve_forever)
        accepting.start()
        try:
            yield relay
        finally:
            relay.release()
            relay.shutdown()
            accepting.join()
            for end in relay.sockets:
                _shut(end)
