"""An application that speaks HTTP/2 without TLS and nothing else.

usage: python3 -m tests.e2e.apps.h2c PORT

/together/N   answers when N streams are open on one connection, all at once
/digest       how many bytes the body had and their SHA-256, with the trailer ``x-end``
anything else the task's id
"""

from __future__ import annotations

import hashlib
import socketserver
import sys

import h2.config
import h2.connection
import h2.events

from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import TcpServer


class Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.http.initiate_connection()
        self.http.increment_flow_control_window(1 << 24)
        self.paths: dict[int, str] = {}
        self.bodies: dict[int, tuple[int, hashlib._Hash]] = {}
        self.waiting: list[int] = []
        self.request.sendall(self.http.data_to_send())
        while received := self.request.recv(65536):
            for event in self.http.receive_data(received):
                self.handle_event(event)
            self.request.sendall(self.http.data_to_send())

    def handle_event(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = {bytes(name).decode(): bytes(value).decode() for name, value in event.headers}
            self.paths[event.stream_id] = headers[":path"]
            self.bodies[event.stream_id] = (0, hashlib.sha256())
        elif isinstance(event, h2.events.DataReceived):
            size, digest = self.bodies[event.stream_id]
            digest.update(event.data)
            self.bodies[event.stream_id] = (size + len(event.data), digest)
            self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.finish_request(event.stream_id)

    def finish_request(self, stream: int) -> None:
        command, _, value = self.paths.pop(stream).strip("/").partition("/")
        size, digest = self.bodies.pop(stream)
        if command == "digest":
            self.answer(stream, f"{size} {digest.hexdigest()}", trailer="over")
        elif command == "together":
            self.waiting.append(stream)
            if len(self.waiting) == int(value):
                for each in reversed(self.waiting):
                    self.answer(each, task_id())
                self.waiting.clear()
        else:
            self.answer(stream, task_id())

    def answer(self, stream: int, text: str, trailer: str = "") -> None:
        body = text.encode()
        length = [] if trailer else [("content-length", str(len(body)))]
        self.http.send_headers(stream, [(":status", "200"), *length])
        self.http.send_data(stream, body, end_stream=not trailer)
        if trailer:
            self.http.send_headers(stream, [("x-end", trailer)], end_stream=True)


if __name__ == "__main__":
    leave_on_sigterm()
    with TcpServer(("", int(sys.argv[1])), Connection) as server:
        server.serve_forever()
