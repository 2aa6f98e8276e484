"""An HTTP/1.1 application that uses all of the protocol: what it does is what its path says.

usage: python3 -m tests.e2e.apps.http1 PORT

any /head          the request line and headers as they arrived, one text each
POST /digest       how many bytes the body had, and their SHA-256
POST /echo         the body back, chunk by chunk, while it arrives; request trailers come back as ``x-told``
GET /bytes/N       N bytes with a content-length
GET /chunks/N      N chunks, then the trailer ``x-chunks``
GET /events        an event; a second one only after POST /go
any /fail/ID       500; GET /failed/ID tells how often that was
GET /ws            a WebSocket: greets, then gives each text back
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import h11

from tests.e2e.apps import frames
from tests.e2e.apps.leaving import leave_on_sigterm, task_id
from tests.e2e.apps.serving import TcpServer

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PIECE = 65536
GO = threading.Event()
FAILED: Counter[str] = Counter()

Head = list[tuple[bytes, bytes]]


class Conversation(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        with contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
            while self.answer_one():
                self.http.start_next_cycle()

    def answer_one(self) -> bool:
        """Answer the next request; whether another may follow."""
        request = self.next_event()
        if not isinstance(request, h11.Request):
            return False
        what, _, value = request.target.decode("latin-1").strip("/").partition("/")
        getattr(self, f"do_{what.partition('?')[0]}", self.do_head)(request, value)
        return self.http.our_state is self.http.their_state is h11.DONE

    # ------------------------------------------------------------------------------------------- paths

    def do_head(self, request: h11.Request, _value: str) -> None:
        size = sum(map(len, self.body()))
        line = f"{request.method.decode()} {request.target.decode('latin-1')} HTTP/{request.http_version.decode()}"
        headers = [
            f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in request.headers.raw_items()
        ]
        self.send_json({"task": task_id(), "line": line, "headers": headers, "body": size})

    def do_digest(self, _request: h11.Request, _value: str) -> None:
        size, digest = 0, hashlib.sha256()
        for piece in self.body():
            size += len(piece)
            digest.update(piece)
        self.send_json({"bytes": size, "sha256": digest.hexdigest()})

    def do_echo(self, _request: h11.Request, _value: str) -> None:
        self.begin((b"transfer-encoding", b"chunked"))
        for piece in self.body():
            self.send(h11.Data(piece))
        told = b",".join(name for name, _ in self.trailers)
        self.send(h11.EndOfMessage(headers=[(b"x-told", told)]))

    def do_bytes(self, _request: h11.Request, value: str) -> None:
        list(self.body())
        remaining = int(value)
        self.begin((b"content-length", value.encode()))
        while remaining and self.http.our_state is not h11.MUST_CLOSE:
            piece = b"moyai" * (PIECE // 5)
            self.send(h11.Data(piece[:remaining]))
            remaining -= min(remaining, len(piece))
        self.send(h11.EndOfMessage())

    def do_chunks(self, _request: h11.Request, value: str) -> None:
        list(self.body())
        self.begin((b"transfer-encoding", b"chunked"), (b"trailer", b"x-chunks"))
        for number in range(int(value)):
            self.send(h11.Data(f"chunk {number}\n".encode()))
        self.send(h11.EndOfMessage(headers=[(b"x-chunks", value.encode())]))

    def do_events(self, _request: h11.Request, _value: str) -> None:
        list(self.body())
        GO.clear()
        self.begin((b"content-type", b"text/event-stream"), (b"transfer-encoding", b"chunked"))
        self.send(h11.Data(b"data: first\n\n"))
        GO.wait()
        self.send(h11.Data(b"data: last\n\n"))
        self.send(h11.EndOfMessage())

    def do_go(self, _request: h11.Request, _value: str) -> None:
        list(self.body())
        GO.set()
        self.send_json({})

    def do_fail(self, _request: h11.Request, value: str) -> None:
        list(self.body())
        FAILED[value] += 1
        self.send_json({}, status=500)

    def do_failed(self, _request: h11.Request, value: str) -> None:
        list(self.body())
        self.send_json({"times": FAILED[value]})

    def do_ws(self, request: h11.Request, _value: str) -> None:
        key = dict(request.headers)[b"sec-websocket-key"].decode()
        accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest())  # noqa: S324 - RFC 6455 says so
        headers: Head = [(b"connection", b"upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-accept", accept)]
        list(self.body())
        self.send(h11.InformationalResponse(status_code=101, headers=headers))
        self.request.sendall(frames.text(f"hello from {task_id()}"))
        with self.request.makefile("rb") as stream:
            while (said := frames.read(stream)) is not None:
                self.request.sendall(frames.text(said))
        self.request.sendall(frames.close())

    # ------------------------------------------------------------------------------------------- h11

    def next_event(self) -> object:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.http.receive_data(self.request.recv(PIECE))
        return event

    def body(self) -> Iterator[bytes]:
        self.trailers: Head = []
        while isinstance(event := self.next_event(), h11.Data):
            yield bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers = list(event.headers)

    def send(self, event: h11.Event) -> None:
        if (data := self.http.send(event)) is not None:
            self.request.sendall(data)

    def begin(self, *headers: tuple[bytes, bytes], status: int = 200) -> None:
        self.send(h11.Response(status_code=status, headers=list(headers)))

    def send_json(self, found: dict[str, object], status: int = 200) -> None:
        body = json.dumps(found).encode()
        headers = ((b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()))
        self.begin(*headers, status=status)
        self.send(h11.Data(body))
        self.send(h11.EndOfMessage())


if __name__ == "__main__":
    leave_on_sigterm()
    with TcpServer(("", int(sys.argv[1])), Conversation) as server:
        server.serve_forever()
