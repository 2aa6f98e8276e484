"""The frames of the data channel.

A frame has a header of fixed length, big-endian, and a payload. The message type is padded with spaces, the id is a
UUID with its halves exchanged, and the digest is the payload's SHA-256.
Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/message/messageparser.go
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from enum import IntEnum, StrEnum

import msgspec

from moyai.kernel.errors import MoyaiError

LARGEST_FRAME = 64 * 1024
"""Bytes. The plugin sends about 1.2 KiB at most."""
LARGEST_PAYLOAD = 8 * 1024
"""Bytes of payload in a frame that moyai sends."""

_HEADER = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")
_SCHEMA = 1


class MessageType(StrEnum):
    """The message type of a frame."""

    INPUT = "input_stream_data"
    OUTPUT = "output_stream_data"
    ACKNOWLEDGE = "acknowledge"
    CHANNEL_CLOSED = "channel_closed"
    PAUSE = "pause_publication"
    START = "start_publication"


class PayloadType(IntEnum):
    """The type of the payload of a stream's frame."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    ENCRYPTION_CHALLENGE_REQUEST = 8
    ENCRYPTION_CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class BadFrame(MoyaiError):
    """A message is not a valid frame of the protocol."""


class ChannelMessage(msgspec.Struct, frozen=True):
    """The contents of a frame."""

    kind: MessageType
    id: str
    """A UUID in its 36-character form."""
    created: int
    """Milliseconds since the epoch."""
    payload: bytes
    payload_type: PayloadType = PayloadType.NONE
    sequence: int = 0
    flags: int = 0


def pack(message: ChannelMessage) -> bytes:
    """Encode a message as a frame."""
    identity = uuid.UUID(message.id).bytes
    header = _HEADER.pack(
        _HEADER.size,
        message.kind.encode().ljust(32),
        _SCHEMA,
        message.created,
        message.sequence,
        message.flags,
        identity[8:] + identity[:8],
        hashlib.sha256(message.payload).digest(),
        message.payload_type,
    )
    return header + _LENGTH.pack(len(message.payload)) + message.payload


def unpack(frame: bytes) -> ChannelMessage:
    """Decode a frame. Raises BadFrame."""
    if not _HEADER.size + _LENGTH.size <= len(frame) <= LARGEST_FRAME:
        raise BadFrame(f"a frame has {_HEADER.size + _LENGTH.size} to {LARGEST_FRAME} bytes, not {len(frame)}")
    length, kind, _, created_at, sequence, flags, identity, digest, payload_type = _HEADER.unpack_from(frame)
    payload = frame[_HEADER.size + _LENGTH.size :]
    if length != _HEADER.size or _LENGTH.unpack_from(frame, _HEADER.size)[0] != len(payload):
        raise BadFrame("the lengths that a frame names are not its own")
    if payload and hashlib.sha256(payload).digest() != digest:
        raise BadFrame("a frame's digest is not that of its payload")
    try:
        return ChannelMessage(
            kind=MessageType(kind.strip(b"\0 ").decode("ascii")),
            id=str(uuid.UUID(bytes=identity[8:] + identity[:8])),
            created=created_at,
            payload=payload,
            payload_type=PayloadType(payload_type),
            sequence=sequence,
            flags=flags,
        )
    except ValueError as error:
        raise BadFrame("a frame's type is not known") from error
