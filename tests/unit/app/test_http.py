"""The HTTP server in this process."""

from __future__ import annotations

import asyncio
import socket

from moyai.app.http import HttpServer


async def app(_scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def test_it_answers_on_the_socket_it_is_given_and_waits_for_no_acknowledgement():
    sock = socket.create_server(("127.0.0.1", 0))
    address = sock.getsockname()
    server = await HttpServer(app, sock).open()
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    writer.close()
    await writer.wait_closed()
    await server.close()
