"""Real clients, for use inside a task: each asks one question and gives a dictionary that JSON can hold."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import grpc
import httpx
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from tests.e2e.apps import talk_http, talk_rpc, talk_tcp, talk_tls

PATIENCE = 20


def http(
    url: str, method: str = "GET", body: str = "", headers: Mapping[str, str] | None = None, *, http2: bool = False
) -> dict[str, object]:
    """One request over a connection of its own; HTTP/2 with prior knowledge."""
    with httpx.Client(http1=not http2, http2=http2, timeout=PATIENCE, trust_env=False) as client:
        answer = client.request(method, url, content=body, headers=headers)
    return {
        "status": answer.status_code,
        "version": answer.http_version,
        "headers": dict(answer.headers),
        "text": answer.text,
    }


def lines(host: str, port: int, line: str, patience: float = PATIENCE) -> dict[str, object]:
    """A line there, a line back."""
    with socket.create_connection((host, port), timeout=patience) as connection:
        connection.sendall(f"{line}\n".encode())
        return {"text": connection.makefile().readline().strip()}


def say(target: str, text: str) -> dict[str, object]:
    """A unary call."""
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary("/e2e.Echo/Say", StringValue.SerializeToString, StringValue.FromString)
        return {"text": call(StringValue(value=text), timeout=PATIENCE).value}


def count(target: str, number: int) -> dict[str, object]:
    """A stream of answers."""
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_stream("/e2e.Echo/Count", Int32Value.SerializeToString, StringValue.FromString)
        return {"texts": [answer.value for answer in call(Int32Value(value=number), timeout=PATIENCE)]}


_MORE = (
    *(talk_http.raw, talk_http.keep_alive, talk_http.websocket, talk_http.events, talk_http.conversation),
    *(talk_http.upload, talk_http.download, talk_http.together, talk_http.crowd),
    *(talk_rpc.join, talk_rpc.chat, talk_rpc.unary, talk_rpc.abandon),
    *(talk_tcp.half_closed_by_caller, talk_tcp.half_closed_by_application, talk_tcp.overheard),
    *(talk_tcp.fill, talk_tcp.queries, talk_tcp.read_until_closed),
    talk_tls.https,
)
QUESTIONS: Mapping[str, Callable[..., dict[str, object]]] = {
    question.__name__: question for question in (http, lines, say, count, *_MORE)
}
