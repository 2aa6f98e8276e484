"""Small things that every translation needs: durations, and messages inside an Any."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

_NANOS = 1_000_000_000


def seconds(value: float) -> Duration:
    """A length of time; 0 stands for off wherever Envoy reads it so."""
    nanos = round(value * _NANOS)
    return Duration(seconds=nanos // _NANOS, nanos=nanos % _NANOS)


def packed(message: Message) -> Any:
    """The message as Envoy's ``typed_config``; equal messages give equal bytes."""
    box = Any()
    box.Pack(message, deterministic=True)
    return box
