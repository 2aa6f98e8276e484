"""Helpers for protocol buffers: durations, and messages inside an Any. Every other module here uses them."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

_NANOS = 1_000_000_000


def duration(seconds: float) -> Duration:
    """A length of time; Envoy takes 0 for "off" in most of its settings."""
    nanos = round(seconds * _NANOS)
    return Duration(seconds=nanos // _NANOS, nanos=nanos % _NANOS)


def to_any(message: Message) -> Any:
    """The message as Envoy's ``typed_config``; equal messages give equal bytes."""
    envelope = Any()
    envelope.Pack(message, deterministic=True)
    return envelope
