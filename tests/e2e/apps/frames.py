"""WebSocket's frames (RFC 6455 § 5.2), as far as short texts and closing need them."""

from __future__ import annotations

from typing import BinaryIO

TEXT, CLOSE = 0x81, 0x88
MASKED, LENGTH = 0x80, 0x7F
SHORT = 125  # what fits without a longer length


def text(said: str, mask: bytes = b"") -> bytes:
    """One text in one frame; clients give a mask of four bytes."""
    return _frame(TEXT, said.encode(), mask)


def close(mask: bytes = b"") -> bytes:
    """The end of what this side says."""
    return _frame(CLOSE, b"", mask)


def read(stream: BinaryIO) -> str | None:
    """The next text; None when the other side is done."""
    head = stream.read(2)
    if len(head) < 2 or head[0] == CLOSE:
        return None
    mask = stream.read(4) if head[1] & MASKED else b""
    return _mask(stream.read(head[1] & LENGTH), mask).decode()


def _frame(kind: int, payload: bytes, mask: bytes) -> bytes:
    assert len(payload) <= SHORT
    return bytes([kind, len(payload) | (MASKED if mask else 0)]) + mask + _mask(payload, mask)


def _mask(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if mask else payload
