"""An application that speaks HTTP/2 without TLS and nothing else: answers each request with the task's id.

usage: python3 -m tests.e2e.apps.h2c PORT
"""

from __future__ import annotations

import socketserver
import sys

import h2.config
import h2.connection
import h2.events

from tests.e2e.apps.leaving import leave_on_sigterm, task_id


class Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        self.request.sendall(connection.data_to_send())
        while received := self.request.recv(65536):
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.StreamEnded):
                    body = task_id().encode()
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-length", str(len(body)))])
                    connection.send_data(event.stream_id, body, end_stream=True)
            self.request.sendall(connection.data_to_send())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    leave_on_sigterm()
    with Server(("", int(sys.argv[1])), Connection) as server:
        server.serve_forever()
