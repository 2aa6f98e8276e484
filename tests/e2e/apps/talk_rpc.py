"""Streams, deadlines, details and cancellation of gRPC, called from inside a task."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import DoubleValue, Int32Value, StringValue

PATIENCE = 20


def method(channel: grpc.Channel, name: str, kind: Any = StringValue) -> Any:
    """A unary method of the application."""
    return channel.unary_unary(f"/e2e.Echo/{name}", StringValue.SerializeToString, kind.FromString)


def join(target: str, texts: list[str]) -> dict[str, object]:
    """A stream of texts there, one answer."""
    with grpc.insecure_channel(target) as channel:
        call = channel.stream_unary("/e2e.Echo/Join", StringValue.SerializeToString, StringValue.FromString)
        return {"text": call((StringValue(value=text) for text in texts), timeout=PATIENCE).value}


def chat(target: str, texts: list[str]) -> dict[str, object]:
    """Both ways at once: each text leaves only when the one before has come back."""
    back: SimpleQueue[str] = SimpleQueue()

    def requests() -> Iterator[StringValue]:
        for text in texts:
            yield StringValue(value=text)
            back.get(timeout=PATIENCE)

    messages = []
    with grpc.insecure_channel(target) as channel:
        call = channel.stream_stream("/e2e.Echo/Chat", StringValue.SerializeToString, StringValue.FromString)
        for answer in call(requests(), timeout=PATIENCE):
            messages.append(answer.value)
            back.put(answer.value)
    return {"texts": messages}


def unary(target: str, name: str, text: str = "", timeout: float | None = PATIENCE) -> dict[str, object]:
    """A call; its answer, or how it failed, with trailers. Answers that are numbers come as such."""
    kinds = {"Remains": DoubleValue, "GivenUp": Int32Value, "Refuse": Int32Value}
    with grpc.insecure_channel(target) as channel:
        try:
            answer, call = method(channel, name, kinds.get(name, StringValue)).with_call(
                StringValue(value=text), timeout=timeout
            )
        except grpc.RpcError as failed:
            error: Any = failed
            trailers = {key: repr(value) for key, value in error.trailing_metadata() or ()}
            return {"status": error.code().name, "details": error.details(), "trailers": trailers}
        trailers = {key: repr(value) for key, value in call.trailing_metadata()}
        return {"status": "OK", "value": answer.value, "trailers": trailers}


def abandon(target: str) -> dict[str, object]:
    """Begins a call that is never answered, and gives it up while it is under way."""
    with grpc.insecure_channel(target) as channel:
        grpc.channel_ready_future(channel).result(timeout=PATIENCE)
        future = method(channel, "Hang").future(StringValue(value=""))
        method(channel, "Say")(StringValue(value=""), timeout=PATIENCE)  # behind it on the same connection
        return {"cancelled": future.cancel()}
